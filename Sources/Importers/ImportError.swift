import Formats

/// Why a model could not be imported.
public struct ImportError: Error, Hashable, Sendable {
  /// The sort of failure, which decides the exit status.
  public enum Kind: Hashable, Sendable {
    /// The file breaks the rules of its format, or the model those of ONNX.
    case malformed
    /// The file is sound but says something dearc does not handle.
    case unsupported
    /// The file is there but cannot be read.
    case unreadable
    /// There is no such file.
    case notFound
  }

  /// The sort of failure.
  public let kind: Kind
  /// What was expected, what was found, and what the user can do.
  public let message: String
  /// The file.
  public var file: String
  /// The byte offset in the file where the trouble lies.
  public var offset: Int?
  /// The node, tensor or value concerned, such as `node 'conv1' (Conv)`.
  public var entity: String?
  /// Where weights do not fit the model, if that is the matter.
  public var mismatches: [WeightMismatch] = []

  /// Describes a failure.
  public init(
    _ kind: Kind, _ message: String, file: String = "", offset: Int? = nil, entity: String? = nil
  ) {
    self.kind = kind
    self.message = message.printable
    self.file = file
    self.offset = offset
    self.entity = entity?.printable
  }

  /// Restates a failure below the importers.
  init(_ error: FormatError) {
    let kind: Kind =
      switch error.kind {
      case .notFound: .notFound
      case .unreadable, .cannotWrite: .unreadable
      case .malformed, .refused: .malformed
      }
    self.init(kind, error.message, file: error.path, offset: error.offset)
  }

  /// The same failure with whatever of file, offset and entity it did not yet state.
  func adding(file: String? = nil, offset: Int? = nil, entity: String? = nil) -> ImportError {
    var copy = self
    if copy.file.isEmpty, let file { copy.file = file }
    copy.offset = copy.offset ?? offset
    copy.entity = copy.entity ?? entity?.printable
    return copy
  }
}

extension ImportError: CustomStringConvertible {
  /// The file, the place, the entity and the message on one line.
  public var description: String {
    var parts: [String] = []
    if !file.isEmpty { parts.append(file) }
    if let offset { parts.append("at byte \(offset)") }
    if let entity { parts.append(entity) }
    return (parts + [message]).joined(separator: ": ")
  }
}

/// Runs `body` and restates its failure as an `ImportError`.
func importing<Result>(_ body: () throws(FormatError) -> Result) throws(ImportError) -> Result {
  do { return try body() } catch { throw ImportError(error) }
}

extension String {
  /// The text, shortened and without what would steer a terminal; it may quote a hostile file.
  var printable: String {
    let limit = 600
    let scalars = unicodeScalars.prefix(limit).map { scalar in
      scalar.properties.generalCategory == .control ? "\u{fffd}" : scalar
    }
    let isCut = unicodeScalars.dropFirst(limit).first != nil
    return String(String.UnicodeScalarView(scalars)) + (isCut ? "…" : "")
  }
}
