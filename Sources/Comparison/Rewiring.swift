import IR

/// Finds pairs that read other things than before, though every node is still there.
///
/// What was put between two nodes, or taken out, is said of that; here only what can be told from pairs counts.
struct Rewiring {
  /// The nodes of the form after that read something else.
  private(set) var nodes: [NodeID] = []
  /// The places of outputs that something else computes.
  private(set) var outputs: [Int] = []

  /// Where a value comes from, in terms of the graph before.
  fileprivate enum Source: Hashable {
    case nothing, stored
    case input(Int)
    case result(NodeID, Int)
    /// A node that the other graph lacks.
    case lone
  }

  init(_ before: Graph, _ after: Graph, _ pairs: [NodeID: NodeID]) {
    let matched = Set(pairs.values)
    let old = Sources(before) { matched.contains($0) ? $0 : nil }
    let new = Sources(after) { pairs[$0] }
    for node in after.nodeIDs {
      guard let other = pairs[node] else { continue }
      if old.of(before.nodes[other]) != new.of(after.nodes[node]),
        !(old.of(before.nodes[other]) + new.of(after.nodes[node])).contains(.lone)
      {
        nodes.append(node)
      }
    }
    for (place, values) in zip(before.outputs, after.outputs).enumerated() {
      let sources = [old.of(values.0), new.of(values.1)]
      if sources[0] != sources[1], !sources.contains(.lone) { outputs.append(place) }
    }
  }

  private struct Sources {
    private let graph: Graph
    private let places: [ValueID: Int]
    private let partner: (NodeID) -> NodeID?

    init(_ graph: Graph, partner: @escaping (NodeID) -> NodeID?) {
      self.graph = graph
      self.partner = partner
      places = Dictionary(uniqueKeysWithValues: zip(graph.requiredInputs, 0...))
    }

    func of(_ value: ValueID?) -> Source {
      guard let value else { return .nothing }
      if let place = places[value] { return .input(place) }
      guard let producer = graph.producer(of: value) else { return .stored }
      guard let node = partner(producer) else { return .lone }
      return .result(node, graph.nodes[producer].outputs.firstIndex(of: value) ?? 0)
    }

    /// What a node reads; in an order of its own where operands may change places.
    func of(_ node: Node) -> [Source] {
      var sources = (node.inputs + node.captures).map { of($0) }
      while sources.last == .nothing { sources.removeLast() }
      return node.op.isCommutative ? sources.sorted { $0.rank < $1.rank } : sources
    }
  }
}

extension Rewiring.Source {
  fileprivate var rank: (Int, Int, Int) {
    switch self {
    case .nothing: (0, 0, 0)
    case .stored: (1, 0, 0)
    case .input(let place): (2, place, 0)
    case .result(let node, let place): (3, node.index, place)
    case .lone: (4, 0, 0)
    }
  }
}
