/// Resolves the identifiers of a graph as written and makes the graph.
///
/// A body may name values of the enclosing graphs directly; they become captures of every node
/// on the way.
struct GraphBuilder {
  /// What is known about one graph while it is being made.
  private struct Scope {
    var graph: Graph
    /// Where it stands, as `BodyPath` writes it.
    var path: String
    var values: [ExactName: ValueID] = [:]
    /// Identifiers that the rest of the text defines.
    var defined: Set<ExactName> = []
    /// The captures of the node being made.
    var captures: [ValueID] = []
    /// Operands that stand before their definition: wrong, but for the verifier to say.
    var pending: [(node: NodeID, input: Int, reference: ReferenceSyntax)] = []
  }

  /// The text, for the place of an error.
  let text: [UInt8]
  /// Offsets of entities, keyed by path and identifier as diagnostics print them, if wanted.
  private(set) var starts: [String: Int]?
  /// The graphs being made, outermost first.
  private var scopes: [Scope] = []

  init(text: [UInt8], recordingStarts: Bool = false) {
    self.text = text
    if recordingStarts { starts = [:] }
  }

  mutating func model(_ syntax: ModelSyntax) throws(TextError) -> Model {
    var model = syntax.header
    model.graph = try graph(syntax.graph)
    for function in syntax.functions {
      var built = Function(
        op: function.op, body: Graph(operatorSets: []), attributeNames: function.attributeNames,
        attributeDefaults: [])
      let path = BodyPath.path(to: built)
      scopes = [Scope(graph: built.body, path: path)]
      built.attributeDefaults = try attributes(function.attributeDefaults, of: "")
      scopes = []
      built.body = try graph(function.body, path: path)
      model.functions.append(built)
    }
    return model
  }

  mutating func graph(_ syntax: GraphSyntax, path: String = "") throws(TextError) -> Graph {
    let sets = syntax.operatorSets ?? scopes.last?.graph.operatorSets ?? []
    scopes.append(Scope(graph: Graph(name: syntax.name, operatorSets: sets), path: path))
    let depth = scopes.count - 1
    scopes[depth].graph.annotations = syntax.annotations
    scopes[depth].graph.quantization = syntax.quantization
    starts?["\(path) graph"] = syntax.start
    try collectDefinitions(of: syntax)
    for statement in syntax.statements { try add(statement, at: depth) }
    for item in scopes[depth].pending {
      let value = try defined(item.reference, at: depth)
      scopes[depth].graph.replaceInput(of: item.node, at: item.input, with: value)
    }
    for output in syntax.outputs {
      let value = try defined(output, at: depth)
      scopes[depth].graph.addOutput(value)
    }
    return scopes.removeLast().graph
  }

  private mutating func collectDefinitions(of syntax: GraphSyntax) throws(TextError) {
    for statement in syntax.statements {
      for case let value? in statement.definitions {
        guard scopes[scopes.count - 1].defined.insert(value.id.id).inserted else {
          throw error(
            at: value.id.start, expected: "an identifier not used before",
            found: "%\(value.id.id.text) again")
        }
      }
    }
  }

  private mutating func add(_ statement: StatementSyntax, at depth: Int) throws(TextError) {
    switch statement {
    case .input(let value):
      record(value, as: scopes[depth].graph.addInput(value.name, type: nil), at: depth)
    case .constant(let value, let constant, let isListed):
      let id = scopes[depth].graph.addConstant(value.name, constant)
      if isListed { scopes[depth].graph.listAsInput(id, declaring: nil) }
      record(value, as: id, at: depth)
    case .capture(let value, let index):
      let id = scopes[depth].graph.addCaptured(value.name, index: index, type: nil)
      record(value, as: id, at: depth)
    case .node(let node):
      try add(node, at: depth)
    case .about(let reference, let annotations):
      let value = try defined(reference, at: depth)
      scopes[depth].graph.setAnnotations(of: value, to: annotations)
    }
  }

  private mutating func record(_ value: ValueSyntax, as id: ValueID, at depth: Int) {
    scopes[depth].values[value.id.id] = id
    scopes[depth].graph.setType(of: id, to: value.type, declared: value.isDeclared)
    starts?["\(scopes[depth].path) \(id)"] = value.id.start
  }

  private mutating func add(_ node: NodeSyntax, at depth: Int) throws(TextError) {
    let id = NodeID(index: scopes[depth].graph.nodes.count)
    starts?["\(scopes[depth].path) \(id)"] = node.start
    scopes[depth].captures = []
    for capture in node.captures {
      scopes[depth].captures.append(try defined(capture, at: depth))
    }
    var inputs: [ValueID?] = []
    for (index, reference) in node.inputs.enumerated() {
      let value = try reference.flatMap { reference throws(TextError) in
        try resolve(reference, at: depth)
      }
      if let reference, value == nil { scopes[depth].pending.append((id, index, reference)) }
      inputs.append(value)
    }
    var draft = NodeDraft(
      node.op, name: node.name, inputs: inputs,
      attributes: try attributes(node.attributes, of: "\(id)"), origin: node.origin)
    draft.captures = scopes[depth].captures
    draft.annotations = node.annotations
    scopes[depth].graph.insert(draft, results: node.results.map { $0.map { ($0.name, nil) } })
    for (index, result) in node.results.enumerated() {
      guard let result, let value = scopes[depth].graph.nodes[id].output(index) else { continue }
      record(result, as: value, at: depth)
    }
  }

  private mutating func attributes(
    _ attributes: [AttributeSyntax], of owner: String
  ) throws(TextError) -> [Attribute] {
    var built: [Attribute] = []
    for attribute in attributes {
      let path = BodyPath.path(
        to: owner, attribute: attribute.name, in: scopes[scopes.count - 1].path)
      let value: AttributeValue
      switch attribute.content {
      case .plain(let plain): value = plain
      case .graph(let syntax): value = .graph(try graph(syntax, path: path))
      case .graphs(let list):
        var graphs: [Graph] = []
        for (index, syntax) in list.enumerated() {
          graphs.append(try graph(syntax, path: "\(path)[\(index)]"))
        }
        value = .graphs(graphs)
      }
      var complete = Attribute(attribute.name, value, documentation: attribute.documentation)
      complete.opaqueFields = attribute.opaqueFields
      built.append(complete)
    }
    return built
  }

  // MARK: Identifiers

  /// The value `reference` means, or nil if the rest of the text defines it.
  private mutating func resolve(
    _ reference: ReferenceSyntax, at depth: Int
  ) throws(TextError) -> ValueID? {
    if let value = scopes[depth].values[reference.id] { return value }
    if scopes[depth].defined.contains(reference.id) { return nil }
    guard depth > 0 else {
      throw error(
        at: reference.start, expected: "a value that the text defines",
        found: "%\(reference.id.text)")
    }
    let outer = try defined(reference, at: depth - 1)
    let source = scopes[depth - 1].graph.values[outer]
    let captures = scopes[depth - 1].captures
    let index = captures.firstIndex(of: outer) ?? captures.count
    if index == captures.count { scopes[depth - 1].captures.append(outer) }
    let value = scopes[depth].graph.addCaptured(source.name, index: index, type: source.type)
    scopes[depth].values[reference.id] = value
    starts?["\(scopes[depth].path) \(value)"] = reference.start
    return value
  }

  /// The value `reference` means, which must stand before it.
  private mutating func defined(
    _ reference: ReferenceSyntax, at depth: Int
  ) throws(TextError) -> ValueID {
    guard let value = try resolve(reference, at: depth) else {
      throw error(
        at: reference.start, expected: "a value defined above", found: "%\(reference.id.text)")
    }
    return value
  }

  private func error(at start: Int, expected: String, found: String) -> TextError {
    TextError(in: text, at: start, expected: expected, found: found)
  }
}

extension StatementSyntax {
  /// The values it defines.
  fileprivate var definitions: [ValueSyntax?] {
    switch self {
    case .input(let value), .constant(let value, _, _), .capture(let value, _): [value]
    case .node(let node): node.results
    case .about: []
    }
  }
}
