internal import IR

/// Removes nodes and constants that no output depends on.
///
/// Legal cases:
/// 1. A node none of whose results is read.
/// 2. A constant that is not read.
///
/// Inputs stay: they are a contract with the caller. Runs behind what leaves nodes without readers.
enum DeadNodeRemoval {
  static let name = "remove-dead"
  static let node = RewriteRule(pass: name, number: 1, title: "remove a node nobody reads")
  static let constant = RewriteRule(pass: name, number: 2, title: "remove a constant nobody reads")

  static let pass = Pass(
    name: name, summary: "Remove nodes and constants that no output depends on.",
    rules: [node, constant], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for id in rewriter.graph.nodeIDs.reversed() {
      let results = rewriter.graph.nodes[id].outputs.compactMap { $0 }
      guard results.allSatisfy({ rewriter.graph.values[$0].uses.isEmpty }) else { continue }
      rewriter.apply(node, to: rewriter.label(id), rewriter.graph.nodes[id].op.type) {
        $0.remove(id)
      }
    }
    for value in rewriter.graph.constantIDs where rewriter.graph.values[value].uses.isEmpty {
      rewriter.apply(constant, to: rewriter.graph.values[value].name, "") {
        $0.removeConstant(value)
      }
    }
  }
}
