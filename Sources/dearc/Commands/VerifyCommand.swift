import ArgumentParser
import Executor
import IR
import Importers
import Verification

/// Compares the answers of two models.
struct VerifyCommand: NetworkRunning {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Run two models on the same inputs and compare their answers.",
    usage: "dearc verify <before> <after> [<options>]",
    discussion: """
      Inputs are drawn by lot, the same on every machine, for each shape; at the first one also all \
      ones, all zeros, and numbers a thousand times as large. Distances count in proportion to the \
      largest magnitude of an output.
      """)

  @Argument(help: "The model that answers as it should.")
  var before: String

  @Argument(help: "The model that is to answer alike.")
  var after: String

  @Option(
    name: .customLong("shape"),
    help: ArgumentHelp(
      "The shape of an input; may be repeated, also for one input.", valueName: "NAME:1,3,224,224"))
  var shapes: [InputShape] = []

  @Option(help: "How many times numbers are drawn for each shape.")
  var runs = 1

  @Option(
    help: ArgumentHelp(
      "How far answers may be apart, in proportion to the largest of an output.",
      discussion: "If not given: 8 times what other roundings of weights and inputs do."))
  var rtol: Double?

  @Option(help: "How far answers may be apart at any magnitude.")
  var atol = Tolerance.usual.absolute

  @Option(help: "What numbers are drawn from.")
  var seed: UInt64 = 0

  @Flag(help: "If the answers differ, find the first node where the models part.")
  var bisect = false

  @Option(help: "How many threads work at a time; one for each processor otherwise.")
  var threads: Int?

  @OptionGroup var display: DisplayOptions

  /// Differences up to this, in proportion, are single precision's own.
  private static let floor = 5e-7

  func validate() throws {
    guard runs > 0, threads ?? 1 > 0 else {
      throw ValidationError("--runs and --threads take positive numbers.")
    }
    guard rtol ?? 0 >= 0, atol >= 0 else {
      throw ValidationError("--rtol and --atol take numbers that are not negative.")
    }
  }

  func run() throws {
    let (first, second) = (try read(before).model, try read(after).model)
    let (trials, tolerances) = try self.trials(first, second)
    let failed = zip(trials, tolerances).first { !$0.passes($1) }
    let parting = try bisect ? failed.flatMap { try part(first, second, $0.inputs, $1) } : nil
    let report = VerifyReport(
      before, after, VerificationReport(failed == nil ? .passed : .failed, trials, tolerances),
      parting)
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      try display.show(VerifyRendering(report: report, display: display).lines)
    }
    if failed != nil { throw ExitCode(1) }
  }

  private func trials(
    _ first: Model, _ second: Model
  ) throws -> ([Verification.Trial], [Tolerance]) {
    let plan = TrialPlan(shapes: try allShapes(of: first.graph), runs: runs, seed: seed)
    do {
      let verification = try Verification(first, second, threads: threads)
      let trials = try plan.trials.compactMap { try verification.run($0) }
      guard !trials.isEmpty else {
        throw Failure(
          status: .usage, file: before,
          message: "the model takes no inputs of the shapes it was given",
          hints: ["Name shapes that it takes with --shape."])
      }
      let stated = Tolerance(relative: rtol ?? Tolerance.usual.relative, absolute: atol)
      let tolerances =
        try rtol == nil
        ? verification.tolerances(for: trials, floor: Self.floor)
        : trials.map { _ in stated }
      return (trials, tolerances)
    } catch let error as ExecutionError {
      throw Failure(error)
    }
  }

  private func part(
    _ first: Model, _ second: Model, _ inputs: TrialInputs, _ tolerance: Tolerance
  ) throws -> Bisection.Parting? {
    do {
      return try Bisection.run(first, second, on: inputs, tolerance)
    } catch {
      throw Failure(error)
    }
  }

  /// The usual shapes and others, or those that were given: the first of each input together, then the second.
  private func allShapes(of graph: Graph) throws -> [[String: [Int]]] {
    var given: [[InputShape]] = []
    for shape in shapes {
      let place = given.firstIndex { !$0.contains { $0.name == shape.name } } ?? given.count
      if place == given.count { given.append([]) }
      given[place].append(shape)
    }
    guard !given.isEmpty else {
      return TrialPlan.shapes(of: graph, usual: try AssumedInputs(graph, given: []).shapes)
    }
    return try given.map { try AssumedInputs(graph, given: $0).shapes }
  }

  private func read(_ path: String) throws -> ImportedModel {
    do {
      return try importModel(at: path, options: ImportOptions())
    } catch {
      throw Failure(error)
    }
  }
}
