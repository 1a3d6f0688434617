public import HDF5Access
public import IR

/// The file formats dearc reads.
public enum ModelFormat: String, Hashable, Sendable {
  case onnx
  case safetensors
  case keras
}

/// Something the user may want to know about an import that succeeded.
public struct ImportNote: Hashable, Sendable {
  /// What was done and why, in one sentence.
  public let message: String
  /// The node, tensor or value concerned.
  public let entity: String?

  /// Notes something about `entity`.
  public init(_ message: String, entity: String? = nil) {
    self.message = message.printable
    self.entity = entity?.printable
  }
}

/// Choices about how a model is read.
public struct ImportOptions: Sendable {
  /// Whether weights may be read from other files in the model's folder.
  public var allowsExternalData = true
  /// The file that says what network a file of Keras's weights belongs to, as `model.to_json()` gives it.
  public var topology: String?
  /// Whether a Keras network is to take and give pictures channels first, whatever it is written for.
  public var isChannelsFirst = false
  /// What reads HDF5.
  public var program = WorkerProgram.current

  /// Reads external data, as most callers want.
  public init() {}
}

/// A model and what is known about the file it came from.
public struct ImportedModel: Sendable {
  /// The model; its weights are lent by the mapped files.
  public var model: Model
  /// What the file is.
  public let format: ModelFormat
  /// What the user may want to know.
  public let notes: [ImportNote]
  /// What dearc recorded in the file earlier, under keys that begin with `dearc.`.
  ///
  /// These entries are not part of the model's own metadata.
  public let provenance: [MetadataEntry]
  /// The size of the file named by the user.
  public let fileByteCount: Int
  /// The other files that hold weights, in the order they were first met.
  public let externalFiles: [ExternalFile]

  /// Replaces weights as `Model.replaceWeights` does, and remembers which.
  ///
  /// - Throws: `ImportError`, which lists the tensors that do not fit.
  public mutating func replaceWeights(
    from path: String, program: WorkerProgram = .current
  ) throws(ImportError) {
    replacement = try model.replaceWeights(from: path, program: program)
  }

  /// Which weights came from another file, if that was asked for.
  public private(set) var replacement: WeightReplacement?

  /// The size of all files together.
  public var byteCount: Int { externalFiles.reduce(fileByteCount) { $0 + $1.byteCount } }
}

/// A file beside the model that holds some of its weights.
public struct ExternalFile: Hashable, Sendable {
  /// The path.
  public let path: String
  /// The size.
  public let byteCount: Int
}
