import IR
import TestSupport
import Testing

@testable import Passes

/// What happens when a pass of ours makes an invalid graph.
@Suite struct FaultIsolationTests {
  private static let text = """
    graph "g" opset 17 {
      input %x : f32[1, 4, 8, 8]
      const %w1 : f32[4, 4, 1, 1] = splat 0.5
      %a = Conv(%x, %w1)
      %b = Relu(%a)
      const %w2 : f32[6, 4, 1, 1] = splat 0.5
      %c = Conv(%b, %w2)
      %d = Sigmoid(%c)
      %e = Tanh(%d)
      const %w3 : f32[2, 6, 1, 1] = splat 0.5
      %y = Conv(%e, %w3)
      output %y
    }
    """

  /// Gives a Sigmoid too many operands, but only if a Conv stands before it.
  private static let broken = Pass(name: "broken", summary: "Breaks a node.", rules: []) {
    rewriter in
    let rule = RewriteRule(pass: "broken", number: 1, title: "break")
    for node in rewriter.graph.nodeIDs where rewriter.graph.nodes[node].op.kind == .sigmoid {
      guard let input = rewriter.graph.nodes[node].input(0),
        let maker = rewriter.graph.producer(of: input),
        rewriter.graph.nodes[maker].op.kind == .conv
      else { continue }
      rewriter.apply(rule, to: "d", "") { $0.setInputs(of: node, to: [input, input]) }
    }
  }

  @Test func theSmallestPartThatShowsTheFaultIsNamed() throws {
    var graph = try parseGraph(Self.text)
    graph.inferShapes()
    let pipeline = Pipeline(stages: [.once(IdentityElimination.pass), .once(Self.broken)])
    let error = try #require(throws: PipelineError.self) {
      try pipeline.run(Model(irVersion: 8, graph: graph))
    }
    #expect(error.pass == "broken")
    #expect(error.faults.contains { $0.contains("Sigmoid") })
    let part = try #require(error.subgraph)
    #expect(part.contains("Conv(%b, %w2)") && part.contains("Sigmoid(%c)"))
    #expect(part.contains("input %b") && part.contains("output %d"))
    #expect(!part.contains("Relu") && !part.contains("Tanh") && !part.contains("%w3"))
  }

  @Test func aPassThatCannotBeBlamedOnAPartNamesTheGraph() throws {
    var graph = try parseGraph(Self.text)
    graph.inferShapes()
    let adding = Pass(name: "adding", summary: "Adds an output.", rules: []) { rewriter in
      let rule = RewriteRule(pass: "adding", number: 1, title: "add")
      guard rewriter.graph.nodeIDs.count == 6, let output = rewriter.graph.outputs.first else {
        return
      }
      rewriter.apply(rule, to: "y", "") { $0.addOutput(output) }
    }
    let error = try #require(throws: PipelineError.self) {
      try Pipeline(stages: [.once(adding)]).run(Model(irVersion: 8, graph: graph))
    }
    #expect(error.faults == ["inputs or outputs changed"])
    #expect(try #require(error.subgraph).contains("Tanh"))
  }

  @Test func extractedPartsAreValid() throws {
    var graph = try parseGraph(Self.text)
    graph.inferShapes()
    for count in 1...graph.nodeIDs.count {
      for start in 0...(graph.nodeIDs.count - count) {
        let chosen = Set(graph.nodeIDs[start..<start + count])
        let part = graph.extracting(where: chosen.contains)
        #expect(part.violations().isEmpty)
        #expect(part.nodeIDs.count == count)
      }
    }
  }
}
