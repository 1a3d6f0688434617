internal import IR

/// Computes what depends on stored elements alone.
///
/// ```
/// before: %1 = Reshape(%gate, [1, -1, 1, 1])   %2 = Mul(%x, %1)
/// after:  const %1 = …                         %2 = Mul(%x, %1)
/// ```
///
/// Legal cases, for nodes whose results are no outputs of the graph:
/// 1. A layout operator, arithmetic, comparison, selection or reduction that `ConstantEvaluator`
///    computes, whose result takes at most a kilobyte, or no more than the operands that go with it.
/// 2. All such nodes that hang together, if what others read of them takes at most a kilobyte more
///    than the constants that go, as attention masks and tables of positions do that are computed
///    by way of larger tensors.
/// 3. The same where it takes more, but all that are folded so together add at most a twentieth to
///    what the graph stores. Of regions that fit, all are folded or none.
///
/// Nodes stay of which others read what a Cast makes of stored floats of fewer bits, where that takes
/// more than a kilobyte: they are stored so on purpose.
///
/// So the file hardly grows, and a large tensor stored as its shape and a number stays that way.
enum ConstantFolding {
  static let name = "fold-constants"
  static let folding = RewriteRule(
    pass: name, number: 1, title: "compute a node of stored operands")

  static let region = RewriteRule(
    pass: name, number: 2, title: "compute nodes of stored operands as one")
  static let growing = RewriteRule(
    pass: name, number: 3, title: "compute nodes whose results are small beside the graph")

  static let pass = Pass(
    name: name, summary: "Compute what depends on stored elements alone.",
    rules: [folding, region, growing], run: run)

  /// Results up to this many bytes may be stored whatever they replace.
  static let freeByteCount = 1024

  /// The share of what a graph stores that results may add to it.
  private static let growthDivisor = 20

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs {
      guard let result = rewriter.graph.nodes[node].output(0), !rewriter.graph.isOutput(result),
        isWorthwhile(node, result, rewriter.graph),
        let constant = ConstantEvaluator(node, in: rewriter.graph)?.evaluate()
      else { continue }
      store(constant, for: node, folding, &rewriter)
    }
    foldRegions(&rewriter)
  }

  private static func store(
    _ constant: Constant, for node: NodeID, _ rule: RewriteRule, _ rewriter: inout Rewriter
  ) {
    guard let result = rewriter.graph.nodes[node].output(0) else { return }
    let type = rewriter.graph.nodes[node].op.type
    rewriter.apply(rule, to: rewriter.graph.values[result].name, type) {
      $0.supplant(node, with: constant)
    }
  }

  /// Whether the result is known to be no larger than what goes with the node.
  private static func isWorthwhile(_ node: NodeID, _ result: ValueID, _ graph: Graph) -> Bool {
    guard dependsOnStored(node, graph) else { return false }
    let freed = graph.nodes[node].inputs.compactMap { $0 }
      .filter { graph.values[$0].uses.count == 1 }
      .reduce(0) { $0 + (graph.constant($1)?.byteCount ?? 0) }
    return graph.storedSize(of: result).map { $0 <= Swift.max(freed, freeByteCount) } ?? false
  }

  /// Whether `node` widens stored floats, of which there are many.
  private static func isWidening(_ node: NodeID, _ graph: Graph) -> Bool {
    guard let view = CastView(node, in: graph), let stored = graph.constant(view.data),
      stored.elementType.isFloatingPoint, view.target.isFloatingPoint,
      stored.elementType.bitWidth < view.target.bitWidth
    else { return false }
    return stored.count > freeByteCount / (view.target.bitWidth / 8)
  }

  /// Whether all operands of `node` are stored.
  static func dependsOnStored(_ node: NodeID, _ graph: Graph) -> Bool {
    graph.nodes[node].inputs.allSatisfy { $0.map { graph.constant($0) != nil } ?? true }
  }

  private static func foldRegions(_ rewriter: inout Rewriter) {
    let graph = rewriter.graph
    // A node without operands makes nothing that could be computed here.
    guard
      graph.nodeIDs.contains(where: {
        !graph.nodes[$0].inputs.isEmpty && dependsOnStored($0, graph)
      })
    else { return }
    var found = ConstantRegions(graph)
    let regions = found.all().filter { region in
      !region.frontier.contains { isWidening($0.node, graph) }
    }
    let stored = graph.constantIDs.reduce(0) { $0 + (graph.constant($1)?.byteCount ?? 0) }
    let budget = stored / growthDivisor
    let fitting = regions.filter { $0.growth > freeByteCount && $0.growth <= budget }
    let fits = fitting.reduce(0) { $0 + $1.growth } <= budget
    for region in regions where region.growth <= freeByteCount || fits && region.growth <= budget {
      let rule = region.growth <= freeByteCount ? self.region : growing
      for (node, constant) in region.frontier { store(constant, for: node, rule, &rewriter) }
    }
  }
}
