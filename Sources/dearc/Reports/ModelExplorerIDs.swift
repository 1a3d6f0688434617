import IR

/// What Model Explorer calls the boxes of a graph.
///
/// Nodes go by their names, made unique in the order of the file; stored tensors, inputs and outputs go by the
/// names of values; and a group goes by its path, in which the graph's name stands first.
///
/// Source: the adapter for ONNX, `model-explorer-onnx` 0.4.2, and `NameFixPass` of `onnx_ir`, which it runs
/// before.
struct ModelExplorerIDs {
  private let graph: Graph
  private let names: [NodeID: String]

  init(_ graph: Graph) {
    self.graph = graph
    var used: Set<ExactName> = []
    var counts: [ExactName: Int] = [:]
    var names: [NodeID: String] = [:]
    for node in graph.nodeIDs {
      let base = graph.nodes[node].name.isEmpty ? "node" : graph.nodes[node].name
      var name = base
      while !used.insert(ExactName(name)).inserted {
        counts[ExactName(base), default: 0] += 1
        name = "\(base)_\(counts[ExactName(base), default: 0])"
      }
      names[node] = name
    }
    self.names = names
  }

  func id(_ node: NodeID) -> String { names[node] ?? graph.nodes[node].name }

  func id(_ value: ValueID) -> String { "[value] \(graph.values[value].name)" }

  /// The stored tensors that `nodes` read, each once.
  func tensors(of nodes: [NodeID]) -> [ValueID] {
    var seen: Set<ValueID> = []
    return nodes.flatMap { graph.nodes[$0].inputs }.compactMap { $0 }
      .filter { graph.values[$0].constant != nil && seen.insert($0).inserted }
  }

  /// The groups that a node is in, the outermost first.
  func groups(of node: NodeID) -> [String] {
    let row = graph.nodes[node]
    let stated = row.annotations?.metadata.first { $0.key == "namespace" }?.value
    let parts = (stated ?? row.name).split(separator: "/").map(String.init)
    let namespace = stated == nil ? parts.dropLast() : parts[...]
    return (0...namespace.count).map { count in
      ([graph.name] + namespace.prefix(count)).joined(separator: "/") + "___group___"
    }
  }
}
