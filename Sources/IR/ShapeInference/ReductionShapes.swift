// Operators that draw many elements of an axis together.

extension InferenceEngine {
  func reduction(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    let keepDims = graph.attribute(node, "keepdims", default: true)
    guard let view = ReductionView(node, in: graph, integers: knownIntegers) else {
      // Which axes go is not known, but they may all stay.
      let rank = keepDims == true ? data.shape?.count : nil
      return TensorType(data.elementType, rank.map { .unknown(rank: $0) })
    }
    guard let shape = data.shape else {
      let isScalar = view.axes == nil && !view.keepDims
      return TensorType(data.elementType, isScalar ? [] : nil)
    }
    return TensorType(
      data.elementType, reduced(shape, keepDims: view.keepDims, where: view.reduces))
  }

  func argReduction(_ node: NodeID) -> TensorType {
    guard let shape = shape(node, 0), let stated = graph.attribute(node, "axis", default: 0),
      let axis = Axis.normalized(stated, rank: shape.count),
      let keepDims = graph.attribute(node, "keepdims", default: true)
    else { return TensorType(.int64, nil) }
    return TensorType(.int64, reduced(shape, keepDims: keepDims) { $0 == axis })
  }

  private func reduced(_ shape: Shape, keepDims: Bool, where reduces: (Int) -> Bool) -> Shape {
    shape.indices.compactMap { axis in
      reduces(axis) ? (keepDims ? .known(1) : nil) : shape[axis]
    }
  }

  func topK(_ node: NodeID) -> [TensorType] {
    let data = type(node, 0)
    guard let shape = data.shape, let stated = graph.attribute(node, "axis", default: -1),
      let axis = Axis.normalized(stated, rank: shape.count)
    else { return [TensorType(data.elementType, nil), TensorType(.int64, nil)] }
    let count: Dimension
    if graph.version < 10 {
      count = graph.attribute(node, "k", default: -1).map { Dimension(Int64($0)) } ?? .unknown
    } else {
      count = content(node, 1)?.elements.first?.dimension ?? .unknown
    }
    let result = shape.replacing(axis, with: count)
    return [TensorType(data.elementType, result), TensorType(.int64, result)]
  }

  /// A Fourier transform; its last axis holds real and imaginary parts.
  func fourierTransform(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard var shape = data.shape, shape.count >= 2,
      let isInverse = graph.attribute(node, "inverse", default: false),
      let isOneSided = graph.attribute(node, "onesided", default: false)
    else { return TensorType(data.elementType, nil) }
    let last = shape.count - 1
    let parts = isOneSided && isInverse ? 1 : 2
    guard let axis = fourierAxis(node, rank: shape.count), axis < last else {
      shape = .unknown(rank: shape.count)
      return TensorType(data.elementType, shape.replacing(last, with: .known(parts)))
    }
    if graph.nodes[node].input(1) != nil {
      shape[axis] = content(node, 1)?.elements.first?.dimension ?? .unknown
    } else if isOneSided, isInverse {
      shape[axis] = shape[axis].adding(.known(-1)).multiplied(by: .known(2)).valid
    }
    if isOneSided, !isInverse {
      shape[axis] = shape[axis].count.map { .known($0 / 2 + 1) } ?? .unknown
    }
    shape[last] = .known(parts)
    return TensorType(data.elementType, shape)
  }

  private func fourierAxis(_ node: NodeID, rank: Int) -> Int? {
    var stated: Int? = -2
    if graph.version < 20 {
      stated = graph.attribute(node, "axis", default: 1)
    } else if graph.nodes[node].input(2) != nil {
      stated = content(node, 2)?.elements.first?.integer.flatMap { Int(exactly: $0) }
    }
    return stated.flatMap { Axis.normalized($0, rank: rank) }
  }
}
