import TestSupport
import Testing

@testable import IR

/// Text files that say at the end of a line which rules it breaks.
@Suite struct VerifierFixtureTests {
  @Test(arguments: try Self.fixtures())
  func everyExpectationAndNothingElseIsFound(_ name: String) throws {
    let text = try readFile("\(Self.folder)/\(name).dearc")
    let found = try Self.findings(in: text)
    #expect(Set(found.keys) == Set(Self.expectations(in: text).keys))
    for (line, rules) in Self.expectations(in: text) {
      #expect(found[line]?.sorted() == rules.sorted(), "line \(line)")
    }
  }

  @Test func everyRuleHasAFixture() throws {
    var covered = Set(VerifierCorruptionTests.corruptions.map(\.rule.rawValue))
    for name in try Self.fixtures() {
      let rules = Self.expectations(in: try readFile("\(Self.folder)/\(name).dearc")).values
      covered.formUnion(rules.joined())
    }
    for rule in Rule.allCases { #expect(covered.contains(rule.rawValue), "\(rule.rawValue)") }
    #expect(covered.count == Rule.allCases.count)
  }

  @Test func theHeadCommentListsEveryRule() throws {
    let source = try readFile("\(repositoryRoot())/Sources/IR/Verifier/Rule.swift")
    let listed = source.split(separator: "\n").compactMap { line -> Substring? in
      let words = line.split(separator: " ")
      guard words.count > 3, words[0] == "//", words[1].last == "." else { return nil }
      return Int(words[1].dropLast()) == nil ? nil : words[2]
    }
    #expect(listed == Rule.allCases.map { $0.rawValue[...] })
  }

  static let folder = fixture("verifier")

  static func fixtures() throws -> [String] {
    try files(under: folder, suffix: ".dearc").map {
      String($0.dropFirst(folder.count + 1).dropLast(6))
    }
  }

  /// The rules expected to be broken, by line.
  static func expectations(in text: String) -> [Int: [String]] {
    var expectations: [Int: [String]] = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let parts = line.split(separator: "// expect: ")
      guard parts.count == 2 else { continue }
      expectations[index + 1] = parts[1].split(separator: ", ").map(String.init)
    }
    return expectations
  }

  /// The rules found to be broken, by line.
  static func findings(in text: String) throws -> [Int: [String]] {
    var parser = try TextParser(text, limits: TextLimits())
    var builder = GraphBuilder(text: parser.lexer.text, recordingStarts: true)
    let violations: [Violation]
    if parser.token == .word("model") {
      violations = try builder.model(try parser.model()).violations()
    } else {
      violations = try builder.graph(try parser.graph()).violations()
    }
    var findings: [Int: [String]] = [:]
    for violation in violations {
      let start = try #require(builder.starts?["\(violation.path) \(violation.entity)"])
      let line = 1 + parser.lexer.text[..<start].count { $0 == UInt8(ascii: "\n") }
      findings[line, default: []].append(violation.rule.rawValue)
    }
    return findings
  }
}
