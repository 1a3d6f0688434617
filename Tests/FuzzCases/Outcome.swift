/// What became of bytes that a reader was given.
public enum Outcome: Hashable, Sendable {
  /// They were refused, in these words for the user.
  case refused(String)
  /// They were read, and everything that was made of them held.
  case accepted

  /// A refusal that says something.
  ///
  /// - Throws: `Finding` if there are no words in it, or it could steer a terminal.
  static func refused(for message: String) throws -> Outcome {
    guard !message.isEmpty else { throw Finding("a refusal without a message") }
    guard message.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      throw Finding("a refusal with control characters")
    }
    return .refused(message)
  }
}

/// Something that must not happen, whatever the bytes.
public struct Finding: Error, CustomStringConvertible {
  /// What happened.
  public let description: String

  init(_ description: String) { self.description = description }
}
