import Formats
import Testing

@Suite struct JSONTests {
  /// Reads any value; the error's description if that fails.
  private func failure(_ text: String) -> String? {
    var cursor = JSONCursor(Array(text.utf8))
    do throws(FormatError) {
      try cursor.skipValue()
      try cursor.expectEnd()
      return nil
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    "{}", "[]", " [1, -2.5e+3, 0, \"a\\u00e9\\ud83d\\ude00\", true, false, null] ",
    "{\"a\":{\"b\":[{}]}}", "0.5", "\"\"",
  ])
  func soundTextIsRead(_ text: String) { #expect(failure(text) == nil) }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "01", "1.", ".5", "-", "1e", "+1", "nul",
    "\"", "\"\\x\"", "\"\\ud800\"", "\"\\u12\"", "\"\n\"", "[1] 2", "[1 2]", "'a'", "NaN",
    "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
  ])
  func brokenTextIsRefused(_ text: String) {
    #expect(failure(text)?.contains("at byte") == true, "\(text)")
  }

  @Test func deepNestingIsRefused() {
    #expect(failure(String(repeating: "[", count: 1_000_000))?.contains("deep") == true)
  }

  @Test func stringsAreUnescaped() throws {
    var cursor = JSONCursor(Array(#""a\"\\\/\b\f\n\r\té😀""#.utf8))
    #expect(try cursor.readString() == "a\"\\/\u{8}\u{c}\n\r\té😀")
    var surrogates = JSONCursor(Array(#""\ud83d\ude00""#.utf8))
    #expect(try surrogates.readString() == "😀")
  }

  @Test func invalidUTF8IsRefused() {
    var cursor = JSONCursor([0x22, 0xff, 0x22])
    #expect(throws: FormatError.self) { try cursor.readString() }
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let text = "quote \" backslash \\ newline \n bell \u{7} é 😀"
    var writer = JSONWriter()
    writer.array { writer in
      writer.string(text)
      writer.object { writer in
        writer.key(text)
        writer.verbatim("1")
        writer.key("b")
        writer.array { _ in }
      }
    }
    var cursor = JSONCursor(writer.bytes)
    var keys: [String] = []
    var isFirst = true
    try cursor.readArray { (cursor) throws(FormatError) in
      if isFirst {
        #expect(try cursor.readString() == text)
        isFirst = false
      } else {
        try cursor.readObject { (cursor, key) throws(FormatError) in
          keys.append(key)
          try cursor.skipValue()
        }
      }
    }
    #expect(keys == [text, "b"])
  }

  @Test(arguments: 0...9) func base64GoesBothWays(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 91 &+ 200) }
    let text = bytes.withUnsafeBytes { Base64.encode($0) }
    #expect(Base64.decode(text) == bytes)
  }

  @Test func base64IsStrict() {
    for text in ["A", "AA", "AAA", "A===", "AA=A", "AAA ", "AA-_"] {
      #expect(Base64.decode(Array(text.utf8)) == nil, "\(text)")
    }
    #expect(Base64.decode(Array("aGk=".utf8)) == Array("hi".utf8))
  }
}
