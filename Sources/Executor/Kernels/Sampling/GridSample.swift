internal import Glibc
import IR

// Elements at places that another tensor names.

extension Planner {
  mutating func gridSample(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    let grid = try cast(node, try plain(node, 1), to: .float32)
    guard data.shape.count > 2, grid.shape.count == data.shape.count,
      grid.shape[0] == data.shape[0], grid.shape.last == data.shape.count - 2,
      data.elementType.isFloatingPoint
    else {
      throw ExecutionError(
        .invalidOperands, "a grid of shape \(grid.shape) does not fit data of shape \(data.shape)")
    }
    let sampler = try GridSampler(
      extents: Array(data.shape[2...]),
      mode: graph.attribute(node, "mode", default: "linear") ?? "",
      padding: graph.attribute(node, "padding_mode", default: "zeros") ?? "",
      alignsCorners: graph.attribute(node, "align_corners", default: false) ?? false)
    let shape = Array(data.shape[..<2]) + grid.shape[1...].dropLast()
    let info = try checked(data.elementType, shape)
    guard info.count > 0 else { return define(node, try zeros(node, info)) }
    guard data.count > 0 else {
      throw ExecutionError(.invalidOperands, "cannot sample data of shape \(data.shape)")
    }
    let isWide = data.elementType == .float64
    let wide = try cast(node, data, to: isWide ? .float64 : .float32)
    let result =
      isWide
      ? try sampled(node, wide, grid, sampler, shape, Double.self)
      : try sampled(node, wide, grid, sampler, shape, Float.self)
    define(node, try cast(node, result, to: data.elementType))
  }

  private mutating func sampled<Element: BinaryFloatingPoint & BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ grid: Operand, _ sampler: GridSampler, _ shape: [Int],
    _ type: Element.Type
  ) throws(ExecutionError) -> Operand {
    let (pictures, channels) = (shape[0], shape[1])
    let (plane, points) = (data.shape[2...].product, shape[2...].product)
    let rank = shape.count - 2
    let counts = (data.count, grid.count, shape.product)
    let info = try checked(data.elementType, shape)
    return try step(node, reads: [data, grid], makes: [info]) { buffers in
      let source = buffers.read(0, as: type, count: counts.0)
      let places = buffers.read(1, as: Float.self, count: counts.1)
      let target = buffers.make(0, as: type, count: counts.2)
      return {
        for point in 0..<pictures * points {
          let taps = sampler.taps(at: places.array(from: point * rank, rank))
          let picture = point / points
          for channel in picture * channels..<(picture + 1) * channels {
            var sum: Element = 0
            for (element, weight) in taps {
              sum += source[channel * plane + element] * Element(weight)
            }
            target[channel * points + point % points] = sum
          }
        }
      }
    }[0]
  }
}

/// Finds the elements around a place, and how much each counts.
private struct GridSampler {
  private enum Padding: String {
    case zeros, border, reflection
  }

  private let extents: [Int]
  private let steps: [Int]
  /// Nil for the nearest element.
  private let filter: SamplingFilter?
  private let padding: Padding
  private let alignsCorners: Bool

  init(
    extents: [Int], mode: String, padding: String, alignsCorners: Bool
  ) throws(ExecutionError) {
    self.extents = extents
    steps = StridedView.rowMajor(extents)
    self.alignsCorners = alignsCorners
    switch mode {
    case "nearest": filter = nil
    case "linear", "bilinear": filter = .linear
    case "cubic", "bicubic": filter = .cubic(slope: -0.75)
    default: throw ExecutionError(.unsupported, "has no kernel for mode '\(mode)'")
    }
    guard let padding = Padding(rawValue: padding) else {
      throw ExecutionError(.unsupported, "has no kernel for padding by '\(padding)'")
    }
    self.padding = padding
  }

  /// `coordinates` are from -1 to 1, the innermost axis first.
  func taps(at coordinates: [Float]) -> [(element: Int, weight: Double)] {
    var taps: [(element: Int, weight: Double)] = [(0, 1)]
    for (axis, coordinate) in zip(extents.indices, coordinates.reversed()) {
      let along = self.taps(place(coordinate, axis), axis)
      taps = taps.flatMap { outer in
        along.map { (outer.element + $0.element * steps[axis], outer.weight * $0.weight) }
      }
    }
    return taps
  }

  /// Where on an axis a coordinate lies, brought back to the data if it has to be.
  private func place(_ coordinate: Float, _ axis: Int) -> Float {
    let extent = Float(extents[axis])
    let exact =
      alignsCorners ? (coordinate + 1) / 2 * (extent - 1) : ((coordinate + 1) * extent - 1) / 2
    // Numbers that large, and no numbers, are beyond all data.
    var place = exact.isNaN ? -1e9 : min(max(exact, -1e9), 1e9)
    if filter == nil { place = place.rounded(.toNearestOrEven) }
    let (low, high) = bounds(axis)
    // Other paddings are those of single elements.
    return padding == .reflection ? reflected(place, low, high) : place
  }

  private func bounds(_ axis: Int) -> (low: Float, high: Float) {
    let extent = Float(extents[axis])
    return alignsCorners ? (0, extent - 1) : (-0.5, extent - 0.5)
  }

  private func reflected(_ place: Float, _ low: Float, _ high: Float) -> Float {
    let range = high - low
    guard range > 0 else { return low }
    guard place < low || place > high else { return place }
    let distance = place < low ? low - place : place - high
    let turns = (distance / range).rounded(.down)
    let rest = distance - turns * range
    let isBack = turns.truncatingRemainder(dividingBy: 2) == 0
    return (place < low) == isBack ? low + rest : high - rest
  }

  private func taps(_ place: Float, _ axis: Int) -> [(element: Int, weight: Double)] {
    guard let filter else { return element(Int(place), axis).map { [($0, 1)] } ?? [] }
    let base = place.rounded(.down)
    let reach = Int(filter.reach)
    return (1 - reach...reach).compactMap { offset in
      let weight = filter.weight(Double(Float(offset) - (place - base)))
      return element(Int(base) + offset, axis).map { ($0, weight) }
    }
  }

  /// The element that stands at `index`, which may be beyond the data; nil for zero.
  private func element(_ index: Int, _ axis: Int) -> Int? {
    let last = extents[axis] - 1
    guard index < 0 || index > last else { return index }
    switch padding {
    case .zeros: return nil
    case .border: return min(max(index, 0), last)
    case .reflection:
      let (low, high) = bounds(axis)
      return min(max(Int(reflected(Float(index), low, high)), 0), last)
    }
  }
}
