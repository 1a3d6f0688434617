import ArgumentParser

/// A file to write, whose extension says in which format.
struct OutputFile {
  /// The formats dearc writes.
  enum Format: String {
    case onnx, safetensors
    /// Weights without their graph.
    case hdf5
  }

  let path: String
  let format: Format

  /// Recognises the format.
  ///
  /// - Throws: `ValidationError` if there is no path, or it has no extension that dearc knows.
  init(_ path: String?) throws {
    guard let path else {
      throw ValidationError("Missing expected argument '--output <output>'.")
    }
    let name = path.split(separator: "/").last ?? ""
    let dot = name.lastIndex(of: ".")
    switch dot.map({ name[$0...].lowercased() }) ?? "" {
    case ".onnx": format = .onnx
    case ".safetensors": format = .safetensors
    case ".h5", ".hdf5": format = .hdf5
    default:
      throw ValidationError(
        "Cannot tell the format of '\(path)': the output must end in .onnx, .safetensors or .h5.")
    }
    self.path = path
  }
}
