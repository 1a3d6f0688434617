/// Reads JSON from bytes, value by value, without building a tree.
///
/// Foundation's decoder silently keeps one of two equal keys, gives no byte offsets, and passes
/// numbers through `Double`. Here equal keys are an error, every error has an offset, and numbers
/// are handed out as they were written.
public struct JSONCursor {
  /// The sort of value that comes next.
  public enum Kind: Sendable {
    case object, array, string, number, boolean, null
  }

  private let bytes: [UInt8]
  /// The position of the next byte to be read.
  public private(set) var offset = 0
  private var depth = 0

  /// Reads `bytes`, which must be UTF-8.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The sort of value that comes next, after any white space.
  public mutating func peek() throws(FormatError) -> Kind {
    skipSpace()
    guard let byte else { throw malformed("expected a JSON value, found the end") }
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    default: throw malformed("expected a JSON value, found \(found)")
    }
  }

  /// Reads an object, calling `member` before each value; it must read exactly that value.
  public mutating func readObject(
    _ member: (inout JSONCursor, _ key: String) throws(FormatError) -> Void
  ) throws(FormatError) {
    var keys: Set<[UInt8]> = []
    try readList(from: "{", to: "}") { (cursor) throws(FormatError) in
      cursor.skipSpace()
      let start = cursor.offset
      let key = try cursor.readString()
      guard keys.insert(Array(key.utf8)).inserted else {
        throw FormatError(.malformed, offset: start, "the key '\(key)' appears twice in one object")
      }
      try cursor.expect(":")
      try member(&cursor, key)
    }
  }

  /// Reads an array, calling `element` before each value; it must read exactly that value.
  public mutating func readArray(
    _ element: (inout JSONCursor) throws(FormatError) -> Void
  ) throws(FormatError) {
    try readList(from: "[", to: "]", element)
  }

  /// Reads `true` or `false`.
  public mutating func readBoolean() throws(FormatError) -> Bool {
    skipSpace()
    if consume("true") { return true }
    if consume("false") { return false }
    throw malformed("expected true or false, found \(found)")
  }

  /// Reads `null`.
  public mutating func readNull() throws(FormatError) {
    skipSpace()
    guard consume("null") else { throw malformed("expected null, found \(found)") }
  }

  /// Reads a number and returns it as written.
  public mutating func readNumber() throws(FormatError) -> String {
    skipSpace()
    let start = offset
    skip { $0 == UInt8(ascii: "-") }
    let integer = skipDigits()
    let hasLeadingZero = integer.count > 1 && bytes[integer.lowerBound] == UInt8(ascii: "0")
    var isValid = integer.lowerBound - start <= 1 && !integer.isEmpty && !hasLeadingZero
    if byte == UInt8(ascii: ".") {
      offset += 1
      isValid = !skipDigits().isEmpty && isValid
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      offset += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { offset += 1 }
      isValid = !skipDigits().isEmpty && isValid
    }
    guard isValid else {
      throw FormatError(.malformed, offset: start, "expected a JSON number")
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  /// Reads and forgets one value of any sort.
  public mutating func skipValue() throws(FormatError) {
    switch try peek() {
    case .object: try readObject { (cursor, _) throws(FormatError) in try cursor.skipValue() }
    case .array: try readArray { (cursor) throws(FormatError) in try cursor.skipValue() }
    case .string: _ = try readString()
    case .number: _ = try readNumber()
    case .boolean: _ = try readBoolean()
    case .null: try readNull()
    }
  }

  /// Checks that nothing but white space is left.
  public mutating func expectEnd() throws(FormatError) {
    skipSpace()
    guard offset == bytes.count else { throw malformed("expected the end, found \(found)") }
  }

  private mutating func readList(
    from opening: Unicode.Scalar, to closing: Unicode.Scalar,
    _ element: (inout JSONCursor) throws(FormatError) -> Void
  ) throws(FormatError) {
    try expect(opening)
    guard depth < Limits.jsonDepth else {
      throw malformed("values nest more than \(Limits.jsonDepth) deep")
    }
    depth += 1
    defer { depth -= 1 }
    skipSpace()
    if byte == UInt8(ascii: closing) {
      offset += 1
      return
    }
    while true {
      try element(&self)
      skipSpace()
      if byte == UInt8(ascii: closing) { break }
      try expect(",")
    }
    offset += 1
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(FormatError) {
    skipSpace()
    guard byte == UInt8(ascii: character) else {
      throw malformed("expected '\(character)', found \(found)")
    }
    offset += 1
  }
}

// Strings and lexical helpers.
extension JSONCursor {
  /// Reads a string.
  public mutating func readString() throws(FormatError) -> String {
    let start = offset
    let content = try readStringBytes()
    guard let text = String(validating: content, as: UTF8.self) else {
      throw FormatError(.malformed, offset: start, "a string is not valid UTF-8")
    }
    return text
  }

  /// Reads a string as the UTF-8 of its characters, which is not checked.
  public mutating func readStringBytes() throws(FormatError) -> [UInt8] {
    skipSpace()
    guard byte == UInt8(ascii: "\"") else { throw malformed("expected a string, found \(found)") }
    offset += 1
    var content: [UInt8] = []
    while true {
      let plain = skip {
        $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
      }
      content += bytes[plain]
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return content
      case UInt8(ascii: "\\"):
        offset += 1
        try readEscape(into: &content)
      default:
        throw malformed("a string is cut short or contains a control character")
      }
    }
  }

  private mutating func readEscape(into content: inout [UInt8]) throws(FormatError) {
    guard let letter = byte else { throw malformed("a string is cut short") }
    offset += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
    case UInt8(ascii: "b"): content.append(8)
    case UInt8(ascii: "f"): content.append(12)
    case UInt8(ascii: "n"): content.append(10)
    case UInt8(ascii: "r"): content.append(13)
    case UInt8(ascii: "t"): content.append(9)
    case UInt8(ascii: "u"): content += String(try readEscapedScalar()).utf8
    default: throw malformed("a string contains an unknown escape")
    }
  }

  /// Reads the digits after `\u`, and the second half of a surrogate pair if there is one.
  private mutating func readEscapedScalar() throws(FormatError) -> Unicode.Scalar {
    let high = try readHexadecimal()
    if let scalar = Unicode.Scalar(high) { return scalar }
    guard high < 0xdc00, consume("\\u") else { throw malformed("a surrogate stands alone") }
    let low = try readHexadecimal()
    guard (0xdc00...0xdfff).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
    else { throw malformed("a surrogate stands alone") }
    return scalar
  }

  private mutating func readHexadecimal() throws(FormatError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw malformed("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }

  private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private var found: String {
    byte.map { "'\(Character(Unicode.Scalar($0)))'" } ?? "the end"
  }

  private func malformed(_ message: String) -> FormatError {
    FormatError(.malformed, offset: offset, message)
  }

  private mutating func skipSpace() {
    skip { $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }
  }

  private mutating func skipDigits() -> Range<Int> {
    skip { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  }

  @discardableResult
  private mutating func skip(while isSkipped: (UInt8) -> Bool) -> Range<Int> {
    let start = offset
    while offset < bytes.count, isSkipped(bytes[offset]) { offset += 1 }
    return start..<offset
  }

  private mutating func consume(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard bytes.count - offset >= length else { return false }
    for index in 0..<length where unsafe bytes[offset + index] != text.utf8Start[index] {
      return false
    }
    offset += length
    return true
  }
}
