// Operators that regroup, reorder or repeat whole axes.

extension InferenceEngine {
  func reshape(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let view = ReshapeView(node, in: graph) else { return TensorType(data.elementType, nil) }
    let requested = view.shape.flatMap { content(of: $0)?.elements }
    guard let extents = requested ?? view.requested?.map(PartialNumber.integer),
      extents.count <= Axis.maximalRank
    else { return TensorType(data.elementType, nil) }
    var result: Shape = []
    var open: [Int] = []
    var isInferred = false
    for (axis, extent) in extents.enumerated() {
      switch extent {
      case .integer(0) where !view.allowZero:
        result.append(data.shape.flatMap { axis < $0.count ? $0[axis] : nil } ?? .unknown)
      case .integer(-1):
        isInferred = true
        open.append(axis)
        result.append(.unknown)
      case .unknown:
        open.append(axis)
        result.append(.unknown)
      case .integer(let count) where count < -1: return TensorType(data.elementType, nil)
      default: result.append(extent.dimension)
      }
    }
    // A single missing extent follows from the number of elements, however it is written.
    if open.count == 1, let axis = open.first, let shape = data.shape {
      var others = result
      others.remove(at: axis)
      result[axis] = shape.quotient(by: others)
    } else if open.isEmpty, !isInferred, let shape = data.shape {
      result = completed(result, from: shape)
    }
    return TensorType(data.elementType, result)
  }

  /// Fills in one extent that was copied from an axis about which nothing is known.
  private func completed(_ result: Shape, from data: Shape) -> Shape {
    let unknown = result.indices.filter { result[$0] == .unknown }
    guard unknown.count == 1, let axis = unknown.first else { return result }
    var others = result
    others.remove(at: axis)
    return result.replacing(axis, with: data.quotient(by: others))
  }

  func flatten(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let view = FlattenView(node, in: graph) else {
      return TensorType(data.elementType, .unknown(rank: 2))
    }
    guard let shape = data.shape else {
      let rows: Dimension = view.axis == 0 ? .known(1) : .unknown
      return TensorType(data.elementType, [rows, .unknown])
    }
    return TensorType(
      data.elementType, [shape[..<view.axis].product, shape[view.axis...].product])
  }

  func transpose(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let view = TransposeView(node, in: graph) else {
      return TensorType(data.elementType, data.shape.map { .unknown(rank: $0.count) })
    }
    let shape = data.shape ?? .unknown(rank: view.permutation.count)
    return TensorType(data.elementType, view.permutation.map { shape[$0] })
  }

  func squeeze(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let view = SqueezeView(node, in: graph, integers: knownIntegers), let shape = data.shape
    else { return TensorType(data.elementType, nil) }
    return TensorType(
      data.elementType, shape.indices.filter { !view.axes.contains($0) }.map { shape[$0] })
  }

  func unsqueeze(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let view = UnsqueezeView(node, in: graph, integers: knownIntegers), var shape = data.shape
    else { return TensorType(data.elementType, nil) }
    for axis in view.axes {
      guard axis <= shape.count else { return TensorType(data.elementType, nil) }
      shape.insert(.known(1), at: axis)
    }
    return TensorType(data.elementType, shape)
  }

  func expand(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let target = content(node, 1)?.elements, target.count <= Axis.maximalRank,
      let shape = data.shape
    else { return TensorType(data.elementType, nil) }
    return TensorType(data.elementType, shape.broadcast(with: target.map(\.dimension)))
  }

  func tile(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let shape = data.shape else { return TensorType(data.elementType, nil) }
    guard graph.version >= 6, let repeats = content(node, 1)?.elements,
      repeats.count == shape.count
    else { return TensorType(data.elementType, .unknown(rank: shape.count)) }
    return TensorType(
      data.elementType, zip(shape, repeats).map { $0.multiplied(by: $1.dimension) })
  }
}

extension Shape {
  /// The extent that `others` lack to span as many elements as this shape, if that is certain.
  func quotient(by others: Shape) -> Dimension {
    guard var left = SymbolicProduct(self), let right = SymbolicProduct(others),
      left.cancel(right)
    else { return .unknown }
    return left.dimension
  }
}
