internal import IR

/// Gives the last linear layer the weights and bias of a refitted head.
///
/// ```
/// before: %5 = Gemm(%4, %w, %b)      after: %5 = Gemm(%4, %w', %b')
/// ```
///
/// Like closing channels, this changes what the network computes, because that was asked for.
///
/// Case:
/// 1. The linear layer that the model's only output comes from. A matrix product whose bias is an
///    Add behind it keeps that Add, with the head's numbers; one without gets it.
///
/// Whoever makes the pass has fitted the head to the model, which refuses every layer whose output is
/// changed by more than an activation: `Graph.fitted`.
enum HeadReplacement {
  static let name = "replace-head"
  static let replacement = RewriteRule(pass: name, number: 1, title: "give the last layer a head")

  /// The pass that installs `head`, which is as wide as the layer.
  static func pass(_ head: LinearHead) -> Pass {
    Pass(
      name: name, summary: "Give the last linear layer a refitted head.", rules: [replacement],
      run: { run(head, &$0) })
  }

  private static func run(_ head: LinearHead, _ rewriter: inout Rewriter) {
    guard let layer = try? rewriter.graph.lastLayer(),
      let old = rewriter.graph.constant(layer.weight), let weights = layer.stored(head, like: old),
      let bias = bias(of: head, like: old, behind: layer, in: rewriter.graph)
    else { return }
    let label = rewriter.label(layer.node)
    let stored = rewriter.store(weights, over: layer.weight)
    rewriter.apply(replacement, to: label, "\(head.outputs)×\(head.features)") {
      $0.replaceInput(of: layer.node, at: 1, with: stored)
    }
    if layer.takesBias {
      setBias(bias, of: layer.node, &rewriter)
    } else {
      setSummand(bias, behind: layer.node, &rewriter)
    }
  }

  private static func setBias(_ bias: Constant, of node: NodeID, _ rewriter: inout Rewriter) {
    let value = rewriter.addBias(bias, of: node)
    rewriter.edit { graph in
      graph.setInputs(of: node, to: Array(graph.nodes[node].inputs.prefix(2)) + [value])
      // Factors of a Gemm would scale the head as well.
      graph.setAttributes(
        of: node,
        to: graph.nodes[node].attributes.filter { $0.name != "alpha" && $0.name != "beta" })
    }
  }

  /// The bias of `head`, of as many axes as the summand it replaces.
  ///
  /// A summand of more axes gives the sum more axes, which the model declares.
  private static func bias(
    of head: LinearHead, like weights: Constant, behind layer: LastLayer, in graph: Graph
  ) -> Constant? {
    let old = layer.takesBias ? nil : summand(behind: layer.node, in: graph)
    let rank = old.flatMap { graph.constant($0.value)?.shape.count } ?? 1
    let ones = Array(repeating: 1, count: max(rank - 1, 0))
    return Constant(rounding: head.bias, like: weights, shape: ones + [layer.outputs])
  }

  /// Replaces what is added behind a matrix product, or adds it.
  private static func setSummand(
    _ bias: Constant, behind node: NodeID, _ rewriter: inout Rewriter
  ) {
    guard let product = rewriter.graph.nodes[node].output(0) else { return }
    let old = summand(behind: node, in: rewriter.graph)
    let value = rewriter.addBias(bias, of: node)
    if let old {
      rewriter.edit { $0.replaceInput(of: old.sum, at: old.input, with: value) }
    } else {
      rewriter.append(.add, value, behind: product, rule: replacement, "the head's bias")
    }
  }

  /// The constant that an Add behind the product `node` adds, and where.
  private static func summand(
    behind node: NodeID, in graph: Graph
  ) -> (sum: NodeID, input: Int, value: ValueID)? {
    guard let product = graph.nodes[node].output(0),
      let (sum, operand) = graph.soleReader(of: product), graph.nodes[sum].op.kind == .add,
      let value = graph.nodes[sum].input(1 - operand), graph.constant(value) != nil
    else { return nil }
    return (sum, 1 - operand, value)
  }
}
