/// Checks the rules of `Rule.swift`, collecting every violation.
///
/// A verifier trusts nothing about the graph it is given: it never follows an identifier it has
/// not checked.
struct Verifier {
  /// What a graph's surroundings contribute.
  struct Context {
    /// Where the graph stands.
    var path = ""
    /// Names of the captures of the node that holds the graph; nil if no node does.
    var captureNames: [String?]?
    /// Names of the attributes nodes may refer to; nil outside functions.
    var parameters: Set<String>?
  }

  private(set) var violations: [Violation] = []
  let graph: Graph
  let context: Context
  /// Captures of the holding node that the graph reads.
  var readCaptures: Set<Int> = []
  /// Names of the graph's values.
  private(set) var names: Set<ExactName> = []

  init(_ graph: Graph, _ context: Context = Context()) {
    self.graph = graph
    self.context = context
  }

  mutating func run() {
    guard graph.order.isChain(of: graph.nodes.count) else {
      return report(
        .nodeOrder, .graph, "the chain of nodes is broken; nothing else was checked here",
        isPrintable: false)
    }
    checkModelStatements()
    checkNames()
    checkReferences()
    checkDefinitions()
    checkOrder()
    checkUses()
    checkInputs()
    checkOutputs()
    checkConstants()
    checkQuantization()
    for node in graph.nodeIDs { checkNode(node) }
  }

  /// Takes over what was found in a body.
  mutating func adopt(_ found: [Violation]) { violations += found }

  mutating func report(
    _ rule: Rule, _ entity: Violation.Entity, _ message: String, isPrintable: Bool = true
  ) {
    violations.append(
      Violation(
        rule: rule, path: context.path, entity: entity, message: message,
        context: isPrintable ? Printer.line(of: entity, in: graph) : ""))
  }

  /// Whether `value` is a row that was not removed.
  func isLive(_ value: ValueID) -> Bool { graph.contains(value) }

  // MARK: Names

  private mutating func checkNames() {
    for id in graph.valueIDs {
      let value = graph.values[id]
      let name = ExactName(value.name)
      if value.name.isEmpty {
        report(.valueName, .value(id), "the value has no name")
      } else if !names.insert(name).inserted {
        report(.uniqueName, .value(id), "another value is called \(quoted(value.name)) as well")
      }
      if case .captured(let index) = value.definition { checkCaptured(id, index: index) }
    }
  }

  private mutating func checkCaptured(_ id: ValueID, index: Int) {
    guard let captures = context.captureNames else {
      return report(.captureIndex, .value(id), "no node holds this graph, so nothing is captured")
    }
    guard captures.indices.contains(index) else {
      return report(
        .captureIndex, .value(id),
        "expected an index below \(captures.count), found \(index): the node that holds this graph "
          + "has no such capture")
    }
    readCaptures.insert(index)
    let name = graph.values[id].name
    if let outer = captures[index], ExactName(outer) != ExactName(name) {
      report(
        .capturedName, .value(id),
        "expected \(quoted(outer)), as the enclosing graph calls it, found \(quoted(name))")
    }
  }

  // MARK: Operator sets

  private mutating func checkModelStatements() {
    var domains: Set<String> = []
    for set in graph.operatorSets {
      if !domains.insert(set.domain).inserted {
        report(.operatorSets, .graph, "the domain \(quoted(set.domain)) is imported twice")
      }
      if set.version < 1 {
        report(
          .operatorSets, .graph,
          "expected a positive version of the domain \(quoted(set.domain)), found \(set.version)")
      }
    }
  }

  private mutating func checkQuantization() {
    for annotation in graph.quantization {
      let mentioned = [annotation.valueName] + annotation.parameters.map(\.value)
      for name in mentioned where !names.contains(ExactName(name)) {
        report(
          .quantizedValue, .graph,
          "the quantisation of \(quoted(annotation.valueName)) names \(quoted(name)), "
            + "which no value is called")
      }
    }
  }
}

extension NodeOrder {
  /// Whether the links form one chain in both directions, of rows below `limit`.
  func isChain(of limit: Int) -> Bool {
    var visited = 0
    var previous: NodeID?
    var cursor = first
    while let node = cursor {
      visited += 1
      guard visited <= count, node.index < limit, links[node].isPresent,
        links[node].previous == previous
      else { return false }
      previous = node
      cursor = links[node].next
    }
    let present = (0..<limit).count { links[NodeID(index: $0)].isPresent }
    return last == previous && visited == count && present == count
  }
}

extension Printer {
  /// The line that prints `entity`, with row numbers as identifiers.
  static func line(of entity: Violation.Entity, in graph: Graph) -> String {
    var printer = Printer(
      PrintOptions(constants: .summary(maxElements: 8), identifiers: .rows, origins: true))
    printer.enter(graph)
    switch entity {
    case .graph: printer.printHeader()
    case .node(let node): printer.printNode(node)
    case .value(let value):
      if let node = graph.producer(of: value), node.index < graph.nodes.count {
        printer.printNode(node)
      } else {
        printer.printLeadingValue(value, isListed: graph.inputs.contains(value))
      }
    }
    let lines = printer.text.split(separator: "\n", maxSplits: 1)
    return lines.first.map(String.init) ?? ""
  }
}
