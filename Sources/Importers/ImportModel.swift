import Formats
import HDF5Access
import IR

/// Reads a model, recognising its format by content.
///
/// Weights are lent from the mapped file and stay there until they are touched. The graph is sound
/// when this returns: every operand is defined before it is read, names are unique, and every
/// constant has exactly the bytes that its type and shape take.
///
/// - Parameters:
///   - path: The file, which may be reached through symbolic links.
///   - options: Choices about how it is read.
/// - Returns: the model and what is known about its file.
/// - Throws: `ImportError`, which names the file, and the offset and entity where it can.
public func importModel(
  at path: String, options: ImportOptions = ImportOptions()
) throws(ImportError) -> ImportedModel {
  do throws(ImportError) {
    let file = try importing { () throws(FormatError) in try MappedFile(path: path) }
    let imported = try read(file, options)
    try verify(imported.model)
    return imported
  } catch {
    throw error.adding(file: path)
  }
}

/// The rules of a sound graph hold for whatever file it came from, so they are checked in one place.
private func verify(_ model: Model) throws(ImportError) {
  let violations = model.violations()
  guard let first = violations.first else { return }
  let others = violations.count > 1 ? " (and \(violations.count - 1) further faults)" : ""
  throw ImportError(
    .malformed, "\(first.message)\(others)",
    entity: first.context.isEmpty ? first.path : first.context)
}

private func read(
  _ file: MappedFile, _ options: ImportOptions
) throws(ImportError) -> ImportedModel {
  let signature = FileSignature(file)
  guard signature.mayBeKeras || options.topology == nil && !options.isChannelsFirst else {
    throw ImportError(
      .unsupported,
      "a topology and the order of a picture's axes are for Keras models, which this is not")
  }
  switch signature {
  case .safetensors: return try importSafetensors(file)
  case .hdf5: return try importKerasHDF5(file, options: options)
  case .zip: return try importKerasArchive(file, options: options)
  case .empty: throw ImportError(.malformed, "the file is empty")
  case .other: return try importONNX(file, options: options)
  }
}

/// What the first bytes of a file tell; ONNX has no signature of its own.
private enum FileSignature {
  case empty, safetensors, hdf5, zip, other

  var mayBeKeras: Bool { self == .hdf5 || self == .zip }

  init(_ file: MappedFile) {
    let bytes = unsafe file.bytes
    func starts(with signature: [UInt8]) -> Bool { unsafe bytes.starts(with: signature) }
    if file.count == 0 {
      self = .empty
    } else if starts(with: [0x50, 0x4b, 0x03, 0x04]) {
      // First, as a stored member may lie where HDF5's signature is looked for.
      self = .zip
    } else if HDF5File.isSigned(file) {
      self = .hdf5
    } else if unsafe SafetensorsHeader.isLikely(bytes) {
      self = .safetensors
    } else {
      self = .other
    }
  }
}
