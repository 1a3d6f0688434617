import Alignment
import ArgumentParser
import Comparison
import Executor
import Formats
import IR
import Importers
import Passes

/// Shows what changed between two models.
struct DiffCommand: NetworkRunning {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Show what changed between two models: nodes, channels, weights, costs.",
    usage: "dearc diff <before> <after> [<options>]",
    discussion: """
      Nodes are matched by structure, so that renaming, folding and pruning do not get in the way, and \
      which channels were kept is told from the weights: neither file has to be dearc's.

      With --activations, values that both models compute are compared on pictures, in the order of the \
      network: of those that lost channels the ones that are left. What the models do not have in the same \
      form, because a factor is folded elsewhere, is not compared.
      """)

  @Argument(help: "The model to compare with.")
  var before: String

  @Argument(help: "The model that was made from it.")
  var after: String

  @Option(
    name: .customLong("input-shape"),
    help: ArgumentHelp(
      "The shape of an input for which work is counted; may be repeated.",
      valueName: "NAME:1,3,224,224"))
  var inputShapes: [InputShape] = []

  @Option(
    help: ArgumentHelp(
      "Also write a page to look at in a browser: both graphs side by side.", valueName: "file"))
  var html: String?

  @Option(
    help: ArgumentHelp(
      "Also write which nodes belong together, for Model Explorer to sync two graphs by.",
      valueName: "file"))
  var modelExplorer: String?

  @Option(
    help: ArgumentHelp(
      "Alignment statistics of the model before, which the page shows by channel.",
      valueName: "file"))
  var stats: String?

  @Flag(name: .customLong("exit-code"), help: "Exit with status 1 if the models differ.")
  var exitCode = false

  @Flag(help: "List every node and layer, not only the first of each sort.")
  var all = false

  @Flag(
    help:
      "Also run both models on the pictures of --images, and show where along the network they part."
  )
  var activations = false

  @OptionGroup var pictures: PictureOptions

  @Option(
    help: ArgumentHelp(
      "How far a value may be away before models count as parted, in proportion to its root mean square.",
      valueName: "ratio"))
  var rtol = ActivationRun.usualTolerance

  @Option(help: "How many threads run networks; one for each processor otherwise.")
  var threads: Int?

  @OptionGroup var display: DisplayOptions

  func validate() throws {
    guard activations == (pictures.images != nil) else {
      throw ValidationError("--activations and --images need each other.")
    }
    guard rtol >= 0, threads ?? 1 > 0 else {
      throw ValidationError("--rtol takes no negative number, and --threads a positive one.")
    }
    if stats != nil, html == nil {
      throw ValidationError("--stats is for the page that --html writes.")
    }
  }

  func run() throws {
    let (first, second) = (try read(before), try read(after))
    let comparison = try compare(first, second)
    try checkShapes(comparison)
    let costs = DiffCosts(
      before: try cost(of: comparison.before), after: try cost(of: comparison.after))
    let report = DiffReport(
      comparison, costs, DiffSide(first, path: before, costs.before),
      DiffSide(second, path: after, costs.after), try activations(comparison, first, second))
    try writeFiles(comparison, costs, report)
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      try display.show(DiffRendering(report: report, display: display, isWhole: all).lines)
    }
    if exitCode, report.verdict != .identical { throw ExitCode(1) }
  }

  private func activations(
    _ comparison: ModelComparison, _ first: ImportedModel, _ second: ImportedModel
  ) throws -> ActivationRun? {
    let models = (
      ComparedModel(path: before, imported: first), ComparedModel(path: after, imported: second)
    )
    var progress = Progress(isQuiet: display.quiet)
    return try pictures.listed(models.0, models.1).map {
      try ActivationRun(
        comparison, first.model, second.model, $0, tolerance: rtol, threads: threads, &progress)
    }
  }

  private func read(_ path: String) throws -> ImportedModel {
    do throws(ImportError) {
      var imported = try importModel(at: path, options: ImportOptions())
      // How pictures are to be prepared, and what answers mean, is part of what callers see.
      let keys = [PreprocessingOptions.key, OutputMeaningOptions.key]
      imported.model.annotations.metadata += imported.provenance.filter { keys.contains($0.key) }
      return imported
    } catch {
      throw Failure(error)
    }
  }

  private func compare(_ first: ImportedModel, _ second: ImportedModel) throws -> ModelComparison {
    let records = ProvenanceReader(second.provenance).kept
    let comparison = try compare(first, second, records)
    // The file before is only read to its end where it matters what it is.
    guard comparison.reliesOnRecords, try !isMade(second, from: first) else { return comparison }
    return try compare(first, second, [])
  }

  private func compare(
    _ first: ImportedModel, _ second: ImportedModel, _ records: [NarrowedAxis]
  ) throws -> ModelComparison {
    do throws(PipelineError) {
      return try ModelComparison(
        first.model, second.model, records: records, evaluate: ConstantEvaluation.evaluate)
    } catch {
      throw Failure(error)
    }
  }

  /// Whether the file after says that it was made from the file before, or from what that has all channels of.
  private func isMade(_ second: ImportedModel, from first: ImportedModel) throws -> Bool {
    let other = ProvenanceReader(first.provenance)
    guard let source = ProvenanceReader(second.provenance).inputs.first else { return false }
    let isSibling = other.kept.isEmpty && other.inputs.first == source
    return try isSibling || ModelFiles.digests(of: [before]) == [source]
  }

  /// Writes what was asked for besides the report, all of it or nothing.
  private func writeFiles(
    _ comparison: ModelComparison, _ costs: DiffCosts, _ report: DiffReport
  ) throws {
    let sources = [before, after] + (stats.map { [$0] } ?? [])
    var files: [AtomicFile] = []
    if let html {
      let page = DiffPageReport(comparison, report, costs: costs, statistics: try statistics())
      let text = try EmbeddedPage.html(PackageResources.DiffPage_html, page)
      files.append(try ModelFiles.prepare(text, for: html, keeping: sources))
    }
    if let modelExplorer {
      let text = try JSONDocument.text(NodeMappingReport(comparison))
      files.append(try ModelFiles.prepare(text, for: modelExplorer, keeping: sources))
    }
    try ModelFiles.commit([], with: files)
  }

  private func statistics() throws -> AlignmentStatistics? {
    try stats.map(StatisticsFiles.read)
  }

  /// Every shape that was given has to be of an input of one of the models.
  private func checkShapes(_ comparison: ModelComparison) throws {
    let names = [comparison.before, comparison.after].flatMap(\.inputNames)
    for shape in inputShapes where !names.contains(shape.name) {
      throw Failure(
        status: .usage, message: "--input-shape: neither model has an input '\(shape.name)'",
        hints: ["The inputs are: \(names.joined(separator: ", "))"])
    }
  }

  private func cost(of graph: Graph) throws -> GraphCost {
    let given = inputShapes.filter { graph.inputNames.contains($0.name) }
    return graph.cost(inputShapes: try AssumedInputs(graph, given: given).shapes)
  }
}

extension Graph {
  fileprivate var inputNames: [String] { requiredInputs.map { values[$0].name } }
}
