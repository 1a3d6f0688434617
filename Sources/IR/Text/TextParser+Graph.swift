// Models, graphs and their statements.

extension TextParser {
  mutating func model() throws(TextError) -> ModelSyntax {
    try expect(word: "model")
    try expect(word: "ir")
    let version: Int64 = try integer("the version of the file format")
    var header = Model(irVersion: version, graph: Graph(operatorSets: []))
    if try accept(word: "producer") {
      header.producerName = try string("the producer's name")
      if case .string = token {
        header.producerVersion = try string("the producer's version")
      }
    }
    if try accept(word: "domain") { header.domain = try string("a domain") }
    if try accept(word: "version") { header.modelVersion = try integer("the model's version") }
    header.annotations = try annotations() ?? Annotations()
    var model = ModelSyntax(header: header, graph: try graph())
    while token == .word("function") { model.functions.append(try function()) }
    return model
  }

  /// Refuses anything after what was read.
  mutating func end() throws(TextError) {
    if token != .end { throw failure(expected: Token.end.description) }
  }

  private mutating func function() throws(TextError) -> FunctionSyntax {
    try expect(word: "function")
    let op = try operatorName()
    var names: [String] = []
    if try accept(word: "requires") {
      try expect("[")
      names = try list(until: "]") { parser throws(TextError) in
        try parser.wordOrString("an attribute's name")
      }
    }
    return FunctionSyntax(
      op: op, attributeNames: names, attributeDefaults: try attributes(), body: try graph())
  }

  mutating func graph() throws(TextError) -> GraphSyntax {
    try nested { parser throws(TextError) in
      let start = parser.start
      try parser.expect(word: "graph")
      var graph = GraphSyntax(name: "", start: start)
      if case .string = parser.token { graph.name = try parser.string("the graph's name") }
      if try parser.accept(word: "opset") { graph.operatorSets = try parser.operatorSets() }
      try parser.expect("{")
      graph.annotations = try parser.annotations()
      while try parser.accept(word: "quantize") {
        graph.quantization.append(try parser.quantization())
      }
      while try !parser.accept("}") { try parser.statement(into: &graph) }
      return graph
    }
  }

  private mutating func operatorSets() throws(TextError) -> [OperatorSet] {
    if try accept(word: "none") { return [] }
    var sets: [OperatorSet] = []
    repeat {
      var domain = ""
      if case .number = token {} else { domain = try wordOrString("a domain or a version") }
      sets.append(
        OperatorSet(domain: domain, version: try integer("the operator set's version")))
    } while try accept(",")
    return sets
  }

  private mutating func quantization() throws(TextError) -> QuantizationAnnotation {
    let name = try string("the name of the quantised value")
    try expect("{")
    let parameters = try list(until: "}") { parser throws(TextError) in
      let key = try parser.wordOrString("a parameter's role")
      try parser.expect("=")
      return MetadataEntry(key: key, value: try parser.string("a value's name"))
    }
    return QuantizationAnnotation(valueName: name, parameters: parameters)
  }

  private mutating func statement(into graph: inout GraphSyntax) throws(TextError) {
    switch token {
    case .word("input"):
      try advance()
      if try accept(word: "const") {
        graph.statements.append(try constantStatement(isListed: true))
      } else {
        var value = try definition(isDeclared: true)
        if let stated = try statedType() { (value.type, value.isDeclared) = stated }
        graph.statements.append(.input(value))
      }
    case .word("const"):
      try advance()
      graph.statements.append(try constantStatement(isListed: false))
    case .word("capture"):
      try advance()
      let index: Int = try integer("the index among the node's captures")
      var value = try definition(isDeclared: false)
      if let stated = try statedType() { (value.type, value.isDeclared) = stated }
      graph.statements.append(.capture(value, index: index))
    case .word("about"):
      try advance()
      graph.statements.append(.about(try reference(), try annotations() ?? Annotations()))
    case .word("output"):
      try advance()
      repeat { graph.outputs.append(try reference()) } while try accept(",")
    case .value, .word("_"), .punctuation("("):
      graph.statements.append(.node(try node()))
    default:
      throw failure(expected: "a statement or '}'")
    }
  }

  /// `%x "x"`; without the name, the identifier is the name.
  private mutating func definition(isDeclared: Bool) throws(TextError) -> ValueSyntax {
    let id = try reference()
    var name = id.id.text
    if case .string = token { name = try string("the value's name") }
    return ValueSyntax(id: id, name: name, type: nil, isDeclared: isDeclared)
  }

  /// `: type` for a type the source states, `~ type` for one that was worked out.
  private mutating func statedType() throws(TextError) -> (ValueType?, isDeclared: Bool)? {
    if try accept(":") { return (try valueType(), true) }
    if try accept("~") { return (try valueType(), false) }
    return nil
  }

  private mutating func constantStatement(isListed: Bool) throws(TextError) -> StatementSyntax {
    var value = try definition(isDeclared: false)
    let isTyped = try accept(":")
    if isTyped { value.type = try valueType() }
    value.isDeclared = try accept(word: "declared")
    try expect("=")
    let constant = try constant(ofType: value.type)
    if !isTyped { value.type = .tensor(constant.type) }
    return .constant(value, constant, isListed: isListed)
  }

  // MARK: Nodes

  private mutating func node() throws(TextError) -> NodeSyntax {
    let start = self.start
    var results: [ValueSyntax?] = []
    if try accept("(") {
      try expect(")")
    } else {
      repeat {
        results.append(try accept(word: "_") ? nil : try definition(isDeclared: false))
      } while try accept(",")
    }
    try expect("=")
    var node = NodeSyntax(op: try operatorName(), results: results, start: start)
    try expect("(")
    node.inputs = try list(until: ")") { parser throws(TextError) in
      try parser.optionalReference()
    }
    if try accept(word: "captures") {
      try expect("(")
      node.captures = try list(until: ")") { parser throws(TextError) in try parser.reference() }
    }
    node.attributes = try attributes()
    try resultTypes(of: &node)
    if try accept(word: "name") { node.name = try string("the node's name") }
    node.origin = try origin()
    node.annotations = try annotations()
    return node
  }

  /// `Relu`, `com.microsoft::Gelu`, or `my.domain::Block::overload`.
  ///
  /// `opaque` in front says that the operator is not what dearc knows by its name.
  private mutating func operatorName() throws(TextError) -> Operator {
    var parts = [try wordOrString("an operator")]
    var isOpaque = false
    if parts == ["opaque"], !isNext("("), token != .scope {
      isOpaque = true
      parts = [try wordOrString("an operator")]
    }
    while parts.count < 3, try accept(.scope) {
      parts.append(try wordOrString("an operator after '::'"))
    }
    let domain = parts.count > 1 ? parts[0] : ""
    let type = parts.count > 1 ? parts[1] : parts[0]
    let overload = parts.count > 2 ? parts[2] : ""
    return isOpaque
      ? Operator(opaqueIn: domain, type: type, overload: overload)
      : Operator(domain: domain, type: type, overload: overload)
  }

  /// `: type, ~ type, _`: one per result; a marker holds until the next one.
  private mutating func resultTypes(of node: inout NodeSyntax) throws(TextError) {
    guard isNext(":") || isNext("~") else { return }
    var isDeclared = true
    for index in node.results.indices {
      if index > 0, try !accept(",") {
        throw failure(expected: "',' and a type for each of \(node.results.count) results")
      }
      if try accept(":") { isDeclared = true } else if try accept("~") { isDeclared = false }
      if node.results[index] == nil {
        try expect(word: "_")
      } else {
        node.results[index]?.type = try valueType()
        node.results[index]?.isDeclared = isDeclared
      }
    }
    if node.results.isEmpty || isNext(",") {
      throw failure(expected: "no more types than the \(node.results.count) results")
    }
  }

  private mutating func origin() throws(TextError) -> Origin {
    if try accept(word: "at") { return .offset(try integer("a byte offset")) }
    if try accept(word: "in") { return .path(try string("a path")) }
    if try accept(word: "from") { return .pass(try string("the name of a pass")) }
    return .program
  }

  /// `doc`, `meta`, `denote` and `field` clauses, or nil if there are none.
  mutating func annotations() throws(TextError) -> Annotations? {
    var annotations = Annotations()
    if try accept(word: "doc") { annotations.documentation = try string("documentation") }
    while try accept(word: "meta") {
      let key = try string("a key")
      try expect("=")
      annotations.metadata.append(MetadataEntry(key: key, value: try string("a value")))
    }
    while try accept(word: "denote") {
      let depth: Int = try integer("the number of enclosing types")
      let axis: Int? = try accept(word: "axis") ? try integer("an axis") : nil
      annotations.denotations.append(
        Denotation(depth: depth, axis: axis, text: try string("a remark")))
    }
    annotations.opaqueFields = try opaqueFields()
    return annotations.isEmpty ? nil : annotations
  }

  mutating func opaqueFields() throws(TextError) -> [OpaqueField] {
    var fields: [OpaqueField] = []
    while try accept(word: "field") {
      let number: UInt32 = try integer("a field number")
      try expect(":")
      let wireType: UInt8 = try integer("a wire type")
      fields.append(
        OpaqueField(number: number, wireType: wireType, content: try bytes("the field's bytes")))
    }
    return fields
  }
}
