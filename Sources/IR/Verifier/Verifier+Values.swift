// Rules about rows and how they refer to each other.

extension Verifier {
  /// Operands, captures, results, inputs and outputs name rows that are still there.
  mutating func checkReferences() {
    for node in graph.nodeIDs {
      let row = graph.nodes[node]
      for value in row.inputs { check(value, isNamedBy: .node(node), as: "operand") }
      for value in row.captures { check(value, isNamedBy: .node(node), as: "capture") }
      for value in row.outputs { check(value, isNamedBy: .node(node), as: "result") }
    }
    for value in graph.inputs { check(value, isNamedBy: .graph, as: "input") }
    for value in graph.outputs { check(value, isNamedBy: .graph, as: "output") }
  }

  private mutating func check(
    _ value: ValueID?, isNamedBy entity: Violation.Entity, as role: String
  ) {
    guard let value, !isLive(value) else { return }
    if value.index < graph.values.count {
      report(.removedValue, entity, "the \(role) \(value) was removed")
    } else {
      report(
        .existingValue, entity,
        "expected a value below %\(graph.values.count) as \(role), found \(value)")
    }
  }

  /// Results and definitions point at each other.
  mutating func checkDefinitions() {
    for id in graph.valueIDs {
      guard case .node(let node, let output) = graph.values[id].definition else { continue }
      if node.index >= graph.nodes.count || !graph.contains(node) {
        report(.definition, .value(id), "its definition \(node) is not part of the graph")
      } else if !graph.nodes[node].outputs.indices.contains(output)
        || graph.nodes[node].outputs[output] != id
      {
        report(.definition, .value(id), "\(node) has no result \(output) that is \(id)")
      }
    }
    for node in graph.nodeIDs {
      for (index, output) in graph.nodes[node].outputs.enumerated() {
        guard let output, isLive(output) else { continue }
        if case .node(node, output: index) = graph.values[output].definition { continue }
        report(
          .definition, .node(node), "its result \(index), \(output), names another definition")
      }
    }
  }

  /// Operands and captures are defined before they are read.
  mutating func checkOrder() {
    var position = SideTable<NodeID, Int>(count: graph.nodes.count, initial: .max)
    for (index, node) in graph.nodeIDs.enumerated() { position[node] = index }
    for node in graph.nodeIDs {
      let row = graph.nodes[node]
      for value in row.inputs.lazy.compactMap({ $0 }) + row.captures where isLive(value) {
        guard let producer = graph.producer(of: value), producer.index < graph.nodes.count,
          graph.contains(producer), position[producer] >= position[node]
        else { continue }
        report(
          .definitionOrder, .node(node),
          "it reads \(value), which \(producer == node ? "it" : "the later \(producer)") defines")
      }
    }
  }

  /// Recorded uses and actual reads are the same, each once.
  mutating func checkUses() {
    var reads = SideTable<ValueID, [Use]>(count: graph.values.count, initial: [])
    for node in graph.nodeIDs {
      let row = graph.nodes[node]
      for (index, value) in row.inputs.enumerated() {
        if let value, isLive(value) { reads[value].append(.node(node, input: index)) }
      }
      for (index, value) in row.captures.enumerated() where isLive(value) {
        reads[value].append(.capture(node, index: index))
      }
    }
    for (index, value) in graph.outputs.enumerated() where isLive(value) {
      reads[value].append(.output(index: index))
    }
    for id in graph.valueIDs where !graph.values[id].uses.elementsEqual(reads[id]) {
      compareUses(of: id, with: reads[id])
    }
  }

  private mutating func compareUses(of id: ValueID, with reads: [Use]) {
    var recorded: [Use: Int] = [:]
    for use in graph.values[id].uses { recorded[use, default: 0] += 1 }
    for read in reads where recorded[read] == nil {
      report(read.node == nil ? .outputUse : .missingUse, .value(id), "\(read) is not recorded")
    }
    let actual = Set(reads)
    var reported: Set<Use> = []
    for use in graph.values[id].uses where reported.insert(use).inserted {
      let rule = use.node == nil ? Rule.outputUse : .staleUse
      if !actual.contains(use) {
        report(rule, .value(id), "\(use) is recorded but does not read it")
      } else if recorded[use] != 1 {
        report(rule, .value(id), "\(use) is recorded more than once")
      }
    }
  }

  /// The list of inputs holds every input and otherwise constants, each once.
  mutating func checkInputs() {
    var isListed = SideTable<ValueID, Bool>(count: graph.values.count, initial: false)
    for value in graph.inputs where isLive(value) {
      if isListed[value] { report(.inputList, .value(value), "it is listed as an input twice") }
      isListed[value] = true
      switch graph.values[value].definition {
      case .input, .constant: break
      case .node, .captured:
        report(.inputList, .value(value), "it is listed as an input but does not come from outside")
      }
    }
    for id in graph.valueIDs where !isListed[id] {
      if case .input = graph.values[id].definition {
        report(.inputList, .value(id), "it comes from the caller but is not listed as an input")
      }
    }
  }

  /// Outputs that declare their type have one.
  ///
  /// Inputs always count as declared, and the inputs of functions and bodies need no type.
  mutating func checkOutputs() {
    for id in graph.outputs where isLive(id) {
      let value = graph.values[id]
      if case .input = value.definition { continue }
      if value.isDeclared && value.type == nil {
        report(.declaredOutput, .value(id), "the output declares a type but has none")
      }
    }
  }
}

extension Use: CustomStringConvertible {
  /// The form used in diagnostics.
  public var description: String {
    switch self {
    case .node(let node, let input): "operand \(input) of \(node)"
    case .capture(let node, let index): "capture \(index) of \(node)"
    case .output(let index): "output \(index)"
    }
  }
}
