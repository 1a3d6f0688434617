/// Reads an Attention node whose queries, keys and values have an axis for heads.
public struct AttentionView: Sendable {
  /// Shape [batch, heads, positions, width].
  public let query: ValueID
  /// Shape [batch, heads, positions, width], with as many heads or fewer.
  public let key: ValueID
  /// Shape [batch, heads, positions, width of values].
  public let value: ValueID
  /// What is added to the scores, or says which of them count.
  public let mask: ValueID?
  /// The factor of the scores, if it is stated; else one over the root of the width.
  public let scale: Float?
  /// Whether scores pass through a hyperbolic tangent before the softmax.
  public let bendsScores: Bool

  /// Nil for other operators, for operands of rank 3, whose heads share an axis with their width, and
  /// for nodes that keep keys and values between runs or yield their scores.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .attention, let query = row.input(0), let key = row.input(1),
      let value = row.input(2), [query, key, value].allSatisfy({ graph.rank(of: $0) == 4 }),
      Self.isStateless(node, in: graph),
      let scale = graph.attribute(node, "scale", default: Float(0)),
      let bound = graph.attribute(node, "softcap", default: Float(0))
    else { return nil }
    self.query = query
    self.key = key
    self.value = value
    mask = row.input(3)
    bendsScores = bound != 0
    self.scale = row.attribute("scale") == nil ? nil : scale
  }

  /// Whether an Attention neither keeps keys and values between runs nor yields its scores.
  public static func isStateless(_ node: NodeID, in graph: Graph) -> Bool {
    let row = graph.nodes[node]
    return row.inputs.dropFirst(4).allSatisfy { $0 == nil }
      && row.outputs.dropFirst().allSatisfy { $0 == nil }
  }
}
