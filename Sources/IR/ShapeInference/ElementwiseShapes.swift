// Operators that work element by element.

extension InferenceEngine {
  /// The type that broadcasting all operands against each other yields.
  func broadcast(_ node: NodeID, element: ElementType?) -> TensorType {
    let row = graph.nodes[node]
    guard !row.inputs.isEmpty else { return TensorType(element, nil) }
    // Operator sets before 7 broadcast only the second operand, to the first one's shape.
    if graph.version < 7, row.inputs.count == 2 { return type(node, 0).with(element) }
    var shape: Shape = []
    for index in row.inputs.indices {
      guard let operand = self.shape(node, index) else { return TensorType(element, nil) }
      shape = index == 0 ? operand : shape.broadcast(with: operand)
    }
    return TensorType(element, shape)
  }

  func dropout(_ node: NodeID) -> [TensorType] {
    let data = type(node, 0)
    return [data, graph.version >= 10 ? data.with(.bool) : data]
  }

  func batchNormalization(_ node: NodeID) -> [TensorType] {
    // Besides the result a training node yields up to four statistics per channel.
    [type(node, 0)] + Array(repeating: type(node, graph.version >= 14 ? 3 : 1), count: 4)
  }

  func layerNormalization(_ node: NodeID) -> [TensorType] {
    let data = type(node, 0)
    var statistics = TensorType(.float32, nil)
    if graph.nodes[node].attribute("stash_type") != nil {
      statistics.elementType = graph.elementTypeAttribute(node, "stash_type")
    }
    if let shape = data.shape, let stated = graph.attribute(node, "axis", default: -1),
      let axis = Axis.normalized(stated, rank: shape.count)
    {
      statistics.shape = shape[..<axis] + Array(repeating: .known(1), count: shape.count - axis)
    }
    return [data, statistics, statistics]
  }
}
