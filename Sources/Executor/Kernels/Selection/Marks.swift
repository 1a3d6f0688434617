import IR

// Tensors that mark places, and places of what is marked.

extension Planner {
  mutating func oneHot(_ node: NodeID) throws(ExecutionError) {
    let indices = try cast(node, try plain(node, 0), to: .int64)
    let values = try plain(node, 2)
    let stated = try cast(node, try operand(node, 1), to: .int64).constant?.integers?.first
    let rank = indices.shape.count + 1
    guard let depth = stated.flatMap({ Int(exactly: $0) }), depth >= 0, values.shape == [2],
      let axis = axis(node, default: -1, rank: rank)
    else {
      throw ExecutionError(
        .invalidOperands, "its depth or axis does not fit indices of shape \(indices.shape)")
    }
    let shape = indices.shape[..<axis] + [depth] + indices.shape[axis...]
    let info = try TensorInfo.sized(values.elementType, Array(shape))
    guard info.count > 0 else { return define(node, try zeros(node, info)) }
    let inner = indices.shape[axis...].product
    define(node, try marked(node, indices, values, depth: depth, inner: inner, info))
  }

  /// The second of `values` at the places that `indices` name, the first everywhere else.
  private mutating func marked(
    _ node: NodeID, _ indices: Operand, _ values: Operand, depth: Int, inner: Int,
    _ info: TensorInfo
  ) throws(ExecutionError) -> Operand {
    let width = try values.elementType.byteWidth
    let (count, total) = (indices.count, info.count)
    return try step(node, reads: [indices, values], makes: [info]) { buffers in
      let numbers = buffers.read(0, as: Int64.self, count: count)
      let pair = buffers.read(1, as: UInt8.self, count: 2 * width)
      let target = buffers.make(0, as: UInt8.self, count: total * width)
      return {
        for place in 0..<total { target.copy(width, from: pair, at: 0, to: place * width) }
        for number in 0..<count {
          // Indices that are out of range mark nothing.
          guard let mark = try? numbers[number].place(among: depth) else { continue }
          let place = (number / inner * depth + mark) * inner + number % inner
          target.copy(width, from: pair, at: width, to: place * width)
        }
      }
    }[0]
  }

  /// Ones on a diagonal.
  mutating func eyeLike(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    guard data.shape.count == 2, let stated = graph.attribute(node, "k", default: 0) else {
      throw ExecutionError(.invalidOperands, "makes no matrix of shape \(data.shape)")
    }
    let type = graph.elementTypeAttribute(node, "dtype") ?? data.elementType
    let (rows, columns) = (data.shape[0], data.shape[1])
    let offset = min(max(stated, -rows), columns)
    let info = TensorInfo(.bool, data.shape)
    let flags = try step(node, reads: [], makes: [info]) { buffers in
      let target = buffers.make(0, as: UInt8.self, count: info.count)
      return {
        target.fill(0)
        for row in 0..<rows where (0..<columns).contains(row + offset) {
          target[row * columns + row + offset] = 1
        }
      }
    }[0]
    define(node, try cast(node, flags, to: type))
  }

  /// The coordinates of all elements that are not 0, which have to be known.
  mutating func nonZero(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    let flags = try cast(node, data, to: .bool)
    guard let elements = flags.constant?.integers else {
      throw ExecutionError(.invalidOperands, "its operand is not known")
    }
    let found = elements.indices.filter { elements[$0] != 0 }
    let numbers = zip(StridedView.rowMajor(data.shape), data.shape).flatMap { step, extent in
      found.map { Int64($0 / step % extent) }
    }
    define(node, known(Constant(numbers, shape: [data.shape.count, found.count])))
  }
}
