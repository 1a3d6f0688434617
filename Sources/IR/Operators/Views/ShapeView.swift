/// Reads a Shape node.
public struct ShapeView: Sendable {
  /// The tensor whose extents are told.
  public let data: ValueID
  /// The axes whose extents make up the result, counted from 0.
  public let axes: Range<Int>

  /// Nil for other operators, and where the rank is unknown.
  public init?(_ node: NodeID, in graph: Graph) {
    guard graph.nodes[node].op.kind == .shape, let data = graph.nodes[node].input(0),
      let rank = graph.rank(of: data)
    else { return nil }
    self.data = data
    axes = Self.axes(of: node, rank: rank, in: graph)
  }

  /// The axes that a Shape of a tensor of `rank` reports, which operator set 15 and later can narrow.
  static func axes(of node: NodeID, rank: Int, in graph: Graph) -> Range<Int> {
    guard graph.version >= 15, let start = graph.attribute(node, "start", default: 0),
      let end = graph.attribute(node, "end", default: rank)
    else { return 0..<rank }
    let first = (start < 0 ? start.addingSaturated(rank) : start).clamped(0, rank)
    let last = (end < 0 ? end.addingSaturated(rank) : end).clamped(0, rank)
    return first..<max(first, last)
  }
}

extension Graph {
  /// The operand by which `node` is told extents of its result, and the axes that its elements are for.
  ///
  /// Nil for operators that have none, and where its length is unknown.
  public func shapeOperand(of node: NodeID) -> (input: Int, axes: [Int])? {
    guard let kind = nodes[node].op.kind, let result = nodes[node].output(0),
      let rank = rank(of: result)
    else { return nil }
    switch kind {
    case .reshape: return version >= 5 ? (1, Array(0..<rank)) : nil
    case .expand:
      let length = nodes[node].input(1).flatMap { shape(of: $0)?.first?.count }
      return length.flatMap { $0 <= rank ? (1, Array(rank - $0..<rank)) : nil }
    case .resize:
      guard let view = ResizeView(node, in: self), view.sizesOperand != nil else { return nil }
      return (3, view.axes ?? Array(0..<rank))
    default: return nil
    }
  }
}
