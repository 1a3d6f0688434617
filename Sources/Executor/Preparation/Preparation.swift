import IR

/// Makes a graph ready to be planned, once for all shapes.
enum Preparation {
  /// The graph of `model` with everything computed that depends on stored tensors alone.
  ///
  /// - Throws: `ExecutionError` for the first node that there is no kernel for.
  static func prepared(
    _ model: Model, byteLimit: Int
  ) throws(ExecutionError) -> Graph {
    // A function may have the name of an operator, which then means something else.
    let graph = model.functions.isEmpty ? try OldOperators.retyped(model.graph) : model.graph
    try check(graph)
    return folded(graph, byteLimit: byteLimit)
  }

  /// The same graph with everything computed that depends on stored tensors alone.
  static func folded(_ graph: Graph, byteLimit: Int) -> Graph {
    var planner = Planner(
      graph, inputs: [], weights: PackedWeights(), byteLimit: byteLimit)
    planner.fold()
    NormalizationFolding.run(on: &planner.graph)
    GeluFusion.run(on: &planner.graph)
    SwishFusion.run(on: &planner.graph)
    return planner.graph
  }

  private static func check(_ graph: Graph) throws(ExecutionError) {
    for node in graph.nodeIDs {
      let op = graph.nodes[node].op
      guard Planner.kernel(for: op) != nil else {
        let name = op.domain.isEmpty ? op.type : "\(op.domain)::\(op.type)"
        throw ExecutionError(
          .unsupported, "there is no kernel for this operator", subject: graph.label(node),
          operatorType: name)
      }
      for body in graph.nodes[node].bodies { try check(body) }
    }
  }
}

extension Planner {
  /// Computes all nodes whose operands are stored, and takes away what nobody reads.
  mutating func fold() {
    for node in graph.nodeIDs {
      let row = graph.nodes[node]
      let isStored = row.inputs.allSatisfy { $0.map { graph.constant($0) != nil } ?? true }
      guard isStored, row.captures.isEmpty, row.op.kind != .if else { continue }
      // Whatever is wrong with it is said when it is planned.
      try? dispatch(node)
    }
    for node in graph.nodeIDs.reversed() {
      let results = graph.nodes[node].outputs.compactMap { $0 }
      if results.allSatisfy({ graph.values[$0].uses.isEmpty }) { graph.remove(node) }
    }
  }
}
