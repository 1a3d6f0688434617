public import IR

/// A graph of one node as no exporter writes it: extents, attributes and operands at random.
public struct HostileNode {
  /// The graph; the node's results are its outputs.
  public private(set) var graph: Graph
  /// The node.
  public private(set) var node: NodeID

  static let numbers: [Int64] = [
    0, 1, 2, 3, -1, -2, 4, 7, 64, 1 << 30, 1 << 31, -(1 << 31), .max, .min, .max - 1, 1 << 40,
    1 << 62,
  ]
  static let attributeNames = [
    "axis", "axes", "kernel_shape", "strides", "pads", "dilations", "group", "auto_pad",
    "output_shape", "output_padding", "keepdims", "split", "num_outputs", "perm", "starts", "ends",
    "blocksize", "mode", "scales", "to", "shape", "k", "batch_dims", "start", "end", "equation",
    "value", "ceil_mode", "noop_with_empty_axes", "q_num_heads", "kv_num_heads", "onesided",
    "inverse", "num_scan_inputs", "scan_output_axes", "scan_input_axes", "spatial", "allowzero",
    "output_height", "dtype", "stash_type", "fmod", "transA",
  ]

  static let versions: [Int64] = [1, 4, 6, 7, 9, 10, 11, 12, 13, 14, 17, 18, 20, 23]

  /// Makes a node that applies `kind`.
  public init(_ kind: OperatorKind, using random: inout SplitMix64) {
    var graph = Graph(operatorSets: [
      OperatorSet(domain: "", version: Self.versions.randomElement(using: &random) ?? 18)
    ])
    var values: [ValueID] = []
    for index in 0..<Int.random(in: 0...5, using: &random) {
      values.append(Self.operand(index, in: &graph, using: &random))
    }
    node = Self.insert(kind, reading: values, into: &graph, using: &random)
    self.graph = graph
  }

  private static func operand(
    _ index: Int, in graph: inout Graph, using random: inout SplitMix64
  ) -> ValueID {
    let rank = Int.random(in: 0...5, using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0:
      let numbers = (0..<rank).map { _ in Self.numbers.randomElement(using: &random) ?? 0 }
      return graph.addConstant("x\(index)", Constant(numbers, shape: [rank]))
    case 1:
      let number = Self.numbers.randomElement(using: &random) ?? 0
      return Bool.random(using: &random)
        ? graph.addConstant("x\(index)", Constant([Float(number) / 3], shape: []))
        : graph.addConstant("x\(index)", Constant([number], shape: [1]))
    case 2:
      let shape = (0..<rank).map { _ in Int.random(in: 1...3, using: &random) }
      let elements = (0..<shape.product).map { _ in Float(Int.random(in: -1...1, using: &random)) }
      return graph.addConstant("x\(index)", Constant(elements, shape: shape))
    default: return graph.addInput("x\(index)", type: type(rank: rank, using: &random))
    }
  }

  private static func type(rank: Int, using random: inout SplitMix64) -> ValueType {
    let shape = (0..<rank).map { _ in dimension(using: &random) }
    let element = ElementType.allCases.randomElement(using: &random)
    return .tensor(TensorType(element, Int.random(in: 0..<9, using: &random) == 0 ? nil : shape))
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
    // What a model declares about a result need not follow from the node.
    let types = (0..<Int.random(in: 1...3, using: &random)).map { _ in
      random.chance(0.3)
        ? type(rank: Int.random(in: 0...5, using: &random), using: &random) : nil
    }
    return graph.insert(
      NodeDraft(Operator(kind), inputs: inputs, attributes: attributes, origin: .program),
      results: types.enumerated().map { ("y\($0.offset)", $0.element) })
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
