internal import IR

/// Computes what depends on stored elements alone.
///
/// ```
/// before: %1 = Reshape(%gate, [1, -1, 1, 1])   %2 = Mul(%x, %1)
/// after:  const %1 = …                         %2 = Mul(%x, %1)
/// ```
///
/// Legal cases, for a node whose result is not an output of the graph:
/// 1. A layout operator (Reshape, Transpose, Slice, Gather, Concat, Expand, Cast to a float, …) or
///    32-bit arithmetic on stored elements.
///
/// The file must not grow: the result may be larger than the operands that go with the node only
/// up to a kilobyte. So a large tensor that is stored as its shape and a number stays that way.
enum ConstantFolding {
  static let name = "fold-constants"
  static let folding = RewriteRule(
    pass: name, number: 1, title: "compute a node of stored operands")

  static let pass = Pass(
    name: name, summary: "Compute what depends on stored elements alone.", rules: [folding],
    run: run)

  /// Results up to this many bytes may be stored whatever they replace.
  static let freeByteCount = 1024

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs {
      guard let result = rewriter.graph.nodes[node].output(0), !rewriter.graph.isOutput(result),
        isWorthwhile(node, result, rewriter.graph),
        let constant = ConstantEvaluator(node, in: rewriter.graph)?.evaluate()
      else { continue }
      let type = rewriter.graph.nodes[node].op.type
      rewriter.apply(folding, to: rewriter.graph.values[result].name, type) {
        $0.supplant(node, with: constant)
      }
    }
  }

  /// Whether the result is known to be no larger than what goes with the node.
  private static func isWorthwhile(_ node: NodeID, _ result: ValueID, _ graph: Graph) -> Bool {
    let operands = graph.nodes[node].inputs.compactMap { $0 }
    guard operands.allSatisfy({ graph.constant($0) != nil }) else { return false }
    let freed = operands.filter { graph.values[$0].uses.count == 1 }
      .reduce(0) { $0 + (graph.constant($1)?.byteCount ?? 0) }
    guard let type = graph.values[result].type?.tensor, let counts = type.shape?.counts,
      let count = counts.checkedProduct, let size = type.elementType?.byteCount(of: count)
    else { return false }
    return size <= Swift.max(freed, freeByteCount)
  }
}
