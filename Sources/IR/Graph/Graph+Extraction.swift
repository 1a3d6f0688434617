extension Graph {
  /// The part of the graph that some of its nodes make up, as a graph of its own.
  ///
  /// What the nodes read of others becomes an input; what others, or the caller, read of them becomes
  /// an output. Stored constants come along, names and types stay.
  ///
  /// - Parameter isIncluded: Says which nodes belong to the part.
  /// - Returns: the part.
  public func extracting(where isIncluded: (NodeID) -> Bool) -> Graph {
    var extraction = Extraction(self)
    for node in nodeIDs where isIncluded(node) { extraction.add(node) }
    return extraction.finish(isIncluded)
  }
}

/// A part of a graph while it is copied.
private struct Extraction {
  private let source: Graph
  private var part: Graph
  private var copies: SideTable<ValueID, ValueID?>

  init(_ source: Graph) {
    self.source = source
    part = Graph(name: source.name, operatorSets: source.operatorSets)
    copies = SideTable(count: source.values.count, initial: nil)
  }

  mutating func add(_ node: NodeID) {
    let row = source.nodes[node]
    var draft = NodeDraft(
      row.op, name: row.name, inputs: row.inputs.map { $0.map { copy(of: $0) } },
      attributes: row.attributes, origin: row.origin)
    draft.annotations = row.annotations
    draft.captures = row.captures.map { copy(of: $0) }
    let results = row.outputs.map { output in
      output.map { (name: source.values[$0].name, type: source.values[$0].type) }
    }
    let added = part.insert(draft, results: results)
    for case (let old?, let new?) in zip(row.outputs, part.nodes[added].outputs) {
      copies[old] = new
    }
  }

  private mutating func copy(of value: ValueID) -> ValueID {
    if let known = copies[value] { return known }
    let row = source.values[value]
    let made =
      source.constant(value).map { part.addConstant(row.name, $0) }
      ?? part.addInput(row.name, type: row.type)
    copies[value] = made
    return made
  }

  mutating func finish(_ isIncluded: (NodeID) -> Bool) -> Graph {
    for node in source.nodeIDs where isIncluded(node) {
      for case let output? in source.nodes[node].outputs {
        let uses = source.values[output].uses
        let isRead = uses.isEmpty || uses.contains { !($0.node.map(isIncluded) ?? false) }
        if isRead, let copy = copies[output] { part.addOutput(copy) }
      }
    }
    return part
  }
}
