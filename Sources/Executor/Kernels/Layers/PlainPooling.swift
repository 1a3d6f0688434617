internal import Glibc
import IR

// Pooling that oneDNN has no primitive for: windows that reach beyond the padding, places of maxima, and
// elements of other types.

extension Planner {
  mutating func maxPool(
    _ node: NodeID, _ data: Operand, _ form: PoolForm
  ) throws(ExecutionError) {
    let columnMajor = graph.attribute(node, "storage_order", default: 0) == 1
    let places = graph.nodes[node].output(1) != nil
    var makes = [TensorInfo(data.elementType, form.result)]
    if places { makes.append(TensorInfo(.int64, form.result)) }
    let results: [Operand]
    switch data.elementType {
    case .float32: results = try maxima(node, data, form, makes, columnMajor, -Float.infinity)
    case .float64: results = try maxima(node, data, form, makes, columnMajor, -Double.infinity)
    case .float16: results = try maxima(node, data, form, makes, columnMajor, -Float16.infinity)
    case .int8: results = try maxima(node, data, form, makes, columnMajor, Int8.min)
    case .uint8: results = try maxima(node, data, form, makes, columnMajor, UInt8.min)
    default: throw ExecutionError(.unsupported, "cannot pool elements of type \(data.elementType)")
    }
    for (index, result) in results.enumerated() { define(node, index, result) }
  }

  private mutating func maxima<Element: Comparable & BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ form: PoolForm, _ makes: [TensorInfo], _ columnMajor: Bool,
    _ least: Element
  ) throws(ExecutionError) -> [Operand] {
    let walk = PoolWalk(form)
    let counts = (data.count, form.result.product)
    let spatial = Array(form.data[2...])
    let size = spatial.product
    return try step(node, reads: [data], makes: makes) { buffers in
      let source = buffers.read(0, as: Element.self, count: counts.0)
      let target = buffers.make(0, as: Element.self, count: counts.1)
      let places =
        makes.count > 1 ? buffers.make(1, as: Int64.self, count: counts.1) : nil
      return {
        walk.run { place, plane, elements, _ in
          var (best, found) = (least, elements.first ?? 0)
          for element in elements where source[plane * size + element] > best {
            (best, found) = (source[plane * size + element], element)
          }
          target[place] = best
          if let places = places {
            let inner = columnMajor ? found.columnMajor(in: spatial) : found
            places[place] = Int64(plane * size + inner)
          }
        }
      }
    }
  }

  mutating func averagePool(
    _ node: NodeID, _ data: Operand, _ form: PoolForm, _ countsPadding: Bool
  ) throws(ExecutionError) -> Operand {
    let single = try cast(node, data, to: data.elementType == .float64 ? .float64 : .float32)
    let sums = try reduced(node, single, form) { (values: [Double], count: Int) in
      values.reduce(0, +) / Double(countsPadding ? count : values.count)
    }
    return try cast(node, sums, to: data.elementType)
  }

  mutating func lpPool(
    _ node: NodeID, _ data: Operand, _ form: PoolForm
  ) throws(ExecutionError) -> Operand {
    let power = Double(graph.attribute(node, "p", default: 2) ?? 2)
    let single = try cast(node, data, to: data.elementType == .float64 ? .float64 : .float32)
    let norms = try reduced(node, single, form) { (values: [Double], _: Int) in
      pow(values.reduce(0) { $0 + pow(abs($1), power) }, 1 / power)
    }
    return try cast(node, norms, to: data.elementType)
  }

  private mutating func reduced(
    _ node: NodeID, _ data: Operand, _ form: PoolForm, _ reduce: @escaping ([Double], Int) -> Double
  ) throws(ExecutionError) -> Operand {
    let wide = try cast(node, data, to: .float64)
    let walk = PoolWalk(form)
    let (counts, size) = ((data.count, form.result.product), form.data[2...].reduce(1, *))
    let result = try step(node, reads: [wide], makes: [TensorInfo(.float64, form.result)]) {
      buffers in
      let source = buffers.read(0, as: Double.self, count: counts.0)
      let target = buffers.make(0, as: Double.self, count: counts.1)
      return {
        walk.run { place, plane, elements, count in
          target[place] = reduce(elements.map { source[plane * size + $0] }, count)
        }
      }
    }[0]
    return try cast(node, result, to: data.elementType)
  }
}

/// Visits the windows of a pooling, one after another.
private struct PoolWalk {
  /// For each position of a plane of the result, the elements of a plane of the data and the places that count.
  private let windows: [(elements: [Int], count: Int)]
  private let planes: Int

  init(_ form: PoolForm) {
    planes = form.data[0] * form.data[1]
    let steps = StridedView.rowMajor(Array(form.data[2...]))
    var windows: [(elements: [Int], count: Int)] = [([0], 1)]
    for axis in form.kernel.indices {
      let covers = form.covers(axis)
      windows = windows.flatMap { outer in
        covers.map { cover in
          let elements = outer.elements.flatMap { base in
            cover.elements.map { base + $0 * steps[axis] }
          }
          return (elements, outer.count * cover.count)
        }
      }
    }
    self.windows = windows
  }

  func run(_ visit: (_ place: Int, _ plane: Int, _ elements: [Int], _ count: Int) -> Void) {
    for plane in 0..<planes {
      for (index, window) in windows.enumerated() {
        visit(plane * windows.count + index, plane, window.elements, window.count)
      }
    }
  }
}

extension Int {
  /// The number of the same element if the first axis were the innermost.
  fileprivate func columnMajor(in shape: [Int]) -> Int {
    var (rest, coordinates): (Int, [Int]) = (self, [])
    for extent in shape.reversed() {
      coordinates.append(rest % extent)
      rest /= extent
    }
    var (place, step) = (0, 1)
    for (coordinate, extent) in zip(coordinates.reversed(), shape) {
      place += coordinate * step
      step *= extent
    }
    return place
  }
}
