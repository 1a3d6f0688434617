import Dissection
import IR
import Images
import Passes

/// Which values a run of `dissect` measures.
struct DissectionTargets {
  private let command: DissectCommand
  private let graph: Graph
  private let batches: [[DiagnosticPair]]
  private let preparation: SamplePreparation

  init(
    _ command: DissectCommand, _ graph: Graph, _ batches: [[DiagnosticPair]],
    _ preparation: SamplePreparation
  ) {
    self.command = command
    var graph = graph
    _ = graph.inferShapes()
    self.graph = graph
    self.batches = batches
    self.preparation = preparation
  }

  /// The values asked for, or the one that DEAR measures.
  ///
  /// - Throws: `Failure` if one is no feature map.
  func found() throws -> [DissectionTarget] {
    guard graph.requiredInputs.count == 1 else {
      throw Failure(
        status: .malformedInput, file: command.input.input,
        message: "the model has \(graph.requiredInputs.count) inputs; pictures are for one")
    }
    do {
      if command.target == ["all"] { return try all() }
      let names = command.target
      guard !names.isEmpty else { return [try usual()] }
      return try names.map { try graph.dissectionTarget($0, grid: command.tokens) }
    } catch let error as DissectionTargetError {
      throw Failure(
        status: .usage, file: command.input.input, message: "--target: \(error.message)",
        hints: ["dearc inspect --text shows what values are called."])
    } catch let error as TargetError {
      throw Failure(error)
    }
  }

  private func usual() throws -> DissectionTarget {
    let (name, axis) = try graph.defaultPruningTarget()
    guard let target = DissectionTarget(named: name, axis: axis, grid: command.tokens, in: graph)
    else {
      throw Failure(status: .internalError, message: "'\(name)' cannot be found again")
    }
    return target
  }

  private func all() throws -> [DissectionTarget] {
    let sample = preparation.samples(batches.joined(), limit: 1).first
    let input = graph.values[graph.requiredInputs[0]].name
    let targets = graph.activationTargets(
      inputShapes: sample.map { [input: $0.picture.shape] } ?? [:])
    guard !targets.isEmpty else {
      throw Failure(
        status: .malformedInput, file: command.input.input,
        message: "the model applies no function to a feature map",
        hints: ["Name the values that are meant with --target."])
    }
    return targets
  }
}
