import IR
import TestSupport
import Testing

@testable import Passes

/// Nodes as no exporter writes them, between others: no pass may trap, run away or break the graph.
@Suite struct PassRobustnessTests {
  @Test(arguments: OperatorKind.allCases)
  func anyNode(kind: OperatorKind) throws {
    var random = SplitMix64(seed: UInt64(OperatorKind.allCases.firstIndex(of: kind) ?? 0))
    for _ in 0..<60 {
      let hostile = HostileNode(kind, using: &random)
      let graph = Self.surrounded(hostile)
      // What breaks a rule is refused on import.
      guard graph.violations().isEmpty else { continue }
      for exactNorm in [false, true] {
        let pipeline = Pipeline.prune(closing: [], exactNorm: exactNorm)
          .storingWeights(in: exactNorm ? .byte : nil)
        let result = try pipeline.run(Model(irVersion: 8, graph: graph))
        #expect(result.model.graph.outputs.count == graph.outputs.count)
      }
    }
  }

  /// Lets every result be multiplied by a number and read on, so that there is something to fold.
  private static func surrounded(_ hostile: HostileNode) -> Graph {
    var graph = hostile.graph
    let number = graph.addConstant("number", Constant([Float(0)], shape: []))
    for (index, result) in graph.nodes[hostile.node].outputs.enumerated() {
      let product = graph.insert(
        NodeDraft(Operator(.mul), inputs: [result, number], origin: .program),
        results: [("product\(index)", nil)])
      let last = graph.insert(
        NodeDraft(Operator(.relu), inputs: graph.nodes[product].outputs, origin: .program),
        results: [("last\(index)", nil)])
      for case let output? in graph.nodes[last].outputs { graph.addOutput(output) }
    }
    return graph
  }
}
