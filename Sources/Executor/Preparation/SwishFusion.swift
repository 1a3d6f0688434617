import IR

/// Puts one node in place of a product with the sigmoid of the same tensor.
///
/// ```
/// before: %1 = Sigmoid(%x)  %2 = Mul(%x, %1)
/// after:  %2 = Swish(%x)
/// ```
///
/// A HardSigmoid with a slope of 1/6 makes a HardSwish in the same way.
enum SwishFusion {
  static func run(on graph: inout Graph) {
    for node in graph.nodeIDs where graph.contains(node) {
      guard let kind = product(graph, node), let data = graph.nodes[node].input(0),
        let gate = graph.nodes[node].output(0), let reader = graph.soleReader(of: gate),
        graph.nodes[reader.node].op.kind == .mul,
        graph.nodes[reader.node].input(1 - reader.input) == data,
        let result = graph.nodes[reader.node].output(0), !graph.isOutput(result)
      else { continue }
      let row = graph.nodes[reader.node]
      let draft = NodeDraft(Operator(kind), name: row.name, inputs: [data], origin: row.origin)
      let made = graph.insert(
        draft, results: [(graph.values[result].name + " fused", graph.values[result].type)],
        before: reader.node)
      guard let value = graph.nodes[made].output(0) else { continue }
      graph.replaceUses(of: result, with: value)
      graph.remove(reader.node)
      graph.remove(node)
    }
  }

  /// What the product with the result of `node` is called.
  private static func product(_ graph: Graph, _ node: NodeID) -> OperatorKind? {
    switch graph.nodes[node].op.kind {
    case .sigmoid: return .swish
    case .hardSigmoid:
      let slope = graph.attribute(node, "alpha", default: Float(0.2)) ?? 0
      let shift = graph.attribute(node, "beta", default: Float(0.5)) ?? 0
      return (slope - 1 / 6).magnitude < 1e-6 && shift == 0.5 ? .hardSwish : nil
    default: return nil
    }
  }
}
