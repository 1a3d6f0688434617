import IR
import TestSupport
import Testing

/// Nodes as no exporter writes them: whatever they say, nothing may trap or run away.
@Suite struct ShapeRobustnessTests {
  static let numbers: [Int64] = [
    0, 1, 2, 3, -1, -2, 4, 7, 64, 1 << 31, -(1 << 31), .max, .min, .max - 1, 1 << 40, 1 << 62,
  ]
  static let attributeNames = [
    "axis", "axes", "kernel_shape", "strides", "pads", "dilations", "group", "auto_pad",
    "output_shape", "output_padding", "keepdims", "split", "num_outputs", "perm", "starts", "ends",
    "blocksize", "mode", "scales", "to", "shape", "k", "batch_dims", "start", "end", "equation",
    "value", "ceil_mode", "noop_with_empty_axes", "q_num_heads", "kv_num_heads", "onesided",
    "inverse", "num_scan_inputs", "scan_output_axes", "scan_input_axes", "spatial", "allowzero",
    "output_height", "dtype", "stash_type", "fmod", "transA",
  ]

  @Test(arguments: OperatorKind.allCases)
  func anyNode(kind: OperatorKind) {
    var random = SplitMix64(seed: UInt64(OperatorKind.allCases.firstIndex(of: kind) ?? 0))
    for _ in 0..<100 {
      var graph = Graph(operatorSets: [
        OperatorSet(domain: "", version: Self.versions.randomElement(using: &random) ?? 18)
      ])
      var values: [ValueID] = []
      for index in 0..<Int.random(in: 0...5, using: &random) {
        values.append(Self.operand(index, in: &graph, using: &random))
      }
      let node = Self.insert(kind, reading: values, into: &graph, using: &random)
      let shape = graph.insert(
        NodeDraft(Operator(.shape), inputs: [graph.nodes[node].outputs[0]], origin: .program),
        results: [("extents", nil)])
      for case let output? in graph.nodes[shape].outputs { graph.addOutput(output) }
      Self.examine(graph, node)
    }
  }

  static let versions: [Int64] = [1, 4, 6, 7, 9, 10, 11, 12, 13, 14, 17, 18, 20, 23]

  /// Everything the library offers to say about a node, before and after its shapes are known.
  static func examine(_ graph: Graph, _ node: NodeID) {
    var graph = graph
    for _ in 0..<2 {
      _ = ConvolutionView(node, in: graph)?.mayTouchPadding(spatial: [.known(.max), .unknown])
      let pool = PoolView(node, in: graph)
      _ = pool?.mayTouchPadding(spatial: [.known(.max), .unknown])
      _ = pool?.mayLieWhollyInPadding(spatial: [.known(.max), .known(3)])
      _ = (GemmView(node, in: graph), MatMulView(node, in: graph), ConcatView(node, in: graph))
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

  private static func operand(
    _ index: Int, in graph: inout Graph, using random: inout SplitMix64
  ) -> ValueID {
    let rank = Int.random(in: 0...5, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      let numbers = (0..<rank).map { _ in Self.numbers.randomElement(using: &random) ?? 0 }
      return graph.addConstant("x\(index)", Constant(numbers, shape: [rank]))
    case 1:
      let number = Self.numbers.randomElement(using: &random) ?? 0
      return Bool.random(using: &random)
        ? graph.addConstant("x\(index)", Constant([Float(number) / 3], shape: []))
        : graph.addConstant("x\(index)", Constant([number], shape: [1]))
    default:
      let shape = (0..<rank).map { _ in dimension(using: &random) }
      let element = ElementType.allCases.randomElement(using: &random)
      let type = TensorType(element, Int.random(in: 0..<9, using: &random) == 0 ? nil : shape)
      return graph.addInput("x\(index)", type: .tensor(type))
    }
  }

  private static func dimension(using random: inout SplitMix64) -> Dimension {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: .unknown
    case 1: .symbol(["N", "H"].randomElement(using: &random) ?? "N")
    default: .known(Int(Self.numbers.randomElement(using: &random) ?? 0))
    }
  }

  private static func insert(
    _ kind: OperatorKind, reading values: [ValueID], into graph: inout Graph,
    using random: inout SplitMix64
  ) -> NodeID {
    var attributes: [Attribute] = []
    for name in attributeNames where Int.random(in: 0..<5, using: &random) == 0 {
      attributes.append(Attribute(name, attribute(using: &random)))
    }
    let inputs = values.map { Int.random(in: 0..<12, using: &random) == 0 ? nil : $0 }
    let count = Int.random(in: 1...3, using: &random)
    return graph.insert(
      NodeDraft(Operator(kind), inputs: inputs, attributes: attributes, origin: .program),
      results: (0..<count).map { ("y\($0)", nil) })
  }

  private static func attribute(using random: inout SplitMix64) -> AttributeValue {
    let number = numbers.randomElement(using: &random) ?? 0
    switch Int.random(in: 0..<7, using: &random) {
    case 0: return .float(Float(number))
    case 1:
      return .text(
        ["SAME_UPPER", "VALID", "nearest", "ij,jk->ik", "...", "-> ,", "wrap"]
          .randomElement(using: &random) ?? "")
    case 2: return .tensor(name: "t", Constant([number], shape: [1]))
    case 3, 4: return .int(number)
    default:
      let small = Bool.random(using: &random)
      return .ints(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in
          small
            ? Int64.random(in: -1...3, using: &random)
            : numbers.randomElement(using: &random) ?? 0
        })
    }
  }
}
