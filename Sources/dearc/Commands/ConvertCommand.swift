import ArgumentParser
import Importers
import Passes

/// Folds a model and writes it in another format.
struct ConvertCommand: NetworkRunning {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Fold adjacent layers and write one file that gives the same answers.",
    usage: "dearc convert <input> --output <output> [<options>]")

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var precision: PrecisionOptions
  @OptionGroup var passes: PassOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup(title: "What the file states") var preprocessing: PreprocessingOptions
  @OptionGroup(title: "What the file states") var outputMeaning: OutputMeaningOptions

  @OptionGroup var display: DisplayOptions

  @Flag(help: "Write the model as it is.")
  var noFold = false

  func validate() throws {
    if passes.passList { return }
    try Compilation.validate(
      input: input, output: output, precision: precision,
      statements: preprocessing.given + outputMeaning.given)
  }

  func run() throws {
    if passes.passList {
      return try PassListing(passes: (pipeline ?? .empty).passes).show(display)
    }
    let compilation = Compilation(
      name: "convert", flags: noFold ? ["--no-fold"] : [], input: input, output: output,
      passes: passes, precision: precision, verification: verification,
      preprocessing: preprocessing, outputMeaning: outputMeaning, display: display)
    try compilation.run { imported, options in
      Rewriting(result: try pipeline?.run(imported.model, options: options))
    }
  }

  /// What is done to the model; nil if it is written as it is.
  ///
  /// Weights that were read in a compact form stay so: nothing of what folding does needs them.
  private var pipeline: Pipeline? {
    let folding = noFold ? nil : Pipeline.fold
    guard let dtype = precision.dtype else { return folding }
    return (folding ?? .empty).storingWeights(in: dtype)
  }
}
