import IR
import TestSupport
import Testing

/// What is not a graph, and what is said about it.
@Suite struct TextErrorTests {
  @Test(arguments: [
    ("", "1:1: expected 'graph', found the end of the text"),
    ("graph", "1:6: expected '{', found the end of the text"),
    ("graph {\n  %y\n}", "3:1: expected '=', found '}'"),
    ("graph { } x", "1:11: expected the end of the text, found 'x'"),
    ("graph { name }", "1:9: expected a statement or '}', found 'name'"),
    ("graph { ; }", "1:9: expected a token, found \";\""),
    ("graph \"a", "1:7: expected a string that ends on its line, found no closing '\"'"),
    (
      "graph \"\\q\" {}",
      #"1:8: expected one of \n \r \t \" \\ or \x and two hexadecimal digits, found another escape"#
    ),
    ("graph \"\\xff\" {}", "1:7: expected the graph's name in UTF-8, found other bytes"),
    ("graph \"é\" x", "1:11: expected '{', found 'x'"),
    ("graph opset {}", "1:13: expected a domain or a version, found '{'"),
    (
      "graph opset 99999999999999999999 {}",
      "1:13: expected the operator set's version, found '99999999999999999999'"
    ),
    ("graph { input x }", "1:15: expected a value such as %x, found 'x'"),
    ("graph { input % }", "1:16: expected a value's identifier after '%', found \" \""),
    ("graph { input %x : f99[] }", "1:20: expected a type such as f32[N, 3] or ?, found 'f99'"),
    ("graph { input %x : f32 }", "1:24: expected '[', found '}'"),
    ("graph { input %x : f32[1.5] }", "1:24: expected a whole number, found '1.5'"),
    ("graph { input %x : f32[1 }", "1:26: expected ',' or ']', found '}'"),
    ("graph { input %x input %x }", "1:24: expected an identifier not used before, found %x again"),
    ("graph { output %x }", "1:16: expected a value that the text defines, found %x"),
    ("graph { %y = Relu(%x) }", "1:19: expected a value that the text defines, found %x"),
    (
      "graph { %y = F() captures (%z) %z = F() }",
      "1:28: expected a value defined above, found %z"
    ),
    ("graph { %y = Relu( }", "1:20: expected a value such as %x, found '}'"),
    (
      "graph { %y, %z = F() : f32[] }",
      "1:30: expected ',' and a type for each of 2 results, found '}'"
    ),
    (
      "graph { %y = F() : f32[], i64[] }",
      "1:25: expected no more types than the 1 results, found ','"
    ),
    ("graph { %y = F() {a = ?} }", "1:23: expected an attribute's value, found '?'"),
    ("graph { %y = F() {a = word} }", "1:23: expected an attribute's value, found 'word'"),
    ("graph { %y = F() {a = type ?} }", "1:28: expected a type such as f32[N, 3], found '?'"),
    (
      "graph { %y = F() {a = []} }",
      "1:24: expected an element; an empty list is 'ints []', 'floats []' or 'strings []', found ']'"
    ),
    ("graph { %y = F() {a = [1,]} }", "1:26: expected an element after ',', found ']'"),
    ("graph { %y = F() {a = [1, \"b\"]} }", "1:27: expected a floating-point number, found \"b\""),
    ("graph { %y = F() {a = 1e99} }", "1:23: expected an attribute's value, found '1e99'"),
    ("graph { %y = F() {a = 1x} }", "1:23: expected a decimal number, found '1x'"),
    ("graph { %y = F() {a = 1.} }", "1:23: expected a decimal number, found '1.'"),
    ("graph { %y = F() {a = -} }", "1:23: expected a decimal number, found '-'"),
    (
      "graph { %y = F() {a = #g} }",
      "1:23: expected '#' and up to 16 hexadecimal digits, found '#g'"
    ),
    (
      "graph { const %w : f32[N] = splat 1.0 }",
      "1:29: expected an element type and known extents before the elements, found 'splat'"
    ),
    ("graph { const %w : f32[2] = dense [1.0] }", "1:35: expected 2 elements, found 1"),
    (
      "graph { const %w : f32[2] = 1.0 }",
      "1:29: expected 'dense', 'splat', 'raw' or 'sparse', found '1.0'"
    ),
    ("graph { const %w : u8[1] = splat 256 }", "1:34: expected an element of u8, found '256'"),
    ("graph { const %w : u8[1] = splat -1 }", "1:34: expected an element of u8, found '-1'"),
    ("graph { const %w : i4[1] = splat 8 }", "1:34: expected an element of i4, found '8'"),
    ("graph { const %w : f16[1] = splat 1e6 }", "1:35: expected an element of f16, found '1e6'"),
    (
      "graph { const %w : bf16[1] = splat 1e39 }", "1:36: expected an element of bf16, found '1e39'"
    ),
    (
      "graph { const %w : f16[1] = splat #12345 }",
      "1:35: expected an element of f16, found '#12345'"
    ),
    ("graph { const %w : bool[1] = splat 1 }", "1:36: expected an element of bool, found '1'"),
    ("graph { const %w : c64[1] = splat 1.0 }", "1:35: expected '(', found '1.0'"),
    (
      "graph { const %w : u8[3] = raw \"ab\" }",
      "1:32: expected the bytes of 3 elements of u8, found 2 bytes"
    ),
    (
      "graph { const %w : u8[1] = summary 4 bytes fnv1a #0 }",
      "1:28: expected stored elements, "
        + "found their summary: this text was printed without them and cannot be read back"
    ),
    (
      "graph { const %w = u8[-1] dense [] }",
      "1:20: expected extents of a tensor that fits memory, found [-1]"
    ),
    (
      "graph { const %w = u8[9223372036854775807, 9223372036854775807, 0] dense [] }",
      "1:20: expected extents of a tensor that fits memory, "
        + "found [9223372036854775807, 9223372036854775807, 0]"
    ),
    (
      "graph { const %w = u8[400000000000000000] splat 1 }",
      "1:49: expected at most 268435456 bytes of repeated elements, found 400000000000000000 more"
    ),
    (
      "graph { const %w = string[4000000000] splat \"\" }",
      "1:45: expected at most 268435456 bytes of repeated elements, found 64000000000 more"
    ),
  ])
  func saysWhereAndWhy(_ text: String, _ message: String) {
    #expect(Self.message(of: text) == message, "\(text)")
  }

  @Test(arguments: [
    ("graph { }", "1:1: expected 'model', found 'graph'"),
    ("model 8", "1:7: expected 'ir', found '8'"),
    ("model ir 8", "1:11: expected 'graph', found the end of the text"),
    ("model ir 8 graph { } graph { }", "1:22: expected the end of the text, found 'graph'"),
    ("model ir 8 graph { } function F", "1:32: expected 'graph', found the end of the text"),
  ])
  func saysWhatIsWrongWithAModel(_ text: String, _ message: String) {
    do {
      _ = try Model(parsing: text)
      Issue.record("\(text) was read")
    } catch { #expect("\(error.line):\(error.column): \(error.reason)" == message) }
  }

  @Test(arguments: [
    ["", "graph { %y = F() {g = ", "graph { }", "} }", ""],
    ["graph { input %x : ", "sequence(", "?", ")", " }"],
  ])
  func nestingIsBounded(_ parts: [String]) {
    for depth in [90, 200, 20_000] {
      let opening = String(repeating: parts[1], count: depth)
      let closing = String(repeating: parts[3], count: depth)
      let message = Self.message(of: parts[0] + opening + parts[2] + closing + parts[4])
      #expect((message == nil) == (depth == 90), "\(depth): \(message ?? "read")")
      if depth > 90 { #expect(message?.contains("at most 100 levels of nesting") == true) }
    }
  }

  @Test func theFirstErrorOfALongTextIsFoundByItsLine() {
    let lines = (0..<1000).map { "  %v\($0) = F()\n" }.joined()
    #expect(Self.message(of: "graph {\n\(lines)  %w = F(\n}")?.hasPrefix("1003:1: ") == true)
  }

  /// Damaged texts are refused or read, and what is read prints and reads again.
  @Test(arguments: ["attributes", "constants", "types", "annotations", "bodies", "operators"])
  func damagedTextsNeverTrap(_ name: String) throws {
    let text = try readBytes(fixture("text/\(name).dearc"))
    var random = SplitMix64(seed: 11)
    var read = 0
    for _ in 0..<200 {
      var damaged = text
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        Self.damage(&damaged, &random)
      }
      guard let graph = try? parseGraph(String(decoding: damaged, as: UTF8.self)) else { continue }
      read += 1
      _ = graph.violations()
      let printed = graph.text()
      #expect(try parseGraph(printed).text() == printed)
    }
    #expect(read > 0 && read < 200)
  }

  private static func damage(_ text: inout [UInt8], _ random: inout SplitMix64) {
    let place = Int.random(in: 0..<text.count, using: &random)
    let end = min(text.count, place + Int.random(in: 1...12, using: &random))
    switch Int.random(in: 0..<4, using: &random) {
    case 0: text.removeSubrange(place..<end)
    case 1:
      text.insert(contentsOf: text[place..<end], at: Int.random(in: 0...text.count, using: &random))
    case 2:
      text[place] = Array("{}()[],=:~?*%#\"\\_09.-ex \n".utf8).randomElement(using: &random) ?? 0
    default: text[place] = UInt8.random(in: 0...255, using: &random)
    }
  }

  private static func message(of text: String) -> String? {
    do {
      _ = try Graph(parsing: text)
      return nil
    } catch { return "\(error.line):\(error.column): \(error.reason)" }
  }
}

extension TextError {
  fileprivate var reason: String { "expected \(expected), found \(found)" }
}
