import ArgumentParser

/// The file to write.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write; .onnx, .safetensors or .h5 chooses the format.",
      discussion: "HDF5 holds the weights alone, by the names of initializers."))
  var output: String?

  @Flag(help: "Allow the output to replace the input, and statistics to be another model's.")
  var force = false

  /// The file to write.
  ///
  /// - Throws: `ValidationError` if there is none, or its extension is not known.
  func file() throws -> OutputFile { try OutputFile(output) }
}
