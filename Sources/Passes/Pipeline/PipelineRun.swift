internal import IR

/// One walk through a pipeline.
struct PipelineRun {
  /// Bounds the rounds of a stage, of which real models need three or four; what is left undone
  /// after that many is still right.
  private static let roundLimit = 32

  private var rewriter: Rewriter
  private let options: PipelineOptions
  private let signature: Signature
  /// The values about which the input model contradicts itself.
  private let originalConflicts: Set<String>
  private var timings: [PassTiming] = []
  /// Whether the graph is checked after every pass that changed it, and not at the end alone.
  private let checksEveryPass: Bool
  /// The graph that the last pass was given, where every pass is checked.
  private(set) var graphBeforeLastPass: Graph

  init(_ graph: Graph, _ options: PipelineOptions, checksEveryPass: Bool = false) {
    self.checksEveryPass = checksEveryPass
    graphBeforeLastPass = graph
    rewriter = Rewriter(graph, options)
    signature = graph.signature
    originalConflicts = Set(ShapeInference.infer(graph).conflicts.map(\.name))
    self.options = options
  }

  mutating func perform(_ stage: Pipeline.Stage) throws(PipelineError) {
    switch stage {
    case .once(let pass):
      rewriter.edit { _ = $0.inferShapes() }
      try run(pass)
    case .untilStable(let passes):
      for _ in 0..<Self.roundLimit {
        let before = rewriter.changes.count
        rewriter.edit { _ = $0.inferShapes() }
        for pass in passes { try run(pass) }
        if rewriter.changes.count == before { return }
      }
    }
  }

  func result(_ model: Model) throws(PipelineError) -> PipelineResult {
    try check(after: nil)
    var compiled = model
    compiled.graph = rewriter.graph
    return PipelineResult(
      model: compiled, changes: rewriter.changes, refusals: rewriter.refusals,
      flushed: rewriter.flushed, pruning: rewriter.pruning, precision: rewriter.precision,
      rescaled: rewriter.rescaled, timings: timings)
  }

  private mutating func run(_ pass: Pass) throws(PipelineError) {
    guard !options.skippedPasses.contains(pass.name) else { return }
    let before = rewriter.changes.count
    if checksEveryPass { graphBeforeLastPass = rewriter.graph }
    rewriter.withdrawRefusals(of: pass.name)
    let duration = ContinuousClock().measure {
      pass.run(&rewriter)
      rewriter.graph.discardPayloads()
    }
    let changes = rewriter.changes.count - before
    note(PassTiming(pass: pass.name, duration: duration, changes: changes))
    try fail(rewriter.faults, after: pass.name)
    #if DEBUG
      let isChecked = true
    #else
      let isChecked = checksEveryPass
    #endif
    if isChecked, changes > 0 { try check(after: pass.name) }
  }

  private mutating func note(_ timing: PassTiming) {
    guard let index = timings.firstIndex(where: { $0.pass == timing.pass }) else {
      timings.append(timing)
      return
    }
    timings[index].duration += timing.duration
    timings[index].changes += timing.changes
  }

  /// The graph must be valid, keep its contract with callers, and not contradict itself anew.
  private func check(after pass: String?) throws(PipelineError) {
    let graph = rewriter.graph
    let contract =
      graph.signature.keeps(signature)
      ? [] : [Fault(subject: nil, message: "inputs or outputs changed")]
    let conflicts = ShapeInference.infer(graph).conflicts.filter {
      !originalConflicts.contains($0.name)
    }
    let violations = graph.violations().map {
      Fault(subject: graph.name(of: $0.entity), message: $0.description)
    }
    try fail(
      contract + violations + conflicts.map { Fault(subject: $0.name, message: $0.description) },
      after: pass)
  }

  private func fail(_ faults: [Fault], after pass: String?) throws(PipelineError) {
    guard faults.isEmpty else { throw PipelineError(pass: pass, found: faults) }
  }
}

extension Graph {
  /// The name by which users know what a violation is about.
  fileprivate func name(of entity: Violation.Entity) -> String? {
    switch entity {
    case .graph: nil
    case .node(let node): contains(node) ? label(node) : nil
    case .value(let value): contains(value) ? values[value].name : nil
    }
  }
}
