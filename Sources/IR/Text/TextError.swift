/// Says where a text stopped being a graph, and why.
public struct TextError: Error, Hashable, Sendable {
  /// The line, counted from 1.
  public let line: Int
  /// The character in that line, counted from 1.
  public let column: Int
  /// What could have stood there.
  public let expected: String
  /// What stands there.
  public let found: String

  init(in text: [UInt8], at offset: Int, expected: String, found: String) {
    let before = text.prefix(offset)
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    line = 1 + before.count { $0 == UInt8(ascii: "\n") }
    // Bytes that continue a character do not move the column.
    column = 1 + before[lineStart...].count { $0 & 0xC0 != 0x80 }
    self.expected = expected
    self.found = found
  }
}

extension TextError: CustomStringConvertible {
  /// The place, the expectation and the finding in one line.
  public var description: String {
    "line \(line), column \(column): expected \(expected), found \(found)"
  }
}
