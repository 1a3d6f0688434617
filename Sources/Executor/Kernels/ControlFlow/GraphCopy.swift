import IR

/// Copies nodes from one graph into another.
struct GraphCopy {
  /// Changes a node before it is added.
  typealias Edit = (inout NodeDraft) throws(ExecutionError) -> Void

  private let source: Graph
  private var copies: [ValueID: ValueID]

  /// Copies from `source`, where `copies` says what stands for values that none of its nodes makes.
  init(_ source: Graph, _ copies: [ValueID: ValueID] = [:]) {
    self.source = source
    self.copies = copies
  }

  /// Copies from the body of a node that captures `captured`.
  init(body: Graph, captured: [ValueID]) {
    var copies: [ValueID: ValueID] = [:]
    for value in body.valueIDs {
      guard case .captured(let index) = body.values[value].definition,
        captured.indices.contains(index)
      else { continue }
      copies[value] = captured[index]
    }
    self.init(body, copies)
  }

  /// Adds inputs for those that the caller of the source supplies.
  mutating func addInputs(to target: inout Graph) {
    for input in source.requiredInputs {
      let row = source.values[input]
      copies[input] = target.addInput(row.name, type: row.type)
    }
  }

  /// Adds all nodes in front of `successor`, or as the last ones.
  mutating func addNodes(
    to target: inout Graph, before successor: NodeID? = nil, edit: Edit? = nil
  ) throws(ExecutionError) -> [NodeID] {
    var nodes: [NodeID] = []
    for node in source.nodeIDs {
      let row = source.nodes[node]
      var draft = NodeDraft(
        row.op, name: row.name, inputs: [], attributes: row.attributes, origin: row.origin)
      for input in row.inputs {
        draft.inputs.append(
          try input.map { value throws(ExecutionError) in try copy(of: value, in: &target) })
      }
      for value in row.captures { draft.captures.append(try copy(of: value, in: &target)) }
      do throws(ExecutionError) {
        try edit?(&draft)
      } catch {
        throw error.named(node, in: source)
      }
      let results = row.outputs.map { output in
        output.map { (name: source.values[$0].name, type: source.values[$0].type) }
      }
      let added = target.insert(draft, results: results, before: successor)
      for case (let old?, let new?) in zip(row.outputs, target.nodes[added].outputs) {
        copies[old] = new
      }
      nodes.append(added)
    }
    return nodes
  }

  /// The copies of what the source gives its caller.
  mutating func outputs(in target: inout Graph) throws(ExecutionError) -> [ValueID] {
    var outputs: [ValueID] = []
    for output in source.outputs { outputs.append(try copy(of: output, in: &target)) }
    return outputs
  }

  private mutating func copy(
    of value: ValueID, in target: inout Graph
  ) throws(ExecutionError) -> ValueID {
    if let known = copies[value] { return known }
    let name = source.values[value].name
    guard let constant = source.constant(value) else {
      throw ExecutionError(.invalidOperands, "reads '\(name)', which nothing defines")
    }
    let copy = target.addConstant(name, constant)
    copies[value] = copy
    return copy
  }
}
