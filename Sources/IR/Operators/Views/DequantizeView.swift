/// Reads a DequantizeLinear node that has one scale for its whole operand, or one for each slot of an
/// axis.
public struct DequantizeView: Sendable {
  /// What holds whole numbers.
  public let data: ValueID
  /// What each is multiplied by.
  public let scale: ValueID
  /// What is subtracted first; nil for zero.
  public let zeroPoint: ValueID?
  /// The axis that scales are for, if there are several; negative ones count from the last.
  public let axis: Int

  /// Reads `node`, or returns nil if it is none, is malformed, or has a scale for each block of an
  /// axis.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .dequantizeLinear, let data = row.input(0), let scale = row.input(1),
      let axis = graph.attribute(node, "axis", default: 1),
      graph.attribute(node, "block_size", default: 0) == 0, graph.rank(of: scale) ?? 1 <= 1
    else { return nil }
    self.data = data
    self.scale = scale
    zeroPoint = row.input(2)
    self.axis = axis
  }
}
