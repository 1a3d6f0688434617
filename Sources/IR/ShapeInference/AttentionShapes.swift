// Scaled dot-product attention.

extension InferenceEngine {
  /// The result, the keys and values carried on, and the scores.
  func attention(_ node: NodeID) -> [TensorType] {
    let element = element(node, 0)
    guard let query = heads(node, 0, "q_num_heads"), let key = heads(node, 1, "kv_num_heads"),
      let value = heads(node, 2, "kv_num_heads")
    else { return [TensorType(element, nil)] }
    let isFlat = shape(node, 0)?.count == 3
    let width = query.count.multiplied(by: value.width)
    let result: Shape =
      isFlat
      ? [query.batch, query.length, width]
      : [query.batch, query.count, query.length, value.width]
    let past = graph.nodes[node].input(4) == nil ? [.known(0)] : shape(node, 4)?.dropFirst(2)
    let total = key.length.adding(past?.first ?? .unknown)
    let present = [key.batch, key.count, total]
    return [
      TensorType(element, result), TensorType(self.element(node, 1), present + [key.width]),
      TensorType(self.element(node, 2), present + [value.width]),
      TensorType(element, [query.batch, query.count, query.length, total]),
    ]
  }

  /// An operand taken as `count` heads of `width` for each of `length` positions.
  private struct Heads {
    var batch: Dimension
    var count: Dimension
    var length: Dimension
    var width: Dimension
  }

  private func heads(_ node: NodeID, _ operand: Int, _ attribute: String) -> Heads? {
    guard let shape = shape(node, operand) else { return nil }
    if shape.count == 4 {
      return Heads(batch: shape[0], count: shape[1], length: shape[2], width: shape[3])
    }
    guard shape.count == 3, let count = graph.attribute(node, attribute, default: 0), count > 0
    else { return nil }
    return Heads(
      batch: shape[0], count: .known(count), length: shape[1],
      width: shape[2].divided(by: .known(count)))
  }
}
