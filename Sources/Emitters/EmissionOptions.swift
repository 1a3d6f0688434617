public import Formats
public import IR

/// Choices about how a model is written.
public struct EmissionOptions: Sendable {
  /// What to record in the file beside the model; the keys should begin with `dearc.`.
  public var records: [MetadataEntry] = []
  /// Files being read, which the output must not replace.
  public var inputs: [FileIdentity] = []
  /// The largest ONNX message to write; above it, weights go to a second file.
  public var messageByteLimit = Limits.protobufByteCount

  /// Records nothing and protects nothing.
  public init() {}
}

/// Files that are complete but do not appear before they are told to.
public struct Emission {
  /// The files, those that others refer to first.
  let files: [AtomicFile]

  /// Where the files will appear, the model first.
  public var paths: [String] { files.reversed().map(\.path) }

  /// The size of all files together.
  public var byteCount: Int { files.reduce(0) { $0 + $1.count } }

  /// Makes the files appear.
  ///
  /// - Throws: `EmitError` if one of them cannot be completed or named.
  public func commit() throws(EmitError) { try Self.commit([self]) }

  /// Makes the files of several emissions appear, together with others, such as a report.
  ///
  /// - Throws: `EmitError` if one of them cannot be completed or named.
  public static func commit(
    _ emissions: [Emission], with others: [AtomicFile] = []
  ) throws(EmitError) {
    try emitting { () throws(FormatError) in
      try AtomicFile.commit(emissions.flatMap(\.files) + others)
    }
  }
}
