import IR

// Elements chosen by index.

extension Planner {
  mutating func gather(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    let indices = try cast(node, try plain(node, 1), to: .int64)
    guard let axis = GatherView(node, in: graph)?.axis, data.elementType.bitWidth >= 8 else {
      throw ExecutionError(.invalidOperands, "its axis does not fit data of shape \(data.shape)")
    }
    let shape = data.shape[..<axis] + indices.shape + data.shape[(axis + 1)...]
    let outer = data.shape[..<axis].product
    let size = data.shape[(axis + 1)...].product * (data.elementType.bitWidth / 8)
    let (extent, count) = (data.shape[axis], indices.count)
    let info = TensorInfo(data.elementType, Array(shape))
    define(
      node,
      try step(node, reads: [data, indices], makes: [info]) { buffers in
        let source = buffers.read(0, as: UInt8.self, count: outer * extent * size)
        let target = buffers.make(0, as: UInt8.self, count: outer * count * size)
        let places = buffers.read(1, as: Int64.self, count: count)
        return { () throws(ExecutionError) in
          for number in 0..<count {
            let index = places[number]
            let place = index < 0 ? Int(index) + extent : Int(index)
            guard (0..<extent).contains(place) else { throw .outOfRange(index, extent) }
            for block in 0..<outer {
              target.copy(
                size, from: source, at: (block * extent + place) * size,
                to: (block * count + number) * size)
            }
          }
        }
      }[0])
  }
}

extension ExecutionError {
  static func outOfRange(_ index: Int64, _ extent: Int) -> ExecutionError {
    ExecutionError(.invalidOperands, "index \(index) is out of range for \(extent) elements")
  }
}
