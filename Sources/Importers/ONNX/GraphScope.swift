import IR

/// A graph being read, with the names its nodes can see.
///
/// A body sees its own values and those of the graphs around it. What it reads from outside becomes
/// a captured value here, and an entry among the captures of the node that holds the body, in each
/// graph on the way to where the value is defined.
final class GraphScope {
  var graph: Graph
  private let parent: GraphScope?
  private var values: [ExactName: ValueID] = [:]
  /// What the bodies of the node being read have captured so far.
  private(set) var captures: [ValueID] = []
  private var captureIndices: [ValueID: Int] = [:]

  init(graph: Graph, parent: GraphScope?) {
    self.graph = graph
    self.parent = parent
  }

  /// Makes `name` stand for `value`.
  func define(_ name: String, as value: ValueID) throws(ImportError) {
    guard values.updateValue(value, forKey: ExactName(name)) == nil else {
      throw ImportError(.malformed, "the value is defined twice", entity: "value '\(name)'")
    }
  }

  /// The value called `name`, if it is already known in this graph.
  func known(_ name: String) -> ValueID? { values[ExactName(name)] }

  /// The value called `name`, captured from an enclosing graph if need be.
  func resolve(_ name: String) -> ValueID? {
    if let value = known(name) { return value }
    guard let parent, let outer = parent.resolve(name) else { return nil }
    let value = graph.addCaptured(
      name, index: parent.capture(outer), type: parent.graph.values[outer].type)
    values[ExactName(name)] = value
    return value
  }

  /// Forgets what the bodies of the previous node captured.
  func beginNode() {
    captures = []
    captureIndices = [:]
  }

  private func capture(_ value: ValueID) -> Int {
    if let index = captureIndices[value] { return index }
    captureIndices[value] = captures.count
    captures.append(value)
    return captures.count - 1
  }
}
