public import Executor
public import IR

/// Compares the answers of two models.
public final class Verification {
  /// What a comparison on one set of inputs came to.
  public struct Trial: Sendable {
    /// The inputs.
    public let inputs: TrialInputs
    /// How far each output is away.
    public let outputs: [OutputDifference]

    /// Whether all outputs are near enough.
    public func passes(_ tolerance: Tolerance) -> Bool {
      outputs.allSatisfy { $0.passes(tolerance) }
    }
  }

  private let before: Session
  private let after: Session
  private let model: Model
  private let threads: Int?
  private let byteLimit: Int?

  /// Prepares both models to be run.
  ///
  /// - Parameters:
  ///   - before: The model that answers as it should.
  ///   - after: The model that is to answer alike.
  ///   - threads: How many threads work at a time; nil for one per processor.
  ///   - byteLimit: How many bytes the values of a run may take; nil for no limit but the machine's.
  /// - Throws: `ExecutionError` if either cannot be.
  public init(
    _ before: Model, _ after: Model, threads: Int? = nil, byteLimit: Int? = nil
  ) throws(ExecutionError) {
    self.before = try Session(before, threads: threads, byteLimit: byteLimit)
    self.after = try Session(after, threads: threads, byteLimit: byteLimit)
    model = before
    self.threads = threads
    self.byteLimit = byteLimit
  }

  /// Runs both models on the same inputs.
  ///
  /// - Returns: What it came to; nil if the model before does not take inputs of these shapes, so that there is
  ///   nothing to compare with.
  /// - Throws: `ExecutionError` if the model after fails where that before does not.
  public func run(_ inputs: TrialInputs) throws(ExecutionError) -> Trial? {
    guard let tensors = inputs.tensors(for: model.graph),
      let expected = try? before.run(tensors)
    else { return nil }
    let found = try answers(besides: expected, tensors)
    let outputs = before.outputs.indices.map { index in
      OutputDifference(before.outputs[index].name, expected[index], found[index])
    }
    return Trial(inputs: inputs, outputs: outputs)
  }

  /// Runs both models on one more picture of `trial`, as the tensor that it became.
  ///
  /// - Throws: `ExecutionError` if either model cannot be run on it.
  public func run(_ picture: Constant, in trial: inout PictureTrial) throws(ExecutionError) {
    let expected = try before.run([picture])
    trial.add(before.outputs.map(\.name), expected, try answers(besides: expected, [picture]))
  }

  private func answers(
    besides expected: [Constant], _ tensors: [Constant]
  ) throws(ExecutionError) -> [Constant] {
    let found = try after.run(tensors)
    guard expected.count == found.count else {
      throw ExecutionError(mismatch: "the models have \(expected.count) and \(found.count) outputs")
    }
    return found
  }

  /// How often what rounding does a difference may be and still be taken for that.
  private static let noiseFactor = 8.0
  /// How many other roundings are tried: answers may be a single number, which one of them may miss by luck.
  private static let roundingCount: UInt64 = 4

  /// For each of `trials` the tolerance that tells a fault from rounding: many times what other roundings of
  /// the weights and inputs do to answers on inputs of that kind.
  ///
  /// - Parameters:
  ///   - trials: What was compared.
  ///   - floor: Differences up to this, in proportion, are not looked into.
  /// - Returns: A tolerance for each trial.
  /// - Throws: `ExecutionError` if the model before cannot be run.
  public func tolerances(
    for trials: [Trial], floor: Double
  ) throws(ExecutionError) -> [Tolerance] {
    let least = Tolerance(relative: floor, absolute: Tolerance.usual.absolute)
    guard !trials.allSatisfy({ $0.passes(least) }) else { return trials.map { _ in least } }
    var noise: [TrialInputs.Kind: Double] = [:]
    for seed in 0..<Self.roundingCount {
      let other = try session(of: model.roundedOtherwise(seed: seed))
      for trial in trials {
        let ratio = try self.noise(other, trial.inputs, seed)
        noise[trial.inputs.kind] = max(noise[trial.inputs.kind] ?? 0, ratio)
      }
    }
    return trials.map { Self.tolerance(noise[$0.inputs.kind] ?? 0, floor: floor) }
  }

  /// The tolerance that tells a fault from rounding on all pictures of `trial`, as rounding does on `samples`
  /// of them.
  ///
  /// - Throws: `ExecutionError` if the model before cannot be run.
  public func tolerance(
    for trial: PictureTrial, samples: [Constant], floor: Double
  ) throws(ExecutionError) -> Tolerance {
    let least = Tolerance(relative: floor, absolute: Tolerance.usual.absolute)
    guard !trial.passes(least) else { return least }
    let scales = trial.outputs.map(\.scale)
    var noise = 0.0
    for seed in 0..<Self.roundingCount {
      let other = try session(of: model.roundedOtherwise(seed: seed))
      for sample in samples {
        for (difference, scale) in zip(try differences(to: other, [sample], seed), scales)
        where scale > 0 {
          noise = max(noise, difference.largest / scale)
        }
      }
    }
    return Self.tolerance(noise, floor: floor)
  }

  private static func tolerance(_ noise: Double, floor: Double) -> Tolerance {
    let relative = max(floor, noiseFactor * noise)
    return Tolerance(relative: relative, absolute: min(Tolerance.usual.absolute, relative))
  }

  private func noise(
    _ other: Session, _ inputs: TrialInputs, _ seed: UInt64
  ) throws(ExecutionError) -> Double {
    guard let tensors = inputs.tensors(for: model.graph) else { return 0 }
    let ratios = try differences(to: other, tensors, seed).map(\.relative)
    return ratios.filter(\.isFinite).max() ?? 0
  }

  /// How far the answers of `other`, which rounds weights otherwise, are from those of the model before.
  private func differences(
    to other: Session, _ tensors: [Constant], _ seed: UInt64
  ) throws(ExecutionError) -> [OutputDifference] {
    let moved = tensors.map { $0.roundedOtherwise(seed: seed) }
    return zip(try before.run(tensors), try other.run(moved)).map { OutputDifference("", $0, $1) }
  }

  private func session(of model: Model) throws(ExecutionError) -> Session {
    try Session(model, threads: threads, byteLimit: byteLimit)
  }
}
