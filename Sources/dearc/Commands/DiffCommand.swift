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

  @Flag(name: .customLong("exit-code"), help: "Exit with status 1 if the models differ.")
  var exitCode = false

  @Flag(help: "List every node and layer, not only the first of each sort.")
  var all = false

  @OptionGroup var display: DisplayOptions

  func run() throws {
    let (first, second) = (try read(before), try read(after))
    let report = try report(first, second)
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

  private func report(_ first: ImportedModel, _ second: ImportedModel) throws -> DiffReport {
    do throws(PipelineError) {
      let comparison = try ModelComparison(first.model, second.model)
      return DiffReport(comparison, side(first, before), side(second, after))
    } catch {
      throw Failure(error)
    }
  }

  private func side(_ imported: ImportedModel, _ path: String) -> DiffSide {
    var shapes = imported.model.graph.assumedInputShapes([:])
    for shape in inputShapes where shapes[shape.name] != nil { shapes[shape.name] = shape.extents }
    return DiffSide(imported, path: path, inputShapes: shapes)
  }
}
