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

  /// More multiplications than that take too long for a check that nobody asked for.
  private static let limit = 60_000_000_000

  /// Weights of more bytes than that are not put into the order that running wants them in, twice.
  private static let weightLimit = 400_000_000
  /// How many bytes the values of a run may take.
  private static let byteLimit = 1 << 30
  /// Differences up to this, in proportion, are not looked into: that takes several runs more.
  private static let floor = 2e-5
  let threads: Int?
  /// Whether rounding was asked for, so that answers are expected to differ.
  let isApproximate: Bool

  /// Runs `before` and `after` at the usual shapes and at others, as long as there is time.
  func run(_ before: Model, _ after: Model, usual: [String: [Int]]) -> Outcome {
    let cost = before.graph.cost(inputShapes: usual)
    guard cost.constantBytes <= Self.weightLimit else {
      return .skipped(
        "its weights take \(Quantities.bytes(cost.constantBytes)); dearc verify compares both files"
      )
    }
    let macs = cost.macs
    guard let macs, macs <= Self.limit else {
      return .skipped(
        macs == nil
          ? "extents are open" : "one run takes \(Quantities.scaled(macs ?? 0)) multiplications")
    }
    do throws(ExecutionError) {
      let verification = try Verification(
        before, after, threads: threads, byteLimit: Self.byteLimit)
      let plan = TrialPlan(shapes: TrialPlan.shapes(of: before.graph, usual: usual))
      return try run(verification, plan.trials.prefix(max(1, Self.limit / (2 * max(macs, 1)))))
    } catch {
      return .skipped(error.description)
    }
  }

  private func run(
    _ verification: Verification, _ inputs: ArraySlice<TrialInputs>
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
