import TestSupport
import Testing

/// Limits of size, and expressions that may trap.
@Suite struct StyleTests {
  static let fileLimit = 400
  static let functionLimit = 60

  /// Files, and functions after a colon, that are tables: splitting them would not make them
  /// clearer.
  static let tables: Set<String> = [
    "IR/Verifier/OperatorArity.swift:arity",
    "IR/ShapeInference/InferenceEngine+Dispatch.swift:tensors",
  ]

  @Test func filesStayShort() throws {
    for file in try SourceFile.all() where !Self.tables.contains(file.path) {
      #expect(
        file.lines.count <= Self.fileLimit + 1,
        "\(file.path) has \(file.lines.count) lines; at most \(Self.fileLimit)")
    }
  }

  @Test func functionsStayShort() throws {
    for file in try SourceFile.all() {
      for (name, line, length) in file.functions
      where length > Self.functionLimit && !Self.tables.contains("\(file.path):\(name)") {
        Issue.record(
          "\(file.path):\(line): \(name) has \(length) lines; at most \(Self.functionLimit)")
      }
    }
  }

  @Test func nothingIsForced() throws {
    for file in try SourceFile.all() {
      for (index, line) in file.code.enumerated() {
        for found in Self.forced(in: line) {
          Issue.record("\(file.path):\(index + 1): '\(found)': \(file.lines[index])")
        }
      }
    }
  }

  /// `try!`, `as!`, and `!` after an operand in a line without comments and strings.
  static func forced(in line: String) -> [String] {
    var found = ["try!", "as!"].filter { line.contains($0) }
    let characters = Array(line)
    for index in characters.indices.dropFirst() where characters[index] == "!" {
      let before = characters[index - 1]
      let isOperator = index + 1 < characters.count && characters[index + 1] == "="
      let isOperand = before.isLetter || before.isNumber || ")]}\"_>?".contains(before)
      if isOperand && !isOperator { found.append("!") }
    }
    return found
  }

  @Test func whatTrapsIsSeen() {
    #expect(Self.forced(in: "let x = values[3]!") == ["!"])
    #expect(Self.forced(in: "f(a!.b, c()!)") == ["!", "!"])
    #expect(Self.forced(in: "try! f() as! Int") == ["try!", "as!", "!", "!"])
    #expect(Self.forced(in: "var outlet: View!") == ["!"])
    #expect(Self.forced(in: "if !isEmpty && a != b || a != !b { }") == [])
  }

  @Test func longFunctionsAreSeen() throws {
    let body = String(repeating: "    work()  // }\n", count: 61)
    let file = SourceFile(
      path: "IR/Sample.swift",
      text: #"""
        protocol Requirement {
          func required()
        }
        struct Sample {
          let text = "{" + #"{\"#
          var computed: Int {
            1
          }
          func short() { work() }
          func long<T>(
            _ value: T
          ) {
        \#(body)    let pattern = """
              }
              """
          }
          init() {
            func inner() {
              work()
            }
          }
        }
        """#)
    #expect(file.functions.map(\.name) == ["computed", "short", "long", "inner", "init"])
    #expect(file.functions.map(\.length) == [3, 1, 68, 3, 5])
  }
}
