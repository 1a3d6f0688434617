import Executor
import IR
import Verification

/// Compares what a command made with what it has to equal, before anything is written.
struct BuiltInVerification {
  /// What it came to.
  enum Outcome {
    /// All trials passed.
    case passed([Verification.Trial], [Tolerance])
    /// Rounding was asked for, so that answers differ, by this.
    case measured([Verification.Trial])
    /// The answers differ.
    case failed(Verification.Trial, Tolerance)
    /// It was not done, for this reason.
    case skipped(String)
  }

  /// Both models together may take as many multiplications: some seconds, for a check that nobody asked for.
  private static let limit = 300_000_000_000

  /// Weights of more bytes than that are not put into the order that running wants them in, twice.
  private static let weightLimit = 400_000_000
  /// How many bytes all nodes of a run may write.
  private static let resultLimit = 4 << 30
  /// How many bytes the values of a run may take at a time.
  private static let byteLimit = 1 << 30
  /// Differences up to this, in proportion, are not looked into: that takes several runs more.
  private static let floor = Tolerance.usual.relative
  let threads: Int?
  /// Whether rounding was asked for, so that answers are expected to differ.
  let isApproximate: Bool

  /// Runs `before` and `after` at the usual shapes and at others, as long as there is time.
  func run(_ before: Model, _ after: Model, usual: [String: [Int]]) -> Outcome {
    let graph = before.graph
    if graph.hasLoops { return .skipped("how often a loop runs is not known") }
    let bytes = graph.cost(inputShapes: usual).constantBytes
    if bytes > Self.weightLimit {
      return .skipped(
        "its weights take \(Quantities.bytes(bytes)); dearc verify compares both files")
    }
    let shapes = TrialPlan.shapes(of: graph, usual: usual).map { ($0, Effort(of: graph, at: $0)) }
    let feasible = shapes.filter { $0.1.reasonToSkip == nil }.map(\.0)
    guard !feasible.isEmpty else { return .skipped(shapes[0].1.reasonToSkip ?? "") }
    do throws(ExecutionError) {
      let verification = try Verification(
        before, after, threads: threads, byteLimit: Self.byteLimit)
      return try run(verification, affordable(TrialPlan(shapes: feasible).trials, graph))
    } catch {
      return .skipped(error.description)
    }
  }

  /// As many of the trials as there is time for.
  private func affordable(_ trials: [TrialInputs], _ graph: Graph) -> [TrialInputs] {
    var left = Self.limit
    return trials.filter { trial in
      let macs = Effort(of: graph, at: trial.shapes).macs ?? 0
      guard 2 * macs <= left else { return false }
      left -= 2 * macs
      return true
    }
  }

  /// What one run of a model takes.
  private struct Effort {
    let macs: Int?
    /// How many bytes all nodes write.
    let written: Int?

    init(of graph: Graph, at shapes: [String: [Int]]) {
      let cost = graph.cost(inputShapes: shapes)
      macs = cost.macs
      written = graph.nodeIDs.map { cost.byNode[$0].activationBytes }
        .reduce(0 as Int?) { total, bytes in
          guard let total, let bytes, bytes <= resultLimit else { return nil }
          return total + bytes
        }
    }

    /// Why a check that nobody asked for would take too long, or might never end.
    var reasonToSkip: String? {
      guard let macs, let written else { return "extents are open, or very large" }
      if macs > limit / 4 { return "one run takes \(Quantities.scaled(macs)) multiplications" }
      return written > resultLimit ? "one run writes \(Quantities.bytes(written))" : nil
    }
  }

  private func run(
    _ verification: Verification, _ inputs: [TrialInputs]
  ) throws(ExecutionError) -> Outcome {
    var trials: [Verification.Trial] = []
    for each in inputs {
      guard let trial = try verification.run(each) else { continue }
      trials.append(trial)
    }
    guard !trials.isEmpty else { return .skipped("the model takes no inputs of the usual shapes") }
    guard !isApproximate else { return .measured(trials) }
    let sharp = try verification.tolerances(for: trials, floor: Self.floor)
    if let (trial, tolerance) = zip(trials, sharp).first(where: { !$0.passes($1) }) {
      return .failed(trial, tolerance)
    }
    return .passed(trials, sharp)
  }
}

extension Graph {
  /// Whether a node of the graph or of a body runs a body as often as it likes.
  fileprivate var hasLoops: Bool {
    nodeIDs.contains { node in
      let kind = nodes[node].op.kind
      return kind == .loop || kind == .scan
        || nodes[node].attributes.flatMap(\.value.graphs).contains(where: \.hasLoops)
    }
  }
}
