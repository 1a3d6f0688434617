import IR
import TestSupport
import Testing

/// Nodes as no exporter writes them: whatever they say, nothing may trap or run away.
@Suite struct ShapeRobustnessTests {
  @Test(arguments: OperatorKind.allCases)
  func anyNode(kind: OperatorKind) {
    var random = SplitMix64(seed: UInt64(OperatorKind.allCases.firstIndex(of: kind) ?? 0))
    for _ in 0..<100 {
      let hostile = HostileNode(kind, using: &random)
      var graph = hostile.graph
      let shape = graph.insert(
        NodeDraft(
          Operator(.shape), inputs: [graph.nodes[hostile.node].outputs[0]], origin: .program),
        results: [("extents", nil)])
      for case let output? in graph.nodes[shape].outputs { graph.addOutput(output) }
      Self.examine(graph, hostile.node)
    }
  }

  /// Everything the library offers to say about a node, before and after its shapes are known.
  static func examine(_ graph: Graph, _ node: NodeID) {
    var graph = graph
    for _ in 0..<2 {
      _ = ConvolutionView(node, in: graph)?.mayTouchPadding(spatial: [.known(.max), .unknown])
      let pool = PoolView(node, in: graph)
      _ = pool?.mayTouchPadding(spatial: [.known(.max), .unknown])
      _ = pool?.mayLieWhollyInPadding(spatial: [.known(.max), .known(3)])
      _ = (GemmView(node, in: graph), ConcatView(node, in: graph))
      _ = (BatchNormalizationView(node, in: graph), SoftmaxView(node, in: graph))
      _ = (ReductionView(node, in: graph), DropoutView(node, in: graph))
      _ = (GatherView(node, in: graph), PadView(node, in: graph), ResizeView(node, in: graph))
      _ = (ClipView(node, in: graph), CastView(node, in: graph), TileView(node, in: graph))
      for slice in SliceView(node, in: graph)?.slices ?? [] {
        for extent in [0, 1, 5, Int.max] {
          let taken = slice.resolved(extent: extent)
          #expect(taken.count >= 0 && taken.count <= extent)
          #expect(taken.count == 0 || (0..<extent).contains(taken.start))
        }
      }
      if let factorization = graph.axisFactorization(of: node) {
        let (input, output) = (graph.nodes[node].input(0), graph.nodes[node].output(0))
        let axes = factorization.groups.flatMap(\.inputAxes)
        #expect(axes == Array(0..<(input.flatMap { graph.rank(of: $0) } ?? 0)))
        let results = factorization.groups.flatMap(\.outputAxes)
        #expect(results == Array(0..<(output.flatMap { graph.rank(of: $0) } ?? 0)))
      }
      let cost = graph.cost(inputShapes: ["x0": [1, 2, 3, 4]])
      #expect(cost.nodes >= 2)
      #expect(cost.macs ?? 0 >= 0)
      graph.inferShapes()
    }
  }
}
