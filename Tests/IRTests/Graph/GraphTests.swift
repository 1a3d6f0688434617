import IR
import Testing

@Suite struct GraphTests {
  @Test func insertingANodeRecordsItsUses() {
    var graph = Graph(operatorSets: [OperatorSet(domain: "", version: 17)])
    let x = graph.addInput("x", type: nil)
    let relu = graph.insert(
      NodeDraft(Operator(.relu), inputs: [x], origin: .program), results: [("y", nil)])
    #expect(graph.values[x].uses == [.node(relu, input: 0)])
    #expect(graph.nodeIDs == [relu])
  }
}
