internal import IR

extension Graph {
  /// Gives `node` the parameter `name`, in the place where it had one of that name.
  mutating func setAttribute(of node: NodeID, _ name: String, to value: AttributeValue) {
    var attributes = nodes[node].attributes
    if let place = attributes.firstIndex(where: { $0.name == name }) {
      attributes[place].value = value
    } else {
      attributes.append(Attribute(name, value))
    }
    setAttributes(of: node, to: attributes)
  }

  /// Whether a body captures `value`, which may then not be able to read it under another name.
  func isCapturedByBodies(_ value: ValueID) -> Bool {
    values[value].uses.contains { if case .capture = $0 { true } else { false } }
  }
}

extension Rewriter {
  /// The node that computes `value` and nothing else, if one operand in the graph is all that reads
  /// it: what whoever reads it may take upon itself.
  ///
  /// A value whose channels were closed stays until the report has said what became of them.
  func exclusiveProducer(of value: ValueID?) -> NodeID? {
    guard let value, graph.soleReader(of: value) != nil, let node = graph.producer(of: value),
      graph.nodes[node].outputs.count == 1, !isMarked(value)
    else { return nil }
    return node
  }

  /// Whether channels of `value` were closed of which the report has yet to say what became of them.
  func isMarked(_ value: ValueID) -> Bool {
    pruning == nil && marks.contains { $0.value == value }
  }

  /// Puts a node in the place of `node`, whose only result is computed by the new one from now on.
  ///
  /// - Precondition: `node` has one result, and `draft` computes the same.
  mutating func replace(
    _ node: NodeID, with draft: NodeDraft, _ rule: RewriteRule, _ detail: String
  ) {
    guard let result = graph.nodes[node].output(0) else { return }
    var draft = draft
    draft.name = graph.nodes[node].name
    draft.annotations = graph.nodes[node].annotations
    let row = graph.values[result]
    let name = freshName(row.name + "_joined")
    let computed = apply(rule, to: label(node), detail) { graph in
      let added = graph.insert(draft, results: [(name, row.type)], before: node)
      return graph.nodes[added].outputs[0]
    }
    if let computed { bypass(node, with: computed) }
  }
}
