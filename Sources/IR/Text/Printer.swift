/// Writes the text form.
///
/// Printing never fails: a broken graph is printed as far as it goes, with `%?7` for a value that
/// the text does not define.
struct Printer {
  let options: PrintOptions
  private(set) var text = ""
  private(set) var indentation = 0
  /// The graph being printed.
  private var graph = Graph(operatorSets: [])
  private var numbers = SideTable<ValueID, Int?>(count: 0, initial: nil)

  init(_ options: PrintOptions) { self.options = options }

  mutating func write(_ part: String) { text += part }

  mutating func newLine() {
    text += "\n"
    for _ in 0..<indentation { text += "  " }
  }

  /// Writes lines one level further in.
  mutating func indented(_ body: (inout Printer) -> Void) {
    indentation += 1
    body(&self)
    indentation -= 1
  }

  mutating func list<Element>(
    _ elements: some Sequence<Element>, _ write: (inout Printer, Element) -> Void
  ) {
    var isFirst = true
    for element in elements {
      if !isFirst { text += ", " }
      isFirst = false
      write(&self, element)
    }
  }

  // MARK: Models and graphs

  mutating func printModel(_ model: Model) {
    write("model ir \(model.irVersion)")
    if !model.producerName.isEmpty || !model.producerVersion.isEmpty {
      write("\nproducer \(quoted(model.producerName))")
      if !model.producerVersion.isEmpty { write(" \(quoted(model.producerVersion))") }
    }
    if !model.domain.isEmpty { write("\ndomain \(quoted(model.domain))") }
    if let version = model.modelVersion { write("\nversion \(version)") }
    printNotes(model.annotations, separator: "\n")
    write("\n")
    printGraph(model.graph, inheriting: nil)
    for function in model.functions { printFunction(function) }
  }

  private mutating func printFunction(_ function: Function) {
    write("\nfunction \(function.op.text)")
    if !function.attributeNames.isEmpty {
      write(" requires [")
      list(function.attributeNames) { $0.write(word($1)) }
      write("]")
    }
    printAttributes(function.attributeDefaults)
    write(" ")
    printGraph(function.body, inheriting: nil)
  }

  /// Prints `graph` from `graph` to `}`; a body inherits the operator sets of what encloses it.
  mutating func printGraph(_ graph: Graph, inheriting enclosing: [OperatorSet]?) {
    let saved = (self.graph, numbers)
    enter(graph)
    printHeader(inheriting: enclosing)
    indented { $0.printContent() }
    newLine()
    write("}")
    (self.graph, numbers) = saved
  }

  /// Makes `graph` the one whose values are printed, and numbers them in the order of the text.
  mutating func enter(_ graph: Graph) {
    self.graph = graph
    guard options.identifiers == .numbers else { return }
    numbers = SideTable(count: graph.values.count, initial: nil)
    var next = 0
    let results = graph.nodeIDs.lazy.flatMap { graph.nodes[$0].outputs.lazy.compactMap { $0 } }
    for value in graph.leadingValues.map(\.id) + Array(results)
    where value.index < graph.values.count && numbers[value] == nil {
      numbers[value] = next
      next += 1
    }
  }

  /// Prints what stands before the content of a graph.
  mutating func printHeader(inheriting enclosing: [OperatorSet]? = nil) {
    write("graph")
    if !graph.name.isEmpty { write(" \(quoted(graph.name))") }
    printOperatorSets(inheriting: enclosing)
    write(" {")
  }

  private mutating func printOperatorSets(inheriting enclosing: [OperatorSet]?) {
    let sets = graph.operatorSets
    guard sets != enclosing ?? [] else { return }
    write(" opset ")
    if sets.isEmpty { write("none") }
    list(sets) {
      $0.write($1.domain.isEmpty ? "\($1.version)" : "\(word($1.domain)) \($1.version)")
    }
  }

  private mutating func printContent() {
    if let annotations = graph.annotations { printNotes(annotations) }
    for annotation in graph.quantization {
      newLine()
      write("quantize \(quoted(annotation.valueName)) {")
      list(annotation.parameters) { $0.write("\(word($1.key)) = \(quoted($1.value))") }
      write("}")
    }
    for (value, isListed) in graph.leadingValues { printLeadingValue(value, isListed: isListed) }
    for node in graph.nodeIDs {
      newLine()
      printNode(node)
      for case let value? in graph.nodes[node].outputs { printAbout(value) }
    }
    guard !graph.outputs.isEmpty else { return }
    newLine()
    write("output ")
    list(graph.outputs) { $0.write($0.label($1)) }
  }

  /// Prints an input, constant or captured value with what is said about it.
  mutating func printLeadingValue(_ id: ValueID, isListed: Bool) {
    let value = graph.values[id]
    newLine()
    switch value.definition {
    case .constant(let constant):
      write("\(isListed ? "input " : "")const \(definition(id))")
      write(" : \(typeText(value.type))\(value.isDeclared ? " declared" : "") = ")
      if value.type == .tensor(constant.type) {
        printStorage(of: constant)
      } else {
        printConstant(constant)
      }
    case .captured(let index):
      write("capture \(index) \(definition(id))")
      if value.type != nil || value.isDeclared { printStated(value) }
    case .input, .node:
      write("input \(definition(id))")
      if value.type != nil || !value.isDeclared { printStated(value) }
    }
    printAbout(id)
  }

  private mutating func printStated(_ value: Value) {
    write("\(value.isDeclared ? " :" : " ~") \(typeText(value.type))")
  }

  private mutating func printAbout(_ id: ValueID) {
    guard id.index < graph.values.count, let annotations = graph.values[id].annotations,
      !annotations.isEmpty
    else { return }
    newLine()
    write("about \(label(id))")
    printNotes(annotations, separator: " ")
  }

  /// Prints annotations, each after `separator`, or on lines of their own if that is nil.
  private mutating func printNotes(_ annotations: Annotations, separator: String? = nil) {
    for note in notes(annotations) {
      if let separator { write(separator) } else { newLine() }
      write(note)
    }
  }

  func notes(_ annotations: Annotations) -> [String] {
    var notes: [String] = []
    if !annotations.documentation.isEmpty {
      notes.append("doc \(quoted(annotations.documentation))")
    }
    notes += annotations.metadata.map { "meta \(quoted($0.key)) = \(quoted($0.value))" }
    notes += annotations.denotations.map { denotation in
      let axis = denotation.axis.map { " axis \($0)" } ?? ""
      return "denote \(denotation.depth)\(axis) \(quoted(denotation.text))"
    }
    return notes + annotations.opaqueFields.map(\.text)
  }

  // MARK: Nodes

  mutating func printNode(_ id: NodeID) {
    let node = graph.nodes[id]
    if node.outputs.isEmpty { write("()") }
    list(node.outputs) { $0.write($1.map($0.definition) ?? "_") }
    write(" = \(node.op.text)(")
    list(node.inputs) { $0.write($1.map($0.label) ?? "_") }
    write(")")
    if !node.captures.isEmpty {
      write(" captures (")
      list(node.captures) { $0.write($0.label($1)) }
      write(")")
    }
    printAttributes(node.attributes)
    printResultTypes(of: node)
    if !node.name.isEmpty { write(" name \(quoted(node.name))") }
    if options.origins { printOrigin(node.origin) }
    if let annotations = node.annotations { printNotes(annotations, separator: " ") }
  }

  private mutating func printResultTypes(of node: Node) {
    let results = node.outputs.map { id in
      id.flatMap { $0.index < graph.values.count ? graph.values[$0] : nil }
    }
    guard results.contains(where: { $0.map { $0.type != nil || $0.isDeclared } ?? false }) else {
      return
    }
    var isDeclared: Bool?
    for (index, result) in results.enumerated() {
      if index > 0 { write(",") }
      let marked = result?.isDeclared ?? isDeclared ?? true
      if marked != isDeclared { write(marked ? " :" : " ~") }
      isDeclared = marked
      write(" ")
      write(result.map { typeText($0.type) } ?? "_")
    }
  }

  private mutating func printOrigin(_ origin: Origin) {
    switch origin {
    case .offset(let offset): write(" at \(offset)")
    case .path(let path): write(" in \(quoted(path))")
    case .pass(let pass): write(" from \(quoted(pass))")
    case .program: break
    }
  }

  /// The operator sets in force where a body is printed.
  var operatorSets: [OperatorSet] { graph.operatorSets }

  // MARK: Values

  /// How `id` is referred to.
  func label(_ id: ValueID) -> String {
    guard id.index < graph.values.count else { return "%?\(id.index)" }
    switch options.identifiers {
    case .rows: return "\(id)"
    case .numbers: return numbers[id].map { "%\($0)" } ?? "%?\(id.index)"
    case .names:
      let name = graph.values[id].name
      return name.utf8.isIdentifier ? "%\(name)" : "%\(quoted(name))"
    }
  }

  private func definition(_ id: ValueID) -> String {
    guard options.identifiers != .names, id.index < graph.values.count else { return label(id) }
    return "\(label(id)) \(quoted(graph.values[id].name))"
  }
}

extension Graph {
  /// The values no node defines, in the order of the text: listed inputs first, then captured
  /// values, then the other constants.
  fileprivate var leadingValues: [(id: ValueID, isListed: Bool)] {
    var isListed = SideTable<ValueID, Bool>(count: values.count, initial: false)
    var listed: [ValueID] = []
    for id in inputs where id.index < values.count && !isListed[id] {
      isListed[id] = true
      listed.append(id)
    }
    var captured: [ValueID] = []
    var constants: [ValueID] = []
    for id in valueIDs where !isListed[id] {
      switch values[id].definition {
      case .input, .captured: captured.append(id)
      case .constant: constants.append(id)
      case .node: break
      }
    }
    return listed.map { ($0, true) } + (captured + constants).map { ($0, false) }
  }
}

extension Operator {
  /// The operator as the text form writes it.
  var text: String {
    let isOpaque = kind != Operator(domain: domain, type: type, overload: overload).kind
    let mark = isOpaque ? "opaque " : ""
    if domain.isEmpty && overload.isEmpty { return mark + word(type) }
    let name = "\(mark)\(word(domain))::\(word(type))"
    return overload.isEmpty ? name : "\(name)::\(word(overload))"
  }
}

extension OpaqueField {
  /// The field as the text form writes it.
  var text: String { "field \(number) : \(wireType) \(String(quoting: content))" }
}

/// `text` as a string literal.
func quoted(_ text: String) -> String { String(quoting: Array(text.utf8)) }

/// `text` as it is if it reads back as one word, quoted otherwise.
func word(_ text: String) -> String { text.utf8.isWord ? text : quoted(text) }
