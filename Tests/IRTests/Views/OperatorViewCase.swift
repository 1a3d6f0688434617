import IR
import TestSupport
import Testing

/// The last node of a few statements in text form, and the graph around it.
func lastNode(_ statements: String, version: Int = 18) throws -> (node: NodeID, graph: Graph) {
  let graph = try parseGraph("graph opset \(version) { \(statements) }")
  return (try #require(graph.nodeIDs.last), graph)
}

/// Expects that `read` makes nothing of the last node of any of `statements`.
func expectNoView<View>(
  _ read: (NodeID, Graph) -> View?, _ statements: [String], version: Int = 18,
  at location: SourceLocation = #_sourceLocation
) throws {
  for text in statements {
    let (node, graph) = try lastNode(text, version: version)
    #expect(read(node, graph) == nil, "\(text)", sourceLocation: location)
  }
}
