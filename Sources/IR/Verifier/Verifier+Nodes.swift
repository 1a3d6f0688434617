// Rules about single nodes and the bodies they hold.

extension Verifier {
  mutating func checkNode(_ id: NodeID) {
    let node = graph.nodes[id]
    checkOperator(of: node, id)
    checkAttributes(of: node, id)
    checkCaptures(of: node, id)
  }

  private mutating func checkOperator(of node: Node, _ id: NodeID) {
    if node.op.type.isEmpty { report(.operatorName, .node(id), "the node names no operator") }
    if graph.version(ofDomain: node.op.domain) == nil {
      report(.importedDomain, .node(id), "the domain \(quoted(node.op.domain)) is not imported")
    }
    guard let arity = node.op.kind?.arity else { return }
    if !arity.operands.contains(node.inputs.count) {
      report(
        .operandCount, .node(id),
        "expected \(arity.operands.inWords("operand")), found \(node.inputs.count)")
    } else if let missing = node.inputs.prefix(arity.required).firstIndex(of: nil) {
      report(.operandCount, .node(id), "operand \(missing) may not be left out")
    }
    if !arity.results.contains(node.outputs.count) {
      report(
        .resultCount, .node(id),
        "expected \(arity.results.inWords("result")), found \(node.outputs.count)")
    }
    for name in arity.attributes where node.attribute(name) == nil {
      report(.requiredAttribute, .node(id), "the attribute \(quoted(name)) is missing")
    }
  }

  private mutating func checkAttributes(of node: Node, _ id: NodeID) {
    var names: Set<ExactName> = []
    for attribute in node.attributes {
      if attribute.name.isEmpty {
        report(.attributeName, .node(id), "an attribute has no name")
      } else if !names.insert(ExactName(attribute.name)).inserted {
        report(.attributeName, .node(id), "the attribute \(quoted(attribute.name)) appears twice")
      }
      guard case .reference(let parameter, _) = attribute.value else { continue }
      if context.parameters?.contains(parameter) != true {
        report(
          .attributeReference, .node(id),
          "\(quoted(attribute.name)) stands for \(quoted(parameter)), which no enclosing function "
            + "declares")
      }
    }
  }

  private mutating func checkCaptures(of node: Node, _ id: NodeID) {
    var isRead = Array(repeating: false, count: node.captures.count)
    for attribute in node.attributes {
      let graphs = attribute.value.graphs
      let path = BodyPath.path(to: "\(id)", attribute: attribute.name, in: context.path)
      for (index, body) in graphs.enumerated() {
        let isList = if case .graphs = attribute.value { true } else { false }
        for read in checkBody(body, of: node, path: isList ? "\(path)[\(index)]" : path) {
          isRead[read] = true
        }
      }
    }
    for (index, capture) in node.captures.enumerated() {
      if !isRead[index] {
        report(.unusedCapture, .node(id), "no body reads capture \(index), \(capture)")
      }
      if node.captures[..<index].contains(capture) {
        report(.duplicateCapture, .node(id), "\(capture) is captured twice")
      }
    }
  }

  /// Verifies a body; returns the indices of the captures it reads.
  private mutating func checkBody(_ body: Graph, of node: Node, path: String) -> Set<Int> {
    var inner = Verifier(
      body,
      Context(
        path: path, captureNames: node.captures.map { isLive($0) ? graph.values[$0].name : nil },
        parameters: context.parameters))
    inner.run()
    adopt(inner.violations)
    return inner.readCaptures
  }
}

extension ClosedRange<Int> {
  fileprivate func inWords(_ noun: String) -> String {
    let nouns = upperBound == 1 ? noun : "\(noun)s"
    if lowerBound == upperBound { return "\(lowerBound) \(nouns)" }
    return upperBound == .max
      ? "at least \(lowerBound) \(nouns)" : "\(lowerBound) to \(upperBound) \(nouns)"
  }
}
