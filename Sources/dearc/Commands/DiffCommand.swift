import Alignment
import ArgumentParser
import Comparison
import IR
import Importers
import Passes

/// Shows what changed between two models.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Show what changed between two models: nodes, channels, weights, costs.",
    usage: "dearc diff <before> <after> [<options>]",
    discussion: """
      Nodes are matched by structure, so that renaming, folding and pruning do not get in the way, and \
      which channels were kept is told from the weights: neither file has to be dearc's.
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
      "Alignment statistics of the model before, which the page shows by channel.",
      valueName: "file"))
  var stats: String?

  @Flag(name: .customLong("exit-code"), help: "Exit with status 1 if the models differ.")
  var exitCode = false

  @Flag(help: "List every node and layer, not only the first of each sort.")
  var all = false

  @OptionGroup var display: DisplayOptions

  func validate() throws {
    if stats != nil, html == nil {
      throw ValidationError("--stats is for the page that --html writes.")
    }
  }

  func run() throws {
    let (first, second) = (try read(before), try read(after))
    let comparison = try compare(first, second)
    let report = DiffReport(comparison, side(first, before), side(second, after))
    if let html { try write(comparison, report, to: html) }
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      try display.show(DiffRendering(report: report, display: display, isWhole: all).lines)
    }
    if exitCode, report.verdict != .identical { throw ExitCode(1) }
  }

  private func read(_ path: String) throws -> ImportedModel {
    do throws(ImportError) {
      return try importModel(at: path, options: ImportOptions())
    } catch {
      throw Failure(error)
    }
  }

  private func compare(_ first: ImportedModel, _ second: ImportedModel) throws -> ModelComparison {
    do throws(PipelineError) {
      return try ModelComparison(first.model, second.model)
    } catch {
      throw Failure(error)
    }
  }

  private func write(
    _ comparison: ModelComparison, _ report: DiffReport, to path: String
  ) throws {
    let costs = (cost(of: comparison.before), cost(of: comparison.after))
    let page = DiffPageReport(comparison, report, costs: costs, statistics: try statistics())
    let file = try ModelFiles.prepare(
      try DiffPage(report: page).html(), for: path,
      keeping: [before, after] + (stats.map { [$0] } ?? []))
    try ModelFiles.commit([], with: [file])
  }

  private func statistics() throws -> AlignmentStatistics? {
    guard let stats else { return nil }
    do {
      return try importStatistics(at: stats)
    } catch {
      throw Failure(error)
    }
  }

  private func cost(of graph: Graph) -> GraphCost { graph.cost(inputShapes: shapes(of: graph)) }

  private func shapes(of graph: Graph) -> [String: [Int]] {
    var shapes = graph.assumedInputShapes([:])
    for shape in inputShapes where shapes[shape.name] != nil { shapes[shape.name] = shape.extents }
    return shapes
  }

  private func side(_ imported: ImportedModel, _ path: String) -> DiffSide {
    DiffSide(imported, path: path, inputShapes: shapes(of: imported.model.graph))
  }
}
