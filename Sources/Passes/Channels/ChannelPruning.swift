internal import IR

/// Removes channels that cannot change any output: dead ones and constant ones.
///
/// Pruning is dead-code elimination at the granularity of a channel. A constant propagation finds
/// slots that are the same for every input, a reverse sweep finds the slots that readers need, and
/// one rewrite drops the rest:
///
/// ```
/// before: %3 = Conv(%1, %w)  %5 = Add(%id, %3)  %6 = Relu(%5)  %7 = Mul(%6, %gate)  …  Gemm(%8, %fc)
/// after:  %4 = Gather(%id, kept)  %3 = Conv(%1, %w[kept])  %5 = Add(%4, %3)  …  Gemm(%8, %fc[kept])
/// ```
///
/// Legal cases:
/// 1. A slot that no reader needs goes, with the weights that made it and those that read it.
/// 2. A reader that needs fewer slots than a value keeps reads a selection of them.
/// 3. A constant slot that a linear operator reads goes into its bias, if no window touches padding.
/// 4. Constant slots that windows with padding read, or around which a border was put, give their weights
///    to one of them.
/// 5. On request, a normalisation, one operator or between reshapes that make groups, is written out so
///    that constant slots it is no longer given still count; what it made of them is a combination of at
///    most two of those that stay.
///
/// Operators that are not modelled, graph inputs and graph outputs keep everything. A value never
/// becomes empty, and channels never change order.
///
/// Runs once, after all folding, because zero means zero in the weights as stored; folding runs
/// again behind it, to clear away gates of ones.
enum ChannelPruning {
  static let name = "prune-channels"
  static let removal = RewriteRule(pass: name, number: 1, title: "remove slots nobody needs")
  static let narrowing = RewriteRule(
    pass: name, number: 2, title: "narrow one use of a wider value")
  static let absorbing = RewriteRule(pass: name, number: 3, title: "add constant slots to the bias")
  static let carrying = RewriteRule(
    pass: name, number: 4, title: "let one constant slot carry others")

  static let counting = RewriteRule(
    pass: name, number: 5, title: "write a normalisation out that counts what is gone")

  static let pass = pass(countingConstants: false)

  /// Makes the pass; `countingConstants` allows legal case 5.
  static func pass(countingConstants: Bool) -> Pass {
    Pass(
      name: name, summary: "Remove channels that cannot change any output.",
      rules: [removal, narrowing, absorbing, carrying, counting],
      run: { rewriter in run(&rewriter, countingConstants: countingConstants) })
  }

  private static func run(_ rewriter: inout Rewriter, countingConstants: Bool) {
    let (counted, merged) = countingConstants ? countedNorms(&rewriter) : (nil, [])
    let shapes = shapes(of: rewriter)
    let model = ChannelModel(rewriter.graph, countedNorms: counted?.nodes ?? [])
    let narrowest = Needs(model)
    let decisions = UseDecisions(narrowest, cost: CostModel(model, shapes: shapes))
    let finder = FateFinder(
      decisions.needs, narrowest: narrowest,
      decisions: (counted?.decisions ?? []) + decisions.decisions, marks: rewriter.marks)
    let report = finder.report()
    var rewrite = ChannelRewrite(decisions.needs)
    rewrite.run(on: &rewriter)
    for node in merged where rewriter.graph.contains(node) {
      ReshapedGroupNorm.separate(node, &rewriter)
    }
    rewriter.report(report, faults: faults(in: rewriter.graph, decisions.needs))
  }

  private static func shapes(of rewriter: Rewriter) -> ShapeInference {
    ShapeInference.infer(
      rewriter.graph,
      inputShapes: rewriter.graph.assumedInputShapes(rewriter.options.assumedExtents))
  }

  /// The normalisations that are written out.
  ///
  /// Those that a model spells out are one operator each while that is decided, and stay so if they are
  /// among them.
  private static func countedNorms(
    _ rewriter: inout Rewriter
  ) -> (counted: CountedNorms?, merged: [NodeID]) {
    var trial = rewriter
    let tried = merge(rewriter.graph.nodeIDs, &trial)
    var counted = CountedNorms(trial.graph, shapes: shapes(of: trial))
    guard !tried.isEmpty else { return (counted, []) }
    let chosen = tried.filter { counted.nodes.contains($0.merged) }.map(\.norm)
    let merged = merge(chosen, &rewriter).map(\.merged)
    counted.replace(tried.map(\.merged), by: merged)
    return (counted, merged)
  }

  /// Merges those of `norms` that groups are reshaped for; one may end where another begins.
  private static func merge(
    _ norms: some Sequence<NodeID>, _ rewriter: inout Rewriter
  ) -> [(norm: NodeID, merged: NodeID)] {
    var found: [(norm: NodeID, merged: NodeID)] = []
    for norm in norms where rewriter.graph.contains(norm) {
      guard let reshaped = ReshapedGroupNorm(around: norm, in: rewriter.graph),
        let merged = reshaped.merge(&rewriter)
      else { continue }
      found.append((norm, merged))
    }
    return found
  }

  /// Compares the extents that follow from the rewritten nodes with those that were decided.
  private static func faults(in graph: Graph, _ needs: Needs) -> [Fault] {
    let inference = ShapeInference.infer(graph)
    return needs.kept.indices.compactMap { index in
      let (value, position) = needs.model.axes.places[index]
      guard needs.isNarrowed(AxisID(index: index)), graph.contains(value),
        graph.constant(value) == nil, let shape = inference.shape(of: value)
      else { return nil }
      let extent = position < shape.count ? shape[position].count : 0
      guard let extent, extent != needs.kept[index].count else { return nil }
      let name = graph.values[value].name
      return Fault(
        subject: name,
        message: "\(name) has \(extent) slots on axis \(position), not \(needs.kept[index].count)")
    }
  }
}
