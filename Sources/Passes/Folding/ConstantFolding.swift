internal import IR

/// Computes what depends on stored elements alone.
///
/// ```
/// before: %1 = ReduceMean(%w)  %2 = Sub(%w, %1)  %3 = Mul(%2, %gain)  %4 = Conv(%x, %3)
/// after:  const %3 = …                                                %4 = Conv(%x, %3)
/// ```
///
/// What a fold *adds* is the bytes of the constants that it stores, less those of the constants that
/// nothing reads any more. It may add `PipelineOptions.foldLimit` bytes for each constant that it stores:
/// a kilobyte, which is about what the nodes take that go, unless the user says otherwise. So folding
/// does not grow a file, and a large tensor stored as its shape and a number stays that way.
///
/// Legal cases, for nodes that `ConstantComputation` can compute:
/// 1. A node whose operands are all stored, if it adds nothing; one whose operands decide how large its
///    result is, if it adds no more than it may.
/// 2. All nodes that hang together and depend on stored elements alone, if what others read of them adds
///    no more than it may. How large anything is that only they read does not matter.
/// 3. What is left of these without the nodes at their end that each make more of less, as an Expand
///    does, if that adds no more than it may.
///
/// What stays:
/// - a node that makes an output of the graph: an output is computed by a node;
/// - a Cast at the end that makes more than a kilobyte out of floats of fewer bits, and everything that
///   quantises or dequantises: they are stored so on purpose;
/// - whatever draws numbers by lot, has a body, or is not known;
/// - what runtimes may answer differently: whole numbers that overflow, the larger of a number and NaN,
///   elements that are written twice;
/// - what takes more time or memory to compute than `ConstantComputation` grants.
///
/// Runs behind shape arithmetic, which says how large results are, and before all that looks for stored
/// weights.
enum ConstantFolding {
  static let name = "fold-constants"
  static let node = RewriteRule(pass: name, number: 1, title: "compute a node of stored operands")
  static let region = RewriteRule(
    pass: name, number: 2, title: "compute nodes of stored operands as one")
  static let trimmed = RewriteRule(
    pass: name, number: 3, title: "compute nodes of stored operands but for the last")

  static let pass = Pass(
    name: name, summary: "Compute what depends on stored elements alone.",
    rules: [node, region, trimmed], run: run)

  /// Results up to this many bytes may be stored whatever they replace.
  static let freeByteCount = 1024

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    guard mayFindAny(rewriter.graph) else { return }
    var computation = ConstantComputation(rewriter.graph, rewriter.options.evaluate)
    for node in rewriter.graph.nodeIDs {
      guard let results = results(of: node, rewriter, &computation) else { continue }
      store(results, of: [node], self.node, &rewriter)
    }
    foldRegions(&rewriter, &computation)
    for node in rewriter.graph.nodeIDs {
      guard let reason = computation.reasons[node] else { continue }
      rewriter.refuse(name, rewriter.label(node), because: reason)
    }
  }

  private static func mayFindAny(_ graph: Graph) -> Bool {
    graph.nodeIDs.contains { ConstantComputation.isReady($0, graph) }
  }

  /// Whether `count` constants may be stored that together add `growth` bytes.
  static func allows(_ growth: Int, for count: Int, limit: Int) -> Bool {
    growth <= 0 || (growth - 1) / max(count, 1) < limit
  }

  /// What `node` makes of stored operands, if that may be stored for it.
  private static func results(
    of node: NodeID, _ rewriter: Rewriter, _ computation: inout ConstantComputation
  ) -> ConstantComputation.Results? {
    let graph = rewriter.graph
    guard ConstantComputation.isReady(node, graph), graph.mayFold(node),
      !graph.widensStoredFloats(node)
    else { return nil }
    let freed = graph.bytesFreed(without: node)
    if let size = graph.storedSizeOfResults(of: node) {
      // Whatever adds something is looked at together with what reads it.
      return size <= freed ? computation.results(of: node, in: graph) : nil
    }
    guard ConstantComputation.decidesSizes(node, graph),
      let results = computation.results(of: node, in: graph)
    else { return nil }
    let size = results.reduce(0) { $0 + $1.constant.byteCount }
    return allows(size - freed, for: results.count, limit: rewriter.options.foldLimit)
      ? results : nil
  }

  private static func foldRegions(
    _ rewriter: inout Rewriter, _ computation: inout ConstantComputation
  ) {
    // Nodes that turn out not to be computable divide what was taken for one region.
    for _ in 0..<2 {
      let failed = computation.failed
      let found = ConstantRegions(
        rewriter.graph, limit: rewriter.options.foldLimit, sizeLimit: computation.sizeLimit
      ) { !failed.contains($0) }
      for region in found.regions { fold(region, &rewriter, &computation) }
      if computation.failed.count == failed.count { return }
    }
  }

  private static func fold(
    _ region: ConstantRegions.Region, _ rewriter: inout Rewriter,
    _ computation: inout ConstantComputation
  ) {
    let limit = rewriter.options.foldLimit
    guard allows(region.growth, for: region.frontier.count, limit: limit) else {
      rewriter.refuse(
        name, rewriter.graph.values[region.frontier[0]].name,
        because: "stored, it takes more than what goes for it; --fold-limit can allow that")
      return
    }
    guard let frontier = computation.frontier(of: region, in: rewriter.graph) else { return }
    store(frontier, of: region.nodes, region.isTrimmed ? trimmed : self.region, &rewriter)
  }

  /// Stores what others read of what `nodes` make, and removes them.
  private static func store(
    _ results: ConstantComputation.Results, of nodes: [NodeID], _ rule: RewriteRule,
    _ rewriter: inout Rewriter
  ) {
    for result in results {
      let name = rewriter.graph.values[result.value].name
      let type = rewriter.graph.operatorType(making: result.value)
      rewriter.apply(rule, to: name, type) { $0.supplant(result.value, with: result.constant) }
    }
    for node in nodes.reversed() { rewriter.remove(node) }
  }
}

extension Graph {
  fileprivate func operatorType(making value: ValueID) -> String {
    producer(of: value).map { nodes[$0].op.type } ?? ""
  }

  /// Whether constants may take the place of what `node` makes, whatever they cost.
  func mayFold(_ node: NodeID) -> Bool {
    let row = nodes[node]
    return ConstantComputation.isKnown(row.op.kind) && row.bodies.isEmpty && row.captures.isEmpty
      && !row.outputs.contains { $0.map(isOutput) ?? false }
  }

  /// Whether `node` widens stored floats, of which there are many.
  func widensStoredFloats(_ node: NodeID) -> Bool {
    guard let view = CastView(node, in: self), let stored = constant(view.data),
      stored.elementType.isFloatingPoint, view.target.isFloatingPoint,
      stored.elementType.bitWidth < view.target.bitWidth
    else { return false }
    return stored.count > ConstantFolding.freeByteCount / (view.target.bitWidth / 8)
  }

  /// The bytes that `value` would take if it were stored, if its type tells.
  func storedSize(of value: ValueID) -> Int? {
    guard let type = values[value].type?.tensor,
      let count = type.shape?.counts?.checkedProduct
    else { return nil }
    return type.elementType?.byteCount(of: count)
  }

  /// The bytes that everything `node` makes would take, if types tell.
  func storedSizeOfResults(of node: NodeID) -> Int? {
    var sum = 0
    for case let result? in nodes[node].outputs {
      guard let size = storedSize(of: result) else { return nil }
      let (total, overflow) = sum.addingReportingOverflow(size)
      guard !overflow else { return nil }
      sum = total
    }
    return sum
  }

  /// The bytes of the constants that nothing reads but `node`.
  fileprivate func bytesFreed(without node: NodeID) -> Int {
    nodes[node].inputs.compactMap { $0 }.filter { values[$0].uses.count == 1 }
      .reduce(0) { $0 + (constant($1)?.byteCount ?? 0) }
  }
}
