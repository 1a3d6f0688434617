import Glibc

/// Why bytes could not be read or written.
public struct FormatError: Error, Hashable, Sendable {
  /// The sort of failure, which decides the exit status.
  public enum Kind: Hashable, Sendable {
    /// There is no such file.
    case notFound
    /// The file is there but cannot be read.
    case unreadable
    /// The bytes break the rules of their format.
    case malformed
    /// The file must not be opened, because the path leads outside of where it may.
    case refused
    /// The output cannot be written.
    case cannotWrite
  }

  /// The sort of failure.
  public let kind: Kind
  /// The file; empty while only bytes are known.
  public var path: String
  /// Where in the file the trouble starts.
  public var offset: Int?
  /// What was expected and what was found.
  public let message: String

  /// Describes a failure.
  public init(_ kind: Kind, path: String = "", offset: Int? = nil, _ message: String) {
    self.kind = kind
    self.path = path
    self.offset = offset
    self.message = message
  }

  /// Describes a failed system call by `errno`, which the caller passes because it changes easily.
  static func system(_ kind: Kind, path: String, _ action: String, code: Int32) -> FormatError {
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    let kind = code == ENOENT && kind == .unreadable ? .notFound : kind
    return FormatError(kind, path: path, "\(action): \(reason)")
  }
}

extension FormatError: CustomStringConvertible {
  /// The file, the offset and the message on one line.
  public var description: String {
    let place = offset.map { "at byte \($0): " } ?? ""
    return path.isEmpty ? place + message : "\(path): \(place)\(message)"
  }
}
