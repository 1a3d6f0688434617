import IR

// Operators that keep, turn round or drop parts of rows.

extension Planner {
  /// Trilu: matrices without what is above or below a diagonal.
  mutating func triangle(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    let stated = try optional(node, 1)
    guard data.shape.count >= 2, let isUpper = graph.attribute(node, "upper", default: true),
      let diagonal = stated == nil ? 0 : stated?.constant?.integers?.first
    else {
      throw ExecutionError(.invalidOperands, "cuts no triangle of data of shape \(data.shape)")
    }
    guard data.count > 0 else { return define(node, try zeros(node, data.info)) }
    let (rows, columns) = (data.shape[data.shape.count - 2], data.shape[data.shape.count - 1])
    let offset = Int(max(min(diagonal, Int64(columns)), -Int64(rows)))
    let kept = (0..<rows).map { row in
      isUpper
        ? min(max(row + offset, 0), columns)..<columns
        : 0..<min(max(row + offset + 1, 0), columns)
    }
    define(node, try cut(node, data, kept))
  }

  /// Zeros but for some columns of each row of matrices.
  private mutating func cut(
    _ node: NodeID, _ data: Operand, _ kept: [Range<Int>]
  ) throws(ExecutionError) -> Operand {
    let width = try data.elementType.byteWidth
    let (bytes, columns) = (data.count * width, data.shape[data.shape.count - 1])
    return try step(node, reads: [data], makes: [data.info]) { buffers in
      let source = buffers.read(0, as: UInt8.self, count: bytes)
      let target = buffers.make(0, as: UInt8.self, count: bytes)
      return {
        target.fill(0)
        for row in 0..<bytes / (columns * width) {
          let range = kept[row % kept.count]
          let start = (row * columns + range.lowerBound) * width
          target.copy(range.count * width, from: source, at: start, to: start)
        }
      }
    }[0]
  }

  /// Compress: the slices along an axis that flags name.
  mutating func compress(_ node: NodeID) throws(ExecutionError) {
    var data = try plain(node, 0)
    var axis = self.axis(node, default: 0, rank: data.shape.count)
    if graph.nodes[node].attribute("axis") == nil {
      data = view(data, as: TensorInfo(data.elementType, [data.count]))
      axis = 0
    }
    guard let axis, let flags = try operand(node, 1).constant?.integers else {
      throw ExecutionError(.invalidOperands, "its axis does not fit data of shape \(data.shape)")
    }
    let places = flags.indices.filter { flags[$0] != 0 }
    guard places.last.map({ $0 < data.shape[axis] }) ?? true else {
      throw .outOfRange(Int64(places.last ?? 0), data.shape[axis])
    }
    define(node, try taken(node, data, places, axis: axis))
  }

  /// The slices of `data` at `places` along `axis`.
  private mutating func taken(
    _ node: NodeID, _ data: Operand, _ places: [Int], axis: Int
  ) throws(ExecutionError) -> Operand {
    var info = data.info
    info.shape[axis] = places.count
    guard info.count > 0 else { return try zeros(node, info) }
    let outer = data.shape[..<axis].product
    let size = try data.shape[(axis + 1)...].product * data.elementType.byteWidth
    let extent = data.shape[axis]
    return try step(node, reads: [data], makes: [info]) { buffers in
      let source = buffers.read(0, as: UInt8.self, count: outer * extent * size)
      let target = buffers.make(0, as: UInt8.self, count: outer * places.count * size)
      return {
        for block in 0..<outer {
          for (number, place) in places.enumerated() {
            target.copy(
              size, from: source, at: (block * extent + place) * size,
              to: (block * places.count + number) * size)
          }
        }
      }
    }[0]
  }

  /// ReverseSequence: the first steps of each sequence in reverse order.
  mutating func reverseSequence(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    let lengths = try cast(node, try plain(node, 1), to: .int64)
    guard let batchAxis = graph.attribute(node, "batch_axis", default: 1),
      let timeAxis = graph.attribute(node, "time_axis", default: 0), data.shape.count >= 2,
      [batchAxis, timeAxis].sorted() == [0, 1], lengths.shape == [data.shape[batchAxis]]
    else {
      throw ExecutionError(
        .invalidOperands,
        "lengths of shape \(lengths.shape) do not fit data of shape \(data.shape)")
    }
    guard data.count > 0 else { return define(node, data) }
    let (batches, steps) = (data.shape[batchAxis], data.shape[timeAxis])
    let distances = batchAxis == 0 ? (batch: steps, time: 1) : (batch: 1, time: batches)
    define(node, try reversed(node, data, lengths, steps, distances))
  }

  private mutating func reversed(
    _ node: NodeID, _ data: Operand, _ lengths: Operand, _ steps: Int,
    _ distances: (batch: Int, time: Int)
  ) throws(ExecutionError) -> Operand {
    let size = try data.shape[2...].product * data.elementType.byteWidth
    let batches = lengths.count
    return try step(node, reads: [data, lengths], makes: [data.info]) { buffers in
      let source = buffers.read(0, as: UInt8.self, count: batches * steps * size)
      let counts = buffers.read(1, as: Int64.self, count: batches)
      let target = buffers.make(0, as: UInt8.self, count: batches * steps * size)
      return { () throws(ExecutionError) in
        for batch in 0..<batches {
          let length = counts[batch]
          guard length >= 0, length <= steps else { throw .outOfRange(length, steps) }
          for time in 0..<steps {
            let from = time < length ? Int(length) - 1 - time : time
            target.copy(
              size, from: source, at: (batch * distances.batch + from * distances.time) * size,
              to: (batch * distances.batch + time * distances.time) * size)
          }
        }
      }
    }[0]
  }
}
