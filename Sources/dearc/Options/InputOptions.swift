import ArgumentParser

/// The model to read, and what to assume about its inputs.
struct InputOptions: ParsableArguments {
  @Argument(
    help: "The model to read: ONNX, Keras (.keras, .h5), or safetensors written by dearc.")
  var input: String?

  @Option(
    name: .customLong("input-shape"),
    help: ArgumentHelp(
      "The shape of an input for which work is counted; may be repeated.",
      discussion: "Open extents are otherwise taken as batch 1 and images of 224 × 224.",
      valueName: "NAME:1,3,224,224"))
  var inputShapes: [InputShape] = []

  @Option(
    help: ArgumentHelp(
      "The JSON of a Keras model, as its to_json() gives it, if the input holds weights only.",
      valueName: "file"))
  var topology: String?

  @Option(
    help: ArgumentHelp(
      "Tensors that replace those of the same names: a checkpoint in safetensors or HDF5.",
      discussion:
        "All of them must fit; initializers that the file does not name keep what they have.",
      valueName: "file"))
  var weights: String?

  @Flag(help: "Let a Keras model take and give pictures channels first.")
  var channelsFirst = false

  /// The files that are read besides the model.
  var furtherSources: [String] { [topology, weights].compactMap { $0 } }

  /// What of it decides the result, for the output's provenance.
  var flags: [String] {
    [
      (topology != nil, "--topology"), (weights != nil, "--weights"),
      (channelsFirst, "--channels-first"),
    ]
    .filter(\.0).map(\.1)
  }

  /// The path of the model.
  ///
  /// - Throws: `ValidationError` if there is none.
  func path() throws -> String {
    guard let input else { throw ValidationError("Missing expected argument '<input>'.") }
    return input
  }
}

/// A name and extents, written `NAME:1,3,224,224`.
struct InputShape: ExpressibleByArgument, Equatable {
  let name: String
  let extents: [Int]

  init?(argument: String) {
    // Names may contain colons, as TensorFlow's do; extents cannot.
    guard let colon = argument.lastIndex(of: ":"), colon != argument.startIndex else { return nil }
    let parts = argument[argument.index(after: colon)...].split(
      separator: ",", omittingEmptySubsequences: false)
    let extents = parts.compactMap { Int($0) }
    guard extents.count == parts.count, extents.allSatisfy({ $0 > 0 }) else { return nil }
    name = String(argument[..<colon])
    self.extents = extents
  }
}
