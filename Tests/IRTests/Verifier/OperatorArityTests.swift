import TestSupport
import Testing

@testable import IR

@Suite struct OperatorArityTests {
  /// The table against the schemas of the `onnx` package, over all versions of each operator.
  @Test func agreesWithTheReferenceSchemas() throws {
    let result = try Python.run(
      script: """
        import collections, onnx.defs as defs
        single = defs.OpSchema.FormalParameterOption.Single
        versions = collections.defaultdict(list)
        for schema in defs.get_all_schemas_with_history():
            if schema.domain == "" and not schema.deprecated:
                versions[schema.name].append(schema)
        def leading(schema):
            count = 0
            for formal in schema.inputs:
                if formal.option != single: break
                count += 1
            return count
        for name, all in versions.items():
            attributes = set.intersection(
                *[{n for n, a in s.attributes.items() if a.required} for s in all])
            print(name, min(s.min_input for s in all), max(s.max_input for s in all),
                  min(map(leading, all)), min(s.min_output for s in all),
                  max(s.max_output for s in all), *sorted(attributes))
        """)
    try #require(result.status == 0, "\(result.errors)")
    var checked = 0
    for line in result.output.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      guard let kind = OperatorKind(rawValue: words[0]) else { continue }
      let numbers = words[1...5].compactMap(Int.init).map { $0 == Int(Int32.max) ? Int.max : $0 }
      let expected = OperatorArity(
        numbers[0]...numbers[1], required: numbers[2], results: numbers[3]...numbers[4],
        attributes: Array(words[6...]))
      #expect(kind.arity == expected, "\(kind.rawValue)")
      checked += 1
    }
    #expect(checked == OperatorKind.allCases.count)
  }
}
