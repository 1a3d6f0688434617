/// Reads a Gemm node: `alpha · a · b + beta · c`.
public struct GemmView: Sendable {
  /// The left matrix.
  public let a: ValueID
  /// The right matrix.
  public let b: ValueID
  /// What is added, broadcast to the product's shape.
  public let c: ValueID?
  /// Scales the product.
  public let alpha: Float
  /// Scales `c`.
  public let beta: Float
  /// Whether `a` is transposed first.
  public let transA: Bool
  /// Whether `b` is transposed first.
  public let transB: Bool

  /// Reads `node`, or returns nil if it is no Gemm or is malformed.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .gemm, let a = row.input(0), let b = row.input(1),
      graph.rank(of: a) ?? 2 == 2, graph.rank(of: b) ?? 2 == 2,
      let alpha = graph.attribute(node, "alpha", default: Float(1)),
      let beta = graph.attribute(node, "beta", default: Float(1)),
      let transA = graph.attribute(node, "transA", default: false),
      let transB = graph.attribute(node, "transB", default: false)
    else { return nil }
    self.a = a
    self.b = b
    c = row.input(2)
    self.alpha = alpha
    self.beta = beta
    self.transA = transA
    self.transB = transB
  }
}
