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
  private let graph: Graph

  /// Prepares both models to be run.
  ///
  /// - Throws: `ExecutionError` if either cannot be.
  public init(_ before: Model, _ after: Model, threads: Int? = nil) throws(ExecutionError) {
    self.before = try Session(before, threads: threads)
    self.after = try Session(after, threads: threads)
    graph = before.graph
  }

  /// Runs both models on the same inputs.
  ///
  /// - Returns: What it came to; nil if the model before does not take inputs of these shapes, so that there is
  ///   nothing to compare with.
  /// - Throws: `ExecutionError` if the model after fails where that before does not.
  public func run(_ inputs: TrialInputs) throws(ExecutionError) -> Trial? {
    guard let tensors = inputs.tensors(for: graph),
      let expected = try? before.run(tensors)
    else { return nil }
    let found = try after.run(tensors)
    guard expected.count == found.count else {
      throw ExecutionError(mismatch: "the models have \(expected.count) and \(found.count) outputs")
    }
    let outputs = before.outputs.indices.map { index in
      OutputDifference(before.outputs[index].name, expected[index], found[index])
    }
    return Trial(inputs: inputs, outputs: outputs)
  }

  /// Runs both models on given tensors, one for each input.
  public func run(on tensors: [Constant]) throws(ExecutionError) -> [OutputDifference] {
    let (expected, found) = (try before.run(tensors), try after.run(tensors))
    return zip(before.outputs, zip(expected, found)).map {
      OutputDifference($0.name, $1.0, $1.1)
    }
  }
}
