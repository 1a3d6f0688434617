/// A name compared byte by byte.
///
/// Swift's strings are equal if they look the same; a model's names are equal only if their bytes
/// are, so that "é" written in two ways makes two names.
public struct ExactName: Hashable, Sendable {
  /// The name as written.
  public let text: String

  /// Takes `text` as a name.
  public init(_ text: String) { self.text = text }

  /// Whether both are written with the same bytes.
  public static func == (left: ExactName, right: ExactName) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  /// Feeds the bytes to `hasher`.
  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { bytes in
      unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }
  }
}
