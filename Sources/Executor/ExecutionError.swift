/// Why a graph cannot be run, or stopped running.
public struct ExecutionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure it is.
  public enum Kind: Hashable, Sendable {
    /// The executor has no kernel for the operator, or not for these operands.
    case unsupported
    /// What was given to the graph does not fit it.
    case invalidInput
    /// The operands of a node do not fit each other, or an index is out of range.
    case invalidOperands
    /// It takes more memory than it may.
    case tooLarge
    /// A library refused work that it should do.
    case internalFailure
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// The node, input or output concerned, by the name that users know.
  public internal(set) var subject: String
  /// The node's operator; empty where no node is concerned.
  public internal(set) var operatorType: String
  /// What was expected and what was found.
  public let message: String

  init(_ kind: Kind, _ message: String, subject: String = "", operatorType: String = "") {
    self.kind = kind
    self.message = message
    self.subject = subject
    self.operatorType = operatorType
  }

  /// Says that two models, or what they are given, do not fit each other.
  public init(mismatch message: String) { self.init(.invalidInput, message) }

  /// Everything in one sentence.
  public var description: String {
    let place = operatorType.isEmpty ? subject : "\(operatorType) '\(subject)'"
    return place.isEmpty ? message : "\(place): \(message)"
  }
}
