internal import IR

/// Turns Constant nodes into stored constants, which is what every other pass looks for.
///
/// ```
/// before: %1 = Constant() {value = …}      after: const %1 = …
/// ```
///
/// Legal case:
/// 1. A Constant node with a dense numeric value that is not an output of the graph: an output
///    must be computed by a node.
enum ConstantLifting {
  static let name = "lift-constants"
  static let lifting = RewriteRule(pass: name, number: 1, title: "store a Constant node's elements")

  static let pass = Pass(
    name: name, summary: "Turn Constant nodes into stored constants.", rules: [lifting], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs {
      guard let view = ConstantView(node, in: rewriter.graph), view.constant.payload != nil,
        let value = rewriter.graph.nodes[node].output(0), !rewriter.graph.isOutput(value)
      else { continue }
      let row = rewriter.graph.values[value]
      rewriter.apply(lifting, to: row.name, "\(view.constant.count) elements") { graph in
        graph.supplant(node, with: view.constant)
      }
    }
  }
}

extension Graph {
  /// Replaces a node, whose first result is not an output, by a constant of the same name.
  mutating func supplant(_ node: NodeID, with constant: Constant) {
    guard let value = nodes[node].output(0) else { return }
    supplant(value, with: constant)
    remove(node)
  }

  /// Makes whoever reads `value`, which is no output, read a constant of the same name.
  ///
  /// The node that makes `value` is to be removed, as two values may not have one name.
  mutating func supplant(_ value: ValueID, with constant: Constant) {
    let stored = addConstant(
      values[value].name, constant, annotations: values[value].annotations)
    replaceUses(of: value, with: stored)
  }
}
