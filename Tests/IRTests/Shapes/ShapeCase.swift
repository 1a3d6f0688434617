import IR
import TestSupport
import Testing

/// A few statements of the text form, and the types their results must have.
struct ShapeCase: CustomTestStringConvertible, Sendable {
  let version: Int
  let statements: String
  let expected: [String]

  /// Expects `expected` of the results of the last statement, separated by semicolons.
  init(_ statements: String, _ expected: String, version: Int = 18) {
    self.version = version
    self.statements = statements
    self.expected = expected.split(separator: ";").map { $0.filter { $0 != " " } }
  }

  var testDescription: String { "\(statements) (operator set \(version))" }

  /// Infers the types and compares them.
  func check(at location: SourceLocation = #_sourceLocation) throws {
    let graph = try parseGraph("graph opset \(version) { \(statements) }")
    let inference = ShapeInference.infer(graph)
    let last = try #require(graph.nodeIDs.last)
    let found = graph.nodes[last].outputs.prefix(expected.count).map { value in
      summary(value.flatMap { inference.types[$0] } ?? nil)
    }
    #expect(found == expected, sourceLocation: location)
  }
}

/// A type in the text form's words, with `?` for what is open.
func summary(_ type: ValueType?) -> String {
  guard let type = type?.tensor else { return type == nil ? "?" : "other" }
  let element = type.elementType?.description ?? "?"
  let extents = type.shape?.map { extent in
    switch extent {
    case .known(let count): "\(count)"
    case .symbol(let name): extent.isInvented ? "?" : name
    case .unknown: "?"
    }
  }
  return "\(element)[\(extents?.joined(separator: ",") ?? "*")]"
}
