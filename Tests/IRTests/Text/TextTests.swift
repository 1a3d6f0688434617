import IR
import TestSupport
import Testing

@Suite struct TextTests {
  static let tail = """
    graph "tail" opset 17 {
      input %x "x" : f32[N, 8, H, W]
      const %w "fc.weight" : f32[8, 4] = splat 0.5
      %y "relu_out" = Relu(%x) : f32[N, 8, H, W]
      %a "a", %b "b" = Split(%y) {axis = 1} name "split0"
      output %a, %b
    }
    """

  @Test func readsTheExampleOfItsGrammar() throws {
    let graph = try parseGraph(Self.tail)
    #expect(graph.name == "tail")
    #expect(graph.operatorSets == [OperatorSet(domain: "", version: 17)])
    let x = try #require(graph.inputs.first)
    let nodes = graph.nodeIDs
    #expect(graph.values[x].uses == [.node(nodes[0], input: 0)])
    #expect(graph.nodes[nodes[1]].name == "split0")
    #expect(graph.outputs.map { graph.values[$0].name } == ["a", "b"])
    let weight = try #require(graph.constantIDs.first)
    #expect(graph.constant(weight)?.elements(as: Float.self) == Array(repeating: 0.5, count: 32))
    expectGolden(graph.text(), "ir/tail")
    expectGolden(graph, "ir/tail.names")
  }

  @Test func identifiersStandForOmittedNames() throws {
    let graph = try parseGraph(#"graph { input %x : f32[] %"a/b" = Relu(%x) output %"a/b" }"#)
    #expect(graph.valueIDs.map { graph.values[$0].name } == ["x", "a/b"])
  }

  @Test func removedRowsDoNotShow() throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x
        %a = Relu(%x)
        %b = Abs(%x)
        output %b
      }
      """)
    graph.remove(graph.nodeIDs[0])
    try expectGraph(graph, "graph opset 17 { input %x %b = Abs(%x) output %b }")
    #expect(graph.text().contains(#"%1 "b" = Abs(%0)"#))
    #expect(graph.text(PrintOptions(identifiers: .rows)).contains(#"%2 "b" = Abs(%0)"#))
  }

  @Test func bodiesCaptureWhatTheyName() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %c : bool[]
        input %x : f32[N]
        %y = If(%c) {
          then_branch = graph "then" { %p = Relu(%x) output %p },
          else_branch = graph "else" {
            %q = If(%c) {
              then_branch = graph { %r = Abs(%x) output %r },
              else_branch = graph { %s = Neg(%x) output %s }
            }
            output %q
          }
        }
        output %y
      }
      """)
    let node = graph.nodes[graph.nodeIDs[0]]
    #expect(node.captures.map { graph.values[$0].name } == ["x", "c"])
    expectGolden(graph.text(), "ir/captures")
    try expectRoundTrip(graph)
  }

  @Test(arguments: [
    "nothing.dearc", "attributes.dearc", "constants.dearc", "types.dearc", "annotations.dearc",
    "bodies.dearc", "operators.dearc",
  ])
  func printsBackWhatItRead(_ name: String) throws {
    let text = try readFile(fixture("text/\(name)"))
    let graph = try parseGraph(text)
    #expect(lineDifference(from: text, to: graph.text()) == "")
    try expectRoundTrip(graph)
  }

  @Test func printsBackAModel() throws {
    let text = try readFile(fixture("text/model.dearc"))
    let model = try Model(parsing: text)
    #expect(model.producerVersion == "2.1")
    #expect(model.modelVersion == 3)
    #expect(model.functions.count == 2)
    #expect(lineDifference(from: text, to: model.text()) == "")
    #expect(try Model(parsing: model.text()).text() == model.text())
  }

  @Test func aSummaryShowsSizeAndHashAndCannotBeRead() throws {
    let graph = try parseGraph("graph { const %w = f32[2] dense [1.0, 2.0] }")
    let text = graph.text(PrintOptions(constants: .summary(maxElements: 1)))
    #expect(text.contains("f32[2] = summary 8 bytes fnv1a #"))
    #expect(throws: TextError.self) { try parseGraph(text) }
    do { _ = try parseGraph(text) } catch {
      #expect("\(error)".contains("printed without them and cannot be read back"))
    }
    #expect(graph.text(PrintOptions(constants: .summary(maxElements: 2))) == graph.text())
  }

  @Test func leftOutOperandsAndResultsPrintAsUnderscores() throws {
    var graph = try parseGraph("graph { input %x %y = Relu(%x) output %y }")
    graph.insert(
      NodeDraft(Operator(.add), inputs: [graph.inputs[0], nil], origin: .program),
      results: [nil, ("z", nil)])
    #expect(graph.text().contains(#"_, %2 "z" = Add(%0, _)"#))
  }
}

/// Expects that `graph` prints, reads and prints to the same text in both lossless styles.
func expectRoundTrip(_ graph: Graph, at location: SourceLocation = #_sourceLocation) throws {
  for identifiers in [PrintOptions.Identifiers.numbers, .names, .rows] {
    let options = PrintOptions(identifiers: identifiers)
    let text = graph.text(options)
    let again = try Graph(parsing: text)
    #expect(
      lineDifference(from: graph.text(), to: again.text()) == "", sourceLocation: location)
    if identifiers != .rows {
      #expect(lineDifference(from: text, to: again.text(options)) == "", sourceLocation: location)
    }
  }
}
