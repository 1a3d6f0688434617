import Verification

/// What a comparison of answers came to.
struct VerificationReport: Encodable {
  enum Verdict: String, Encodable {
    case passed, failed
    /// Rounding was asked for: the difference is stated, and nothing is expected of it.
    case measured
    case skipped
  }

  struct Trial: Encodable {
    let inputs: String
    let seed: UInt64
    let shapes: [String: [Int]]
    /// How far answers may be apart, in proportion to the largest of an output, and at any magnitude.
    let relativeTolerance: Double
    let absoluteTolerance: Double
    let outputs: [Output]
  }

  /// Numbers are absent where they, or squares that they are made from, exceed double precision.
  struct Output: Encodable {
    let name: String
    let elements: Int
    let largest: Double?
    let mean: Double?
    let meanRelative: Double?
    let percentile99: Double?
    /// In proportion to the largest magnitude before: the tolerance that would just pass; absent if none would.
    let relative: Double?
    let cosine: Double?
    let worst: [Int]
    let worstBefore: Double
    let worstAfter: Double
    /// Elements that are no finite numbers in one output alone.
    let strays: Int
    /// Elements that are no finite numbers in both outputs.
    let nonFinite: Int
    let mismatch: String?
    let passed: Bool
  }

  let verdict: Verdict
  /// Why it was not done.
  let reason: String?
  let trials: [Trial]

  init(
    _ verdict: Verdict, _ trials: [Verification.Trial], _ tolerances: [Tolerance],
    reason: String? = nil
  ) {
    self.verdict = verdict
    self.reason = reason
    self.trials = zip(trials, tolerances).map { Trial($0, $1) }
  }

  init(_ outcome: BuiltInVerification.Outcome) {
    switch outcome {
    case .passed(let trials, let tolerances): self.init(.passed, trials, tolerances)
    case .measured(let trials): self.init(.measured, trials, trials.map { _ in .usual })
    case .failed(let trial, let tolerance): self.init(.failed, [trial], [tolerance])
    case .skipped(let reason): self.init(.skipped, [], [], reason: reason)
    }
  }

  /// The same in a sentence.
  var summary: String {
    let difference = relative.map { Quantities.scientific($0) + " of the largest" } ?? "too far"
    let shapes = trials.map { trial in
      trial.shapes.sorted { $0.key < $1.key }
        .map { $0.value.map(String.init).joined(separator: "×") }.joined(separator: " and ")
    }
    var seen: Set<String> = []
    let places = shapes.filter { seen.insert($0).inserted }.joined(separator: ", ")
    switch verdict {
    case .passed:
      let nearness = relative == 0 ? "bit by bit" : "to \(difference)"
      return
        "Verified: both networks answer alike on \(trials.count) inputs (\(places)), \(nearness)."
    case .measured:
      return "Answers differ by at most \(difference) on \(trials.count) inputs (\(places))."
    case .failed:
      let trial = trials.first
      let output = trial?.outputs.first { !$0.passed }
      return
        "'\(output?.name ?? "")' is \(difference) away on \(trial?.inputs ?? "") inputs of \(places), "
        + "where \(Quantities.scientific(trial?.relativeTolerance ?? 0)) is allowed"
    case .skipped: return "Not verified: \(reason ?? "")."
    }
  }

  /// The largest difference of all trials, in proportion; nil if one cannot be stated.
  var relative: Double? {
    let all = trials.flatMap(\.outputs).map(\.relative)
    return all.contains(nil) ? nil : all.compactMap { $0 }.max()
  }
}

extension VerificationReport.Trial {
  init(_ trial: Verification.Trial, _ tolerance: Tolerance) {
    inputs = trial.inputs.kind.rawValue
    seed = trial.inputs.seed
    shapes = trial.inputs.shapes
    relativeTolerance = tolerance.relative
    absoluteTolerance = tolerance.absolute
    outputs = trial.outputs.map { VerificationReport.Output($0, tolerance) }
  }
}

extension VerificationReport.Output {
  init(_ output: OutputDifference, _ tolerance: Tolerance) {
    name = output.name
    elements = output.count
    largest = Self.finite(output.largest)
    mean = Self.finite(output.mean)
    meanRelative = Self.finite(output.meanRelative)
    percentile99 = Self.finite(output.percentile99)
    relative =
      output.relative.isFinite && output.strayCount == 0 && output.mismatch == nil
      ? output.relative : nil
    cosine = Self.finite(output.cosine)
    worst = output.worst
    worstBefore = output.worstBefore
    worstAfter = output.worstAfter
    strays = output.strayCount
    nonFinite = output.nonFiniteCount
    mismatch = output.mismatch
    passed = output.passes(tolerance)
  }

  private static func finite(_ number: Double) -> Double? { number.isFinite ? number : nil }
}
