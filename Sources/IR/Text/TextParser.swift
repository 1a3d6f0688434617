/// Reads the text form by recursive descent, one token ahead.
///
/// This file holds what every part of the grammar shares.
struct TextParser {
  var lexer: Lexer
  let limits: TextLimits
  private(set) var token = Token.end
  /// The offset at which `token` starts.
  private(set) var start = 0
  private var depth = 0
  private(set) var splatBytes = 0

  init(_ text: String, limits: TextLimits) throws(TextError) {
    lexer = Lexer(Array(text.utf8))
    self.limits = limits
    try advance()
  }

  mutating func advance() throws(TextError) {
    (token, start) = try lexer.next()
  }

  /// An error at the current token.
  func failure(expected: String) -> TextError {
    failure(at: start, expected: expected, found: token.description)
  }

  func failure(at offset: Int, expected: String, found: String) -> TextError {
    lexer.failure(at: offset, expected: expected, found: found)
  }

  /// Takes the current token if it is `wanted`.
  mutating func accept(_ wanted: Token) throws(TextError) -> Bool {
    guard token == wanted else { return false }
    try advance()
    return true
  }

  mutating func accept(_ character: Unicode.Scalar) throws(TextError) -> Bool {
    try accept(.punctuation(character))
  }

  mutating func accept(word: String) throws(TextError) -> Bool { try accept(.word(word)) }

  mutating func expect(_ character: Unicode.Scalar) throws(TextError) {
    guard try accept(character) else { throw failure(expected: "'\(character)'") }
  }

  mutating func expect(word: String) throws(TextError) {
    guard try accept(word: word) else { throw failure(expected: "'\(word)'") }
  }

  func isNext(_ character: Unicode.Scalar) -> Bool { token == .punctuation(character) }

  /// Comma-separated elements up to and including `close`; the opening token is already taken.
  mutating func list<Element>(
    until close: Unicode.Scalar, _ element: (inout TextParser) throws(TextError) -> Element
  ) throws(TextError) -> [Element] {
    var elements: [Element] = []
    if try accept(close) { return elements }
    repeat { elements.append(try element(&self)) } while try accept(",")
    guard try accept(close) else { throw failure(expected: "',' or '\(close)'") }
    return elements
  }

  /// Runs `body` one level deeper.
  mutating func nested<Result>(
    _ body: (inout TextParser) throws(TextError) -> Result
  ) throws(TextError) -> Result {
    guard depth < limits.depth else {
      throw failure(
        at: start, expected: "at most \(limits.depth) levels of nesting", found: "one more")
    }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  /// Books the bytes a `splat` is going to take.
  mutating func reserveSplat(_ byteCount: Int, at offset: Int) throws(TextError) {
    guard byteCount <= limits.splatBytes - splatBytes else {
      throw failure(
        at: offset, expected: "at most \(limits.splatBytes) bytes of repeated elements",
        found: "\(byteCount) more")
    }
    splatBytes += byteCount
  }

  // MARK: Single tokens

  mutating func bytes(_ what: String) throws(TextError) -> [UInt8] {
    guard case .string(let bytes) = token else { throw failure(expected: what) }
    try advance()
    return bytes
  }

  mutating func string(_ what: String) throws(TextError) -> String {
    let offset = start
    guard let text = String(validating: try bytes(what), as: UTF8.self) else {
      throw failure(at: offset, expected: "\(what) in UTF-8", found: "other bytes")
    }
    return text
  }

  mutating func wordOrString(_ what: String) throws(TextError) -> String {
    guard case .word(let word) = token else { return try string(what) }
    try advance()
    return word
  }

  mutating func integer<Number: FixedWidthInteger>(
    _ what: String, as type: Number.Type = Number.self
  ) throws(TextError) -> Number {
    guard case .number(let text) = token, let number = Number(text) else {
      throw failure(expected: what)
    }
    try advance()
    return number
  }

  mutating func reference() throws(TextError) -> ReferenceSyntax {
    guard case .value(let id) = token else { throw failure(expected: "a value such as %x") }
    let reference = ReferenceSyntax(id: ExactName(id), start: start)
    try advance()
    return reference
  }

  /// A value, or `_` for one that is left out.
  mutating func optionalReference() throws(TextError) -> ReferenceSyntax? {
    if try accept(word: "_") { return nil }
    return try reference()
  }
}
