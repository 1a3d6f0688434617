import Formats

/// Why a model could not be written.
public struct EmitError: Error, Hashable, Sendable {
  /// The sort of failure, which decides the exit status.
  public enum Kind: Hashable, Sendable {
    /// The file cannot be created, filled or renamed.
    case cannotWrite
    /// The model has something that the format cannot hold.
    case unrepresentable
  }

  /// The sort of failure.
  public let kind: Kind
  /// What was expected, what was found, and what the user can do.
  public let message: String
  /// The file being written.
  public var file: String
  /// The node, tensor or value concerned.
  public var entity: String?

  /// Describes a failure.
  public init(_ kind: Kind, _ message: String, file: String = "", entity: String? = nil) {
    self.kind = kind
    self.message = message
    self.file = file
    self.entity = entity
  }

  /// Restates a failure below the emitters.
  init(_ error: FormatError) {
    self.init(.cannotWrite, error.message, file: error.path)
  }

  /// The same failure with the file, if it did not state one.
  func adding(file: String) -> EmitError {
    var copy = self
    if copy.file.isEmpty { copy.file = file }
    return copy
  }
}

extension EmitError: CustomStringConvertible {
  /// The file, the entity and the message on one line.
  public var description: String {
    [file, entity ?? "", message].filter { !$0.isEmpty }.joined(separator: ": ")
  }
}

/// Runs `body` and restates its failure as an `EmitError`.
func emitting<Result>(_ body: () throws(FormatError) -> Result) throws(EmitError) -> Result {
  do { return try body() } catch { throw EmitError(error) }
}
