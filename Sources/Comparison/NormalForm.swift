import IR
import Passes

/// A model as comparison sees it: folded as far as dearc folds, in single precision.
///
/// Two files of one network are folded to different degrees, by different tools. What is the same network
/// has the same form here, and nodes that survive keep their numbers, so that what is said of the form can
/// be said of the model.
struct NormalForm {
  /// The graph as it was read, with its types inferred.
  let original: Graph
  /// The graph that is compared.
  let graph: Graph
  /// For each node of the original that the form lacks, the node of the form that does its work now; nil if
  /// it came to nothing, such as arithmetic on shapes.
  let absorbers: [NodeID: NodeID?]
  /// For each node of the form the nodes of the original that it stands for, that which makes what it makes
  /// first.
  let members: [NodeID: [NodeID]]
  /// How finely weights were stored.
  let precision: StoredPrecision
  /// The values of the form that are not what the original has under their names.
  let rescaled: Set<ValueID>

  /// Nothing is written here, so constants may add more than they do where that counts.
  private static let foldLimit = 1 << 24

  /// Folds `model`, with the help of `evaluate`, which runs a graph without inputs.
  ///
  /// - Throws: `PipelineError` if a pass made an invalid graph, which is a fault in dearc.
  init(
    _ model: Model, evaluate: (@Sendable (Graph) throws -> [Constant])?
  ) throws(PipelineError) {
    var typed = model.graph
    _ = typed.inferShapes()
    original = typed
    precision = StoredPrecision(of: model.graph)
    var widened = model
    widened.graph.widenFloats()
    widened.graph.dequantize()
    var options = PipelineOptions()
    options.evaluate = evaluate
    options.foldLimit = Self.foldLimit
    let folded = try Pipeline.normalize.run(widened, options: options)
    graph = folded.model.graph
    rescaled = folded.rescaled
    absorbers = Absorption(original, graph).absorbers
    members = Self.members(original, graph, absorbers)
  }

  private static func members(
    _ original: Graph, _ graph: Graph, _ absorbers: [NodeID: NodeID?]
  ) -> [NodeID: [NodeID]] {
    var members: [NodeID: [NodeID]] = [:]
    for node in original.nodeIDs where graph.contains(node) { members[node] = [node] }
    for node in original.nodeIDs {
      guard let absorber = absorbers[node] ?? nil else { continue }
      // Of layers that were joined, the last one's channels are those of the product.
      let isProduct =
        original.isLinear(node) && graph.isLinear(absorber)
        && !original.reaches(absorber, from: node)
      members[absorber, default: []].insert(
        node, at: isProduct ? 0 : members[absorber]?.count ?? 0)
    }
    return members
  }

  /// The node of the original that a node of the form is called after.
  func representative(of node: NodeID) -> NodeID { members[node]?.first ?? node }

  /// The form in which the linear layers `nodes` are one with those right before them.
  ///
  /// - Throws: `PipelineError` if joining made an invalid graph, which is a fault in dearc.
  func joining(_ nodes: Set<NodeID>) throws(PipelineError) -> NormalForm {
    var model = Model(irVersion: 8, graph: graph)
    model = try Pipeline.join(at: nodes).run(model).model
    return NormalForm(
      original: original, graph: model.graph, precision: precision, rescaled: rescaled)
  }

  private init(
    original: Graph, graph: Graph, precision: StoredPrecision, rescaled: Set<ValueID>
  ) {
    self.original = original
    self.graph = graph
    self.precision = precision
    self.rescaled = rescaled
    absorbers = Absorption(original, graph).absorbers
    members = Self.members(original, graph, absorbers)
  }
}

/// How finely the weights of a model are stored.
enum StoredPrecision: Int, Comparable {
  case single, half, brain, coarse

  init(of graph: Graph) {
    var precision = StoredPrecision.single
    for value in graph.constantIDs {
      guard let constant = graph.constant(value), constant.count > 1 else { continue }
      switch constant.elementType {
      case .float16: precision = max(precision, .half)
      case .bfloat16: precision = max(precision, .brain)
      case .int8, .uint8: precision = max(precision, .coarse)
      default: continue
      }
    }
    self = precision
  }

  static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// How far a row of weights may be from what it was, in proportion to its length.
  var tolerance: Double {
    switch self {
    case .single: 1e-5
    case .half: 2e-3
    case .brain: 1e-2
    case .coarse: 4e-2
    }
  }
}

extension Graph {
  /// Stores and computes in single precision what is in half.
  ///
  /// The graph is only ever looked at: nobody runs it.
  fileprivate mutating func widenFloats() {
    for value in valueIDs {
      if let constant = values[value].constant, constant.elementType.isHalf,
        let widened = constant.inSinglePrecision
      {
        replaceConstant(value, with: widened)
      }
      guard case .tensor(let type)? = values[value].type, type.elementType?.isHalf ?? false
      else { continue }
      setType(of: value, to: .tensor(TensorType(.float32, type.shape)))
    }
    for node in nodeIDs where nodes[node].op.kind == .cast {
      setAttributes(of: node, to: nodes[node].attributes.map(\.widened))
    }
  }
}

extension Graph {
  /// Whether a node is a layer that may be joined with another.
  func isLinear(_ node: NodeID) -> Bool {
    [.conv, .gemm, .matMul].contains(nodes[node].op.kind)
  }

  /// Whether the only way on from `node` leads to `other`, a few nodes further.
  fileprivate func reaches(_ other: NodeID, from node: NodeID) -> Bool {
    var next = nodes[node].output(0)
    for _ in 0..<4 {
      guard let value = next, let reader = soleReader(of: value)?.node else { return false }
      if reader == other { return true }
      next = nodes[reader].output(0)
    }
    return false
  }
}

extension ElementType {
  fileprivate var isHalf: Bool { self == .float16 || self == .bfloat16 }
}

extension Attribute {
  /// The target of a Cast, single where it was half.
  fileprivate var widened: Attribute {
    guard name == "to", case .int(let number) = value,
      let type = ElementType(rawValue: Int32(truncatingIfNeeded: number)), type.isHalf
    else { return self }
    return Attribute(name, .int(Int64(ElementType.float32.rawValue)))
  }
}

/// Which node of a folded graph does the work of each node that went.
private struct Absorption {
  private(set) var absorbers: [NodeID: NodeID?] = [:]
  private let original: Graph
  private let folded: Graph

  init(_ original: Graph, _ folded: Graph) {
    self.original = original
    self.folded = folded
    var producers: [ExactName: NodeID] = [:]
    for node in folded.nodeIDs {
      for case let result? in folded.nodes[node].outputs {
        producers[ExactName(folded.values[result].name)] = node
      }
    }
    // Readers before what they read, so that one that went knows its own absorber.
    for node in original.nodeIDs.reversed() where !folded.contains(node) {
      absorbers[node] = .some(absorber(of: node, producers))
    }
  }

  /// Folding backwards, the absorber takes over the name; forwards, a reader does the work.
  private func absorber(of node: NodeID, _ producers: [ExactName: NodeID]) -> NodeID? {
    for case let result? in original.nodes[node].outputs {
      if let producer = producers[ExactName(original.values[result].name)] { return producer }
      for use in original.values[result].uses {
        guard let reader = use.node else { continue }
        if folded.contains(reader) { return reader }
        if let absorber = absorbers[reader] ?? nil { return absorber }
      }
    }
    return nil
  }
}
