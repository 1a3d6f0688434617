/// Why a picture could not be decoded or prepared.
public struct ImageError: Error, Hashable, Sendable {
  /// The sort of failure, which decides the exit status.
  public enum Kind: Hashable, Sendable {
    /// There is no such file.
    case notFound
    /// The file is there but cannot be read.
    case unreadable
    /// The picture is sound, as far as one can tell, but of a kind or size that is not handled.
    case unsupported
    /// The bytes break the rules of their format.
    case malformed
  }

  /// The sort of failure.
  public let kind: Kind
  /// The file; empty while only bytes are known.
  public var path: String
  /// What was expected and what was found.
  public let message: String
  /// What the user can do.
  public let advice: String

  /// Describes a failure.
  public init(_ kind: Kind, path: String = "", _ message: String, advice: String) {
    self.kind = kind
    self.path = path
    self.message = message
    self.advice = advice
  }
}

extension ImageError: CustomStringConvertible {
  /// The file, the message and the advice on one line.
  public var description: String { (path.isEmpty ? "" : "\(path): ") + "\(message); \(advice)" }
}
