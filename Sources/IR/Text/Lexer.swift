/// The smallest unit of the text form.
enum Token: Hashable {
  /// Letters, digits, `_` and `.`, not starting with a digit or `.`.
  case word(String)
  /// A decimal number, or `-inf`, as written.
  case number(String)
  /// Quoted bytes, escapes resolved.
  case string([UInt8])
  /// `%` and an identifier.
  case value(String)
  /// `#` and the hexadecimal bits of one element.
  case bits(UInt64)
  /// One of `{}()[],=:~?*`.
  case punctuation(Unicode.Scalar)
  /// `::`.
  case scope
  case end

  var description: String {
    switch self {
    case .word(let text), .number(let text): "'\(text)'"
    case .string(let bytes): String(quoting: bytes)
    case .value(let text): "'%\(text)'"
    case .bits(let bits): "'#\(String(bits, radix: 16))'"
    case .punctuation(let character): "'\(character)'"
    case .scope: "'::'"
    case .end: "the end of the text"
    }
  }
}

/// Cuts a text into tokens, skipping white space and `//` comments.
struct Lexer {
  let text: [UInt8]
  private(set) var position = 0

  init(_ text: [UInt8]) { self.text = text }

  /// The next token and the offset it starts at.
  mutating func next() throws(TextError) -> (token: Token, start: Int) {
    skipBlanks()
    let start = position
    guard let byte = peek() else { return (.end, start) }
    switch byte {
    case UInt8(ascii: "\""): return (.string(try quoted()), start)
    case UInt8(ascii: "%"): return (try value(), start)
    case UInt8(ascii: "#"): return (try bits(), start)
    case UInt8(ascii: ":") where peek(1) == byte:
      position += 2
      return (.scope, start)
    case _ where byte.isDigit || byte == UInt8(ascii: "-"): return (try number(), start)
    case _ where byte.isWord && byte != UInt8(ascii: "."): return (.word(word()), start)
    case _ where Self.punctuation.contains(byte):
      position += 1
      return (.punctuation(Unicode.Scalar(byte)), start)
    default:
      throw failure(at: start, expected: "a token", found: String(quoting: [byte]))
    }
  }

  func failure(at offset: Int, expected: String, found: String) -> TextError {
    TextError(in: text, at: offset, expected: expected, found: found)
  }

  private static let punctuation = Array("{}()[],=:~?*".utf8)

  private func peek(_ distance: Int = 0) -> UInt8? {
    position + distance < text.count ? text[position + distance] : nil
  }

  private mutating func skipBlanks() {
    while let byte = peek() {
      if byte == UInt8(ascii: "/"), peek(1) == byte {
        while let byte = peek(), byte != UInt8(ascii: "\n") { position += 1 }
      } else if byte == UInt8(ascii: " ") || (9...13).contains(byte) {
        position += 1
      } else {
        return
      }
    }
  }

  private mutating func word() -> String {
    let start = position
    while let byte = peek(), byte.isWord { position += 1 }
    return String(decoding: text[start..<position], as: UTF8.self)
  }

  private mutating func value() throws(TextError) -> Token {
    position += 1
    guard peek() == UInt8(ascii: "\"") else {
      let identifier = word()
      if identifier.isEmpty {
        throw failure(at: position, expected: "a value's identifier after '%'", found: found())
      }
      return .value(identifier)
    }
    let start = position
    guard let identifier = String(validating: try quoted(), as: UTF8.self) else {
      throw failure(at: start, expected: "an identifier in UTF-8", found: "other bytes")
    }
    return .value(identifier)
  }

  private mutating func bits() throws(TextError) -> Token {
    let start = position
    position += 1
    let digits = word()
    guard digits.count <= 16, let bits = UInt64(digits, radix: 16) else {
      throw failure(
        at: start, expected: "'#' and up to 16 hexadecimal digits", found: "'#\(digits)'")
    }
    return .bits(bits)
  }

  private mutating func number() throws(TextError) -> Token {
    let start = position
    position += 1
    var previous = text[start]
    while let byte = peek(), byte.isWord || (byte.isSign && previous | 0x20 == UInt8(ascii: "e")) {
      previous = byte
      position += 1
    }
    let literal = String(decoding: text[start..<position], as: UTF8.self)
    guard literal == "-inf" || literal.utf8.isDecimal else {
      throw failure(at: start, expected: "a decimal number", found: "'\(literal)'")
    }
    return .number(literal)
  }

  private mutating func quoted() throws(TextError) -> [UInt8] {
    let start = position
    position += 1
    var content: [UInt8] = []
    while let byte = peek(), byte != UInt8(ascii: "\n") {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return content
      case UInt8(ascii: "\\"): content.append(try escape())
      default: content.append(byte)
      }
    }
    throw failure(at: start, expected: "a string that ends on its line", found: "no closing '\"'")
  }

  private mutating func escape() throws(TextError) -> UInt8 {
    let start = position - 1
    let kind = peek()
    position += 1
    switch kind {
    case UInt8(ascii: "n"): return UInt8(ascii: "\n")
    case UInt8(ascii: "r"): return UInt8(ascii: "\r")
    case UInt8(ascii: "t"): return UInt8(ascii: "\t")
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return text[position - 1]
    case UInt8(ascii: "x"):
      if let high = peek()?.hexValue, let low = peek(1)?.hexValue {
        position += 2
        return high << 4 | low
      }
    default: break
    }
    throw failure(
      at: start, expected: #"one of \n \r \t \" \\ or \x and two hexadecimal digits"#,
      found: "another escape")
  }

  private func found() -> String { peek().map { String(quoting: [$0]) } ?? Token.end.description }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  fileprivate var isSign: Bool { self == UInt8(ascii: "-") || self == UInt8(ascii: "+") }

  /// Whether this may stand in a word; those that may start one exclude digits and `.`.
  fileprivate var isWord: Bool {
    isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
      || self == UInt8(ascii: "_") || self == UInt8(ascii: ".")
  }

  fileprivate var hexValue: UInt8? {
    Unicode.Scalar(self).properties.isASCIIHexDigit
      ? UInt8(String(Unicode.Scalar(self)), radix: 16) : nil
  }
}

extension String.UTF8View {
  /// Whether this is an optional minus, digits, an optional fraction and an optional exponent.
  fileprivate var isDecimal: Bool {
    var rest = self[...]
    if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    guard rest.dropDigits() else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      guard rest.dropDigits() else { return false }
    }
    if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
      rest.removeFirst()
      if let sign = rest.first, sign.isSign { rest.removeFirst() }
      guard rest.dropDigits() else { return false }
    }
    return rest.isEmpty
  }

  /// Whether this reads back as one word.
  var isWord: Bool {
    guard let first, !first.isDigit, first != UInt8(ascii: ".") else { return false }
    return allSatisfy(\.isWord)
  }

  /// Whether this reads back as the identifier of a value without quotes.
  var isIdentifier: Bool { !isEmpty && allSatisfy(\.isWord) }
}

extension Substring.UTF8View {
  /// Removes leading digits; returns whether there were any.
  fileprivate mutating func dropDigits() -> Bool {
    let rest = drop(while: \.isDigit)
    defer { self = rest }
    return rest.startIndex != startIndex
  }
}

extension String {
  /// Quotes `bytes`, escaping what is not printable UTF-8.
  init(quoting bytes: [UInt8]) {
    self = "\""
    if let text = String(validating: bytes, as: UTF8.self) {
      for scalar in text.unicodeScalars { append(escaping: scalar) }
    } else {
      for byte in bytes {
        if byte < 0x80 { append(escaping: Unicode.Scalar(byte)) } else { append(escaping: byte) }
      }
    }
    append("\"")
  }

  private mutating func append(escaping scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": append("\\\"")
    case "\\": append("\\\\")
    case "\n": append("\\n")
    case "\r": append("\\r")
    case "\t": append("\\t")
    // Line breaks and marks that reorder text would make a line read as something else.
    case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}"..."\u{202E}", "\u{2066}"..."\u{2069}":
      for byte in String(scalar).utf8 { append(escaping: byte) }
    default: unicodeScalars.append(scalar)
    }
  }

  private mutating func append(escaping byte: UInt8) {
    append(byte < 16 ? "\\x0" : "\\x")
    append(String(byte, radix: 16))
  }
}
