import IR

// Regions of pictures sampled on a grid of their own.

extension Planner {
  mutating func roiAlign(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    let (regions, pictures) = (try plain(node, 1), try plain(node, 2))
    let form = try RegionForm(node, in: graph, data.shape)
    guard data.elementType.isFloatingPoint, regions.shape.count == 2, regions.shape[1] == 4,
      pictures.shape == [regions.shape[0]]
    else {
      throw ExecutionError(
        .invalidOperands,
        "regions of shape \(regions.shape) of pictures of shape \(pictures.shape) do not fit")
    }
    let wide = try cast(node, data, to: .float32)
    let operands = [
      wide, try cast(node, regions, to: .float32), try cast(node, pictures, to: .int64),
    ]
    let info = try checked(
      .float32, [regions.shape[0], data.shape[1], form.rows.pooled, form.columns.pooled])
    guard info.count > 0 else {
      return define(node, try zeros(node, TensorInfo(data.elementType, info.shape)))
    }
    let result = try aligned(node, operands, form, info)
    define(node, try cast(node, result, to: data.elementType))
  }

  private mutating func aligned(
    _ node: NodeID, _ operands: [Operand], _ form: RegionForm, _ info: TensorInfo
  ) throws(ExecutionError) -> Operand {
    let (total, count, pictures) = (operands[0].count, info.shape[0], operands[0].shape[0])
    let size = info.count / count
    return try step(node, reads: operands.map { $0 }, makes: [info]) { buffers in
      let source = buffers.read(0, as: Float.self, count: total)
      let corners = buffers.read(1, as: Float.self, count: count * 4)
      let numbers = buffers.read(2, as: Int64.self, count: count)
      let target = buffers.make(0, as: Float.self, count: count * size)
      return { () throws(ExecutionError) in
        for region in 0..<count {
          guard let picture = Int(exactly: numbers[region]), (0..<pictures).contains(picture)
          else { throw .outOfRange(numbers[region], pictures) }
          try form.run(
            source, target, picture: picture, corners: corners.array(from: region * 4, 4),
            at: region * size)
        }
      }
    }[0]
  }
}

/// How regions are sampled.
private struct RegionForm {
  /// An axis of the pictures and of what is made of regions.
  struct Axis {
    let extent: Int
    let pooled: Int
  }

  /// The places along one axis that a bin is made of: two elements and the share of the second one.
  private typealias Sample = (low: Int, high: Int, share: Float)

  let channels: Int
  let rows: Axis
  let columns: Axis
  private let scale: Float
  private let sampling: Int
  private let isHalfPixel: Bool
  private let takesMaximum: Bool
  /// More places than that along an axis of a bin are a mistake.
  private static let sampleLimit: Float = 0x1p14

  init(_ node: NodeID, in graph: Graph, _ shape: [Int]) throws(ExecutionError) {
    guard shape.count == 4, let height = graph.attribute(node, "output_height", default: 1),
      let width = graph.attribute(node, "output_width", default: 1), height > 0, width > 0,
      let scale = graph.attribute(node, "spatial_scale", default: Float(1)),
      let sampling = graph.attribute(node, "sampling_ratio", default: 0),
      sampling <= Int(Self.sampleLimit),
      let mode = graph.attribute(node, "mode", default: "avg"),
      let coordinates = graph.attribute(
        node, "coordinate_transformation_mode",
        default: graph.version < 16 ? "output_half_pixel" : "half_pixel")
    else {
      throw ExecutionError(
        .invalidOperands, "its attributes do not fit data of shape \(shape)")
    }
    channels = shape[1]
    rows = Axis(extent: shape[2], pooled: height)
    columns = Axis(extent: shape[3], pooled: width)
    (self.scale, self.sampling) = (scale, sampling)
    isHalfPixel = coordinates == "half_pixel"
    takesMaximum = mode == "max"
  }

  func run(
    _ source: Elements<Float>, _ target: Elements<Float>, picture: Int, corners: [Float],
    at start: Int
  ) throws(ExecutionError) {
    let across = try samples(corners[0], corners[2], columns)
    let down = try samples(corners[1], corners[3], rows)
    let plane = rows.extent * columns.extent
    for channel in 0..<channels {
      let origin = (picture * channels + channel) * plane
      for row in 0..<rows.pooled {
        for column in 0..<columns.pooled {
          let place = (channel * rows.pooled + row) * columns.pooled + column
          target[start + place] = bin(source, origin, down[row], across[column])
        }
      }
    }
  }

  /// For each bin along an axis the places sampled; nil for those beyond the picture.
  private func samples(
    _ low: Float, _ high: Float, _ axis: Axis
  ) throws(ExecutionError) -> [[Sample?]] {
    let offset: Float = isHalfPixel ? 0.5 : 0
    let (first, last) = (low * scale - offset, high * scale - offset)
    let length = isHalfPixel ? last - first : max(last - first, 1)
    let size = length / Float(axis.pooled)
    let wanted = sampling > 0 ? Float(sampling) : size.rounded(.up)
    guard wanted <= Self.sampleLimit, first.isFinite else {
      throw ExecutionError(.invalidOperands, "cannot sample a region from \(low) to \(high)")
    }
    let count = Int(max(wanted, 0))
    return (0..<axis.pooled).map { bin in
      (0..<count).map { number in
        sample(
          first + Float(bin) * size + (Float(number) + 0.5) * size / Float(count), axis.extent)
      }
    }
  }

  private func sample(_ place: Float, _ extent: Int) -> Sample? {
    guard place >= -1, place <= Float(extent), extent > 0 else { return nil }
    let low = Int(max(place, 0))
    guard low < extent - 1 else { return (extent - 1, extent - 1, 0) }
    return (low, low + 1, max(place, 0) - Float(low))
  }

  private func bin(
    _ source: Elements<Float>, _ origin: Int, _ down: [Sample?], _ across: [Sample?]
  ) -> Float {
    var (sum, best): (Float, Float?) = (0, nil)
    for row in down {
      for column in across {
        var parts: (Float, Float, Float, Float) = (0, 0, 0, 0)
        if let row, let column {
          let (top, bottom) = (
            origin + row.low * columns.extent, origin + row.high * columns.extent
          )
          parts = (
            (1 - row.share) * (1 - column.share) * source[top + column.low],
            (1 - row.share) * column.share * source[top + column.high],
            row.share * (1 - column.share) * source[bottom + column.low],
            row.share * column.share * source[bottom + column.high]
          )
        }
        sum += parts.0 + parts.1 + parts.2 + parts.3
        // ONNX takes the maximum of the parts, not of their sums.
        let top = max(max(parts.0, parts.1), max(parts.2, parts.3))
        best = best.map { max($0, top) } ?? top
      }
    }
    return takesMaximum ? best ?? 0 : sum / Float(max(down.count * across.count, 1))
  }
}
