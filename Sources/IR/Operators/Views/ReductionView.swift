/// Reads a node of the Reduce family.
public struct ReductionView: Sendable {
  /// What is reduced.
  public let data: ValueID
  /// The reduced axes in the order given, empty for none, nil for all.
  public let axes: [Int]?
  /// Whether reduced axes stay, with extent 1.
  public let keepDims: Bool

  /// Reads `node`, or returns nil if it is no reduction or its axes are not known.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard let kind = row.op.kind, Self.kinds.contains(kind), let data = row.input(0),
      let keepDims = graph.attribute(node, "keepdims", default: true),
      let noop = graph.attribute(node, "noop_with_empty_axes", default: false)
    else { return nil }
    let stated: [Int]?
    if graph.version < (kind == .reduceSum ? 13 : 18) {
      stated = graph.attribute(node, "axes", default: [Int]())
    } else if let operand = row.input(1) {
      stated = OperandReader(graph: graph, known: integers).ints(operand)
    } else {
      stated = []
    }
    guard let stated, let axes = Axis.normalized(stated, rank: graph.rank(of: data)) else {
      return nil
    }
    self.data = data
    self.axes = axes.isEmpty && !noop ? nil : axes
    self.keepDims = keepDims
  }

  /// Whether `axis` of the data is reduced.
  public func reduces(_ axis: Int) -> Bool { axes?.contains(axis) ?? true }

  /// The operators this view reads.
  static let kinds: [OperatorKind] = [
    .reduceL1, .reduceL2, .reduceLogSum, .reduceLogSumExp, .reduceMax, .reduceMean, .reduceMin,
    .reduceProd, .reduceSum, .reduceSumSquare,
  ]
}
