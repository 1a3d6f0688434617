import ArgumentParser
import Executor
import IR
import Importers
import Passes

/// Shows what a model holds.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a model holds: operators, parameters, work, channels.",
    usage: "dearc inspect <input> [<options>]")

  @OptionGroup var input: InputOptions
  @OptionGroup var display: DisplayOptions

  @Flag(help: "Show which channels could go, and which could not and why.")
  var channels = false

  @Flag(
    help: ArgumentHelp(
      "Print the graph as text, a line for each node, with values by their names.",
      discussion:
        "Large tensors are a hash; with --verbose they are whole, and nothing is left out."))
  var text = false

  func validate() throws {
    _ = try input.path()
    if text && (display.json || channels) {
      throw ValidationError("--text prints the graph alone; it excludes --json and --channels.")
    }
  }

  func run() throws {
    let imported = try ModelFiles.read(input)
    guard !text else { return try printText(of: imported.model) }
    let report = try report(on: imported)
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      try display.show(InspectRendering(report: report, display: display).lines)
    }
  }

  private func printText(of model: Model) throws {
    // A node more or less is a line more or less, and no number in the others.
    let brief = PrintOptions(
      constants: .summary(maxElements: 16), identifiers: .names, origins: false)
    try Terminal.writeResult(model.text(display.verbose ? PrintOptions() : brief))
  }

  private func report(on imported: ImportedModel) throws -> InspectReport {
    let model = imported.model
    let assumed = try AssumedInputs(model.graph, given: input.inputShapes)
    let pruning = Pipeline.prune.storingWeights(in: .single)
    var options = PipelineOptions()
    options.assumedExtents = assumed.extents
    options.evaluate = ConstantEvaluation.evaluate
    let result = channels ? try pruning.run(model, options: options).pruning : nil
    return InspectReport(
      imported, path: try input.path(), countedAt: assumed.shapes,
      channels: result.map(ChannelReport.init))
  }
}
