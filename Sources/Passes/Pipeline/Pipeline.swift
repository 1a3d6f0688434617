public import IR

/// What to do to a model, and what to leave out.
public struct PipelineOptions: Sendable {
  /// Names of passes that do not run.
  public var skippedPasses: Set<String> = []
  /// Extents assumed for symbolic dimensions where costs are estimated.
  public var assumedExtents: [String: Int] = [:]

  /// Runs everything.
  public init() {}
}

/// How long a pass took, over all rounds.
public struct PassTiming: Sendable {
  /// The pass.
  public let pass: String
  /// The time spent in it.
  public internal(set) var duration: Duration
  /// The changes it made.
  public internal(set) var changes: Int
}

/// A compiled model and the record of how it came about.
public struct PipelineResult: Sendable {
  /// The model.
  public let model: Model
  /// Every change, in order.
  public let changes: [Change]
  /// What passes declined to do.
  public let refusals: [Refusal]
  /// What became of channels, if they were pruned.
  public let pruning: PruningReport?
  /// Time per pass, in pipeline order.
  public let timings: [PassTiming]
}

/// The order in which passes run.
public struct Pipeline: Sendable {
  /// The passes that fold and tidy, run in this order until none changes anything.
  ///
  /// Constants are lifted first, because all others look for stored ones. Shape arithmetic is
  /// folded before layout, so that reshapes have literal shapes. Identities go before affine
  /// folding, which needs a layer's only reader to be the affine node. Dead nodes go last.
  public static let folding: [Pass] = [
    ConstantLifting.pass, ShapeFolding.pass, ConstantFolding.pass, IdentityElimination.pass,
    AffineFolding.pass, GateFolding.pass, ConstantMerging.pass, DeadNodeRemoval.pass,
  ]

  /// Name and summary of channel pruning, which runs between two rounds of folding.
  public static let pruning = Pass(
    name: ChannelPruning.name, summary: "Remove channels that cannot change any output.",
    rules: [
      ChannelPruning.removal, ChannelPruning.narrowing, ChannelPruning.absorbing,
      ChannelPruning.carrying,
    ], run: { _ in })

  /// Every pass there is, in the order of `dearc prune`.
  public static var registry: [Pass] { folding + [pruning] }

  private let options: PipelineOptions

  /// Makes a pipeline.
  public init(_ options: PipelineOptions = PipelineOptions()) { self.options = options }

  /// Folds and tidies.
  public func fold(_ model: Model) throws(PipelineError) -> PipelineResult {
    var run = Run(model.graph, options)
    try run.fold()
    return try run.result(model, pruning: nil)
  }

  /// Folds, removes channels, and folds again.
  public func prune(_ model: Model) throws(PipelineError) -> PipelineResult {
    var run = Run(model.graph, options)
    try run.fold()
    let report = try run.prune()
    try run.fold()
    return try run.result(model, pruning: report)
  }
}

/// A pass made a graph that is not valid, which is a fault in dearc and not in the model.
public struct PipelineError: Error, CustomStringConvertible {
  /// The pass after which the fault was found; nil if only the end of the pipeline checked.
  public let pass: String?
  /// What is wrong with the graph.
  public let faults: [String]

  /// The faults in words, the first few of them.
  public var description: String {
    let place = pass.map { "pass \($0)" } ?? "the pipeline"
    let list = faults.prefix(5).joined(separator: "\n")
    return "internal error: \(place) made an invalid graph; please report this\n\(list)"
  }
}

/// One walk through the pipeline.
private struct Run {
  /// Bounds the rounds of folding; each round that changes something removes nodes, so real
  /// models need three or four.
  private static let roundLimit = 32

  private var rewriter: Rewriter
  private let options: PipelineOptions
  private let signature: Signature
  /// The values about which the input model contradicts itself.
  private let originalConflicts: Set<String>
  private var timings: [PassTiming] = []

  init(_ graph: Graph, _ options: PipelineOptions) {
    rewriter = Rewriter(graph)
    signature = graph.signature
    originalConflicts = Set(ShapeInference.infer(graph).conflicts.map(\.name))
    self.options = options
  }

  mutating func fold() throws(PipelineError) {
    for _ in 0..<Self.roundLimit {
      let before = rewriter.changes.count
      rewriter.edit { _ = $0.inferShapes() }
      for pass in Pipeline.folding { try time(pass.name, pass.run) }
      if rewriter.changes.count == before { return }
    }
  }

  mutating func prune() throws(PipelineError) -> PruningReport? {
    var report: PruningReport?
    let assumed = options.assumedExtents
    try time(ChannelPruning.name) { rewriter in
      rewriter.edit { _ = $0.inferShapes() }
      let shapes = ShapeInference.infer(
        rewriter.graph, inputShapes: rewriter.graph.assumedInputShapes(assumed))
      report = ChannelPruning.run(&rewriter, assuming: shapes)
    }
    try fail(report?.faults ?? [], after: ChannelPruning.name)
    return report
  }

  func result(
    _ model: Model, pruning: PruningReport?
  ) throws(PipelineError) -> PipelineResult {
    try check(after: nil)
    var compiled = model
    compiled.graph = rewriter.graph
    return PipelineResult(
      model: compiled, changes: rewriter.changes, refusals: rewriter.refusals, pruning: pruning,
      timings: timings)
  }

  /// The graph must be valid, keep its contract with callers, and not contradict itself anew.
  private func check(after pass: String?) throws(PipelineError) {
    let graph = rewriter.graph
    let contract = graph.signature.keeps(signature) ? [] : ["inputs or outputs changed"]
    let conflicts = ShapeInference.infer(graph).conflicts.filter {
      !originalConflicts.contains($0.name)
    }
    try fail(
      contract + graph.violations().map(\.description) + conflicts.map(\.description), after: pass)
  }

  private func fail(_ faults: [String], after pass: String?) throws(PipelineError) {
    guard faults.isEmpty else { throw PipelineError(pass: pass, faults: faults) }
  }

  private mutating func time(
    _ name: String, _ body: (inout Rewriter) -> Void
  ) throws(PipelineError) {
    guard !options.skippedPasses.contains(name) else { return }
    let before = rewriter.changes.count
    let duration = ContinuousClock().measure { body(&rewriter) }
    let changes = rewriter.changes.count - before
    if let index = timings.firstIndex(where: { $0.pass == name }) {
      timings[index].duration += duration
      timings[index].changes += changes
    } else {
      timings.append(PassTiming(pass: name, duration: duration, changes: changes))
    }
    #if DEBUG
      if changes > 0 { try check(after: name) }
    #endif
  }
}
