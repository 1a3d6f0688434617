internal import COneDNN
import IR

/// Nodes behind a layer whose work the layer's primitive does as well.
struct FusedChain {
  /// The last node whose work is done.
  private(set) var last: NodeID
  private(set) var nodes: [NodeID] = []
  private(set) var operations: [PostOperation] = []
  /// What is added to the layer's result; its memory takes the sum.
  private(set) var addend: Operand?
  /// The node that adds it.
  private(set) var sum: NodeID?

  init(after node: NodeID) { last = node }

  /// Takes up a node whose work is done without an operation of its own.
  mutating func pass(_ node: NodeID) {
    last = node
    nodes.append(node)
  }

  fileprivate mutating func append(
    _ node: NodeID, _ operation: PostOperation, adding operand: Operand? = nil
  ) {
    last = node
    nodes.append(node)
    operations.append(operation)
    if let operand { (addend, sum) = (operand, node) }
  }

  /// Whether a function of the same kind is applied already: oneDNN 2.6 gives both the parameters of one.
  func applies(_ function: Activation) -> Bool {
    operations.contains { operation in
      if case .activation(let other) = operation {
        other.algorithm == function.algorithm
      } else {
        false
      }
    }
  }

  /// More operations than that are not worth what they make a primitive slower.
  var isFull: Bool { operations.count >= 3 }
}

extension Planner {
  /// Takes up what follows a layer, as long as nobody else reads what comes between.
  func fusion(_ chain: FusedChain, result: [Int], allowsSum: Bool = true) -> FusedChain {
    var chain = chain
    while !chain.isFull, let value = graph.nodes[chain.last].output(0),
      graph.nodes[chain.last].outputs.dropFirst().allSatisfy({ $0 == nil }),
      let reader = graph.soleReader(of: value)
    {
      if let function = activation(reader.node), reader.input == 0, !chain.applies(function) {
        chain.append(reader.node, .activation(function))
      } else if allowsSum, chain.addend == nil, graph.nodes[reader.node].op.kind == .add,
        let operand = addend(reader.node, beside: reader.input, shape: result)
      {
        chain.append(reader.node, .accumulation, adding: operand)
      } else {
        break
      }
    }
    return chain
  }

  /// The other operand of a sum, if it is there already and as large.
  private func addend(_ node: NodeID, beside input: Int, shape: [Int]) -> Operand? {
    guard let other = graph.nodes[node].input(1 - input), let operand = knownOperand(other),
      operand.shape == shape, operand.elementType == .float32, operand.constant == nil
    else { return nil }
    return operand
  }

  /// The function that `node` applies to each element, if oneDNN has it.
  func activation(_ node: NodeID) -> Activation? {
    guard let kind = graph.nodes[node].op.kind else { return nil }
    func number(_ name: String, _ fallback: Float) -> Float {
      graph.attribute(node, name, default: fallback) ?? fallback
    }
    switch kind {
    case .relu: return Activation(algorithm: dnnl_eltwise_relu)
    case .leakyRelu: return Activation(algorithm: dnnl_eltwise_relu, alpha: number("alpha", 0.01))
    case .elu: return Activation(algorithm: dnnl_eltwise_elu, alpha: number("alpha", 1))
    case .sigmoid: return Activation(algorithm: dnnl_eltwise_logistic)
    case .tanh: return Activation(algorithm: dnnl_eltwise_tanh)
    case .hardSwish: return Activation(algorithm: dnnl_eltwise_hardswish)
    case .swish: return Activation(algorithm: dnnl_eltwise_swish, alpha: number("alpha", 1))
    case .clip: return bounds(of: node)
    case .gelu:
      return graph.attribute(node, "approximate", default: "none") == "none"
        ? Activation(algorithm: dnnl_eltwise_gelu_erf) : nil
    default: return nil
    }
  }

  private func bounds(of node: NodeID) -> Activation? {
    guard let bounds = ClipView(node, in: graph), let low = bounds.minimum,
      let high = bounds.maximum,
      low <= high
    else { return nil }
    return Activation(algorithm: dnnl_eltwise_clip, alpha: Float(low), beta: Float(high))
  }

  /// Says that the last node of a chain made `result`, and the others nothing that anyone reads.
  mutating func define(_ chain: FusedChain, _ result: Operand) {
    for node in chain.nodes { fuse(node) }
    define(chain.last, 0, result)
  }
}
