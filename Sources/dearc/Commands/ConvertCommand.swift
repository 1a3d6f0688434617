import ArgumentParser
import Importers
import Passes

/// Folds a model and writes it in another format.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Fold adjacent layers and write one file that gives the same answers.",
    usage: "dearc convert <input> --output <output> [<options>]")

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var passes: PassOptions
  @OptionGroup var display: DisplayOptions

  @Flag(help: "Write the model as it is.")
  var noFold = false

  func validate() throws {
    if passes.passList { return }
    try Compilation.validate(input: input, output: output)
  }

  func run() throws {
    if passes.passList { return try PassListing(passes: Pipeline.fold.passes).show(display) }
    let compilation = Compilation(
      name: "convert", flags: noFold ? ["--no-fold"] : [], input: input, output: output,
      passes: passes, display: display)
    try compilation.run { imported, options in
      Rewriting(result: noFold ? nil : try Pipeline.fold.run(imported.model, options: options))
    }
  }
}
