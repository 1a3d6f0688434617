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

      With --images, both models are also given every picture of a folder, which count as one batch; \
      --runs 0 leaves the drawn inputs out. A picture that cannot be read is warned of and left out.

      Exit status: 0 if the answers are near enough, 1 if not.
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

  @Option(help: "How many times numbers are drawn for each shape; 0 for pictures alone.")
  var runs = 1

  @OptionGroup var pictures: PictureOptions

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
    guard runs > 0 || runs == 0 && pictures.images != nil, threads ?? 1 > 0 else {
      throw ValidationError(
        "--runs and --threads take positive numbers; with --images, --runs also takes 0.")
    }
    guard rtol ?? 0 >= 0, atol >= 0 else {
      throw ValidationError("--rtol and --atol take numbers that are not negative.")
    }
  }

  func run() throws {
    let report = try compare()
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      try display.show(VerifyRendering(report: report, display: display).lines)
    }
    if report.verification.verdict == .failed { throw ExitCode(1) }
  }

  private func compare() throws -> VerifyReport {
    let (first, second) = (try read(before), try read(after))
    let models = (first.imported.model, second.imported.model)
    do {
      let verification = try Verification(models.0, models.1, threads: threads)
      let shown = try pictures.listed(first, second).map { try answers(verification, to: $0) }
      let (trials, tolerances) = try self.trials(
        verification, models.0.graph, isNeeded: shown == nil)
      let failed = zip(trials, tolerances).first { !$0.passes($1) }
      let isPassed = failed == nil && shown?.passes ?? true
      let parting = try bisect ? part(models, failed, shown) : nil
      return VerifyReport(
        before, after, VerificationReport(isPassed ? .passed : .failed, trials, tolerances), shown,
        parting)
    } catch let error as ExecutionError {
      throw Failure(error)
    }
  }

  private func answers(
    _ verification: Verification, to pictures: ComparedPictures
  ) throws -> PictureVerification {
    var progress = Progress(isQuiet: display.quiet)
    return try PictureVerification(
      verification, pictures, stated: stated, floor: Self.floor, &progress)
  }

  /// How far answers may be apart, if that is not to be measured.
  private var stated: Tolerance? { rtol.map { Tolerance(relative: $0, absolute: atol) } }

  /// What comparing on drawn inputs comes to; some are taken by the model if that `isNeeded`.
  private func trials(
    _ verification: Verification, _ graph: Graph, isNeeded: Bool
  ) throws -> ([Verification.Trial], [Tolerance]) {
    guard runs > 0 else { return ([], []) }
    let plan = TrialPlan(shapes: try allShapes(of: graph), runs: runs, seed: seed)
    let trials = try plan.trials.compactMap { try verification.run($0) }
    guard !trials.isEmpty || !isNeeded else {
      throw Failure(
        status: .usage, file: before,
        message: "the model takes no inputs of the shapes it was given",
        hints: ["Name shapes that it takes with --shape."])
    }
    let tolerances =
      try stated.map { stated in trials.map { _ in stated } }
      ?? verification.tolerances(for: trials, floor: Self.floor)
    return (trials, tolerances)
  }

  /// Where the models part on the inputs that failed first, or the picture that failed worst.
  private func part(
    _ models: (Model, Model), _ failed: (trial: Verification.Trial, tolerance: Tolerance)?,
    _ pictures: PictureVerification?
  ) throws -> Bisection.Parting? {
    if let failed, let tensors = failed.trial.inputs.tensors(for: models.0.graph) {
      return try Bisection.run(
        models.0, models.1, on: tensors, failed.tolerance, threads: threads)
    }
    guard let pictures, !pictures.passes, let worst = try pictures.worst() else { return nil }
    return try Bisection.run(
      models.0, models.1, on: [worst], pictures.tolerance, threads: threads)
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

  private func read(_ path: String) throws -> ComparedModel {
    do {
      return ComparedModel(
        path: path, imported: try importModel(at: path, options: ImportOptions()))
    } catch {
      throw Failure(error)
    }
  }
}
