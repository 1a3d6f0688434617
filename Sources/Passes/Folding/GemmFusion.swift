internal import IR

/// Joins a product of two matrices and the bias added to it.
///
/// ```
/// before: %2 = MatMul(%1, %w)   %3 = Add(%2, %b)      after: %3 = Gemm(%1, %w, %b)
/// ```
///
/// Legal case:
/// 1. A MatMul of rank 2 with stored weights, whose result has the Add as only reader and is not an
///    output of the graph, and a stored bias that broadcasts to the product's shape without
///    enlarging it.
///
/// From rank 3 on there is no such operator. Runs before affine steps are folded, which a Gemm
/// takes in full and a MatMul only in part.
enum GemmFusion {
  static let name = "fuse-gemm"
  static let fusion = RewriteRule(
    pass: name, number: 1, title: "join a matrix product and its bias")

  static let pass = Pass(
    name: name, summary: "Join matrix products and the biases added to them.", rules: [fusion],
    run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs {
      guard let (reader, operand, bias) = biasedProduct(node, in: rewriter.graph) else { continue }
      fuse(node, into: reader, operand: operand, bias: bias, &rewriter)
    }
  }

  /// The Add behind a matrix product, which operand the product is, and what is added.
  private static func biasedProduct(
    _ node: NodeID, in graph: Graph
  ) -> (reader: NodeID, operand: Int, bias: ValueID)? {
    let row = graph.nodes[node]
    guard row.op.kind == .matMul, let data = row.input(0), graph.rank(of: data) == 2,
      let weight = graph.constant(row.input(1)), weight.shape.count == 2,
      [.float16, .float32, .float64].contains(weight.elementType), let product = row.output(0),
      let (reader, operand) = graph.soleReader(of: product), graph.nodes[reader].op.kind == .add,
      let bias = graph.nodes[reader].input(1 - operand), let stored = graph.constant(bias),
      stored.elementType == weight.elementType,
      [[], [1], [1, 1], [weight.shape[1]], [1, weight.shape[1]]].contains(stored.shape)
    else { return nil }
    return (reader, operand, bias)
  }

  private static func fuse(
    _ node: NodeID, into reader: NodeID, operand: Int, bias: ValueID, _ rewriter: inout Rewriter
  ) {
    let row = rewriter.graph.nodes[node]
    guard let product = row.output(0) else { return }
    var draft = NodeDraft(
      Operator(.gemm), name: row.name, inputs: row.inputs + [bias], origin: row.origin)
    draft.annotations = row.annotations
    let name = rewriter.freshName(rewriter.graph.values[product].name + "_biased")
    let type = rewriter.graph.values[product].type
    let detail = "Add into \(rewriter.label(node))"
    let result = rewriter.apply(fusion, to: rewriter.label(reader), detail) { graph in
      let fused = graph.insert(draft, results: [(name, type)], before: reader)
      graph.replaceInput(of: reader, at: operand, with: graph.nodes[fused].outputs[0])
      graph.remove(node)
      return graph.nodes[fused].outputs[0]
    }
    if let result { rewriter.bypass(reader, with: result) }
  }
}
