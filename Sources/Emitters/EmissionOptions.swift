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

/// A file that was written.
public struct EmittedFile: Hashable, Sendable {
  /// The path.
  public let path: String
  /// The size.
  public let byteCount: Int
}
