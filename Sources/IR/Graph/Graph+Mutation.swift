// The verbs that change a graph. Each keeps def-use chains right; nothing else writes them.

extension Graph {
  /// Adds a value the caller supplies.
  ///
  /// - Precondition: no value is called `name`; the graph does not check this, the verifier does.
  @discardableResult
  public mutating func addInput(
    _ name: String, type: ValueType?, annotations: Annotations? = nil
  ) -> ValueID {
    let id = addValue(name, type: type, definition: .input, annotations: annotations)
    values[id].isDeclared = true
    inputs.append(id)
    return id
  }

  /// Adds stored elements.
  @discardableResult
  public mutating func addConstant(
    _ name: String, _ constant: Constant, annotations: Annotations? = nil
  ) -> ValueID {
    addValue(
      name, type: .tensor(constant.type), definition: .constant(constant), annotations: annotations)
  }

  /// Adds a value that the enclosing graph supplies.
  ///
  /// It keeps the `name` it has in the enclosing graph; `index` is its place in the captures of
  /// the node that holds this graph.
  @discardableResult
  public mutating func addCaptured(_ name: String, index: Int, type: ValueType?) -> ValueID {
    addValue(name, type: type, definition: .captured(index: index), annotations: nil)
  }

  /// Lists a constant among the inputs, as models before IR version 4 do for every constant.
  ///
  /// - Precondition: `value` is a constant that is not listed yet; the verifier checks the latter.
  public mutating func listAsInput(_ value: ValueID, declaring type: ValueType?) {
    precondition(values[value].constant != nil)
    inputs.append(value)
    if let type { values[value].type = type }
  }

  /// Takes constants off the list of inputs, so that callers can no longer override them.
  ///
  /// - Precondition: every listed value is a constant.
  public mutating func unlistInputs(_ unlisted: [ValueID]) {
    precondition(unlisted.allSatisfy { values[$0].constant != nil })
    let unlisted = Set(unlisted)
    inputs.removeAll { unlisted.contains($0) }
  }

  /// Lets the caller receive nothing; the values stay.
  public mutating func unlistOutputs() {
    for value in Set(outputs) {
      values[value].uses = UseList(values[value].uses.filter { $0.node != nil })
    }
    outputs = []
  }

  /// Adds `value` to what the caller receives.
  ///
  /// - Precondition: `value` has not been removed.
  public mutating func addOutput(_ value: ValueID) {
    precondition(contains(value), "\(value) is not part of the graph")
    values[value].uses.append(.output(index: outputs.count))
    outputs.append(value)
  }

  /// Places a node before `successor`, or last, and makes a value for every named result.
  ///
  /// A nil entry in `results` leaves that result out.
  ///
  /// - Precondition: `successor` has not been removed, and every operand is defined before it.
  @discardableResult
  public mutating func insert(
    _ draft: NodeDraft, results: [(name: String, type: ValueType?)?],
    before successor: NodeID? = nil
  ) -> NodeID {
    precondition(successor.map(contains) ?? true, "the successor is not part of the graph")
    let id = NodeID(index: nodes.count)
    var outputs: [ValueID?] = []
    for (index, result) in results.enumerated() {
      outputs.append(
        result.map {
          addValue($0.name, type: $0.type, definition: .node(id, output: index), annotations: nil)
        })
    }
    _ = nodes.append(
      Node(
        op: draft.op, name: draft.name, inputs: draft.inputs, outputs: outputs,
        captures: draft.captures, attributes: draft.attributes, origin: draft.origin,
        annotations: draft.annotations))
    order.insert(id, before: successor)
    for (index, input) in draft.inputs.enumerated() {
      guard let input else { continue }
      precondition(contains(input), "\(input) is not part of the graph")
      values[input].uses.append(.node(id, input: index))
    }
    for (index, capture) in draft.captures.enumerated() {
      precondition(contains(capture), "\(capture) is not part of the graph")
      values[capture].uses.append(.capture(id, index: index))
    }
    return id
  }

  /// Makes `node` read `replacement` as operand `index`; nil leaves the operand out.
  ///
  /// - Precondition: `node` has that operand, and `replacement` is defined before it.
  public mutating func replaceInput(of node: NodeID, at index: Int, with replacement: ValueID?) {
    precondition(contains(node), "\(node) is not part of the graph")
    precondition(replacement.map(contains) ?? true, "the operand is not part of the graph")
    let current = nodes[node].inputs[index]
    guard current != replacement else { return }
    if let current { removeUse(.node(node, input: index), of: current) }
    nodes[node].inputs[index] = replacement
    if let replacement { values[replacement].uses.append(.node(node, input: index)) }
  }

  /// Makes `node` read exactly `inputs`.
  ///
  /// - Precondition: every one of them is defined before `node`.
  public mutating func setInputs(of node: NodeID, to inputs: [ValueID?]) {
    for index in nodes[node].inputs.indices { replaceInput(of: node, at: index, with: nil) }
    nodes[node].inputs = Array(repeating: nil, count: inputs.count)
    for (index, input) in inputs.enumerated() { replaceInput(of: node, at: index, with: input) }
  }

  /// Makes every node that reads `value` read `replacement` instead.
  ///
  /// Bodies that capture `value` capture `replacement` instead, under its name. Uses as a graph
  /// output stay: outputs are a contract with the caller. Use `transferOutputs`.
  ///
  /// - Precondition: `replacement` is defined before every reader of `value`.
  public mutating func replaceUses(of value: ValueID, with replacement: ValueID) {
    precondition(value != replacement && contains(replacement))
    var moved: [Use] = []
    var kept: [Use] = []
    var doubled: [(node: NodeID, index: Int)] = []
    for use in values[value].uses {
      switch use {
      case .node(let node, let input):
        nodes[node].inputs[input] = replacement
        moved.append(use)
      case .capture(let node, let index) where nodes[node].captures.contains(replacement):
        doubled.append((node, index))
      case .capture(let node, let index):
        nodes[node].captures[index] = replacement
        nodes[node].renameCapture(index, to: values[replacement].name)
        moved.append(use)
      case .output:
        kept.append(use)
      }
    }
    values[value].uses = UseList(kept)
    for use in moved { values[replacement].uses.append(use) }
    for (node, index) in doubled { mergeCapture(index, of: node, into: replacement) }
  }

  /// Gives the outputs that `value` provides, with its name and declared type, to `replacement`.
  ///
  /// Afterwards `value` is called `retired`. Other readers go on reading what they read.
  ///
  /// - Precondition: the caller receives `value` but not `replacement`; a node computes
  ///   `replacement`, and a node or stored elements define `value`, which is no input; no value of
  ///   the graph or its bodies is called `retired`.
  public mutating func transferOutputs(
    of value: ValueID, to replacement: ValueID, retiring retired: String
  ) {
    precondition(isOutput(value) && !inputs.contains(value) && !isCaptured(value))
    precondition(
      contains(replacement) && values[replacement].producer != nil && !isOutput(replacement))
    for case .output(let index) in values[value].uses {
      outputs[index] = replacement
      values[replacement].uses.append(.output(index: index))
    }
    values[value].uses = UseList(values[value].uses.filter { $0.node != nil })
    let name = values[value].name
    setName(of: value, to: retired)
    setName(of: replacement, to: name)
    if values[value].isDeclared { values[replacement].type = values[value].type }
    values[replacement].isDeclared = values[value].isDeclared
    values[replacement].annotations = values[value].annotations
    values[value].isDeclared = false
    values[value].annotations = nil
  }

  /// Removes a node and the values it defines, with what is stated about their quantisation.
  ///
  /// - Precondition: nothing reads them.
  public mutating func remove(_ node: NodeID) {
    precondition(contains(node), "\(node) is not part of the graph")
    for case let output? in nodes[node].outputs { retire(output) }
    for (index, input) in nodes[node].inputs.enumerated() {
      if let input { removeUse(.node(node, input: index), of: input) }
    }
    for (index, capture) in nodes[node].captures.enumerated() {
      removeUse(.capture(node, index: index), of: capture)
    }
    order.remove(node)
  }

  /// Removes a constant, also from the list of inputs, with what its quantisation says.
  ///
  /// - Precondition: nothing reads it.
  public mutating func removeConstant(_ value: ValueID) {
    precondition(values[value].constant != nil, "\(value) is not a constant")
    retire(value)
    inputs.removeAll { $0 == value }
  }

  /// Stores other elements under the name of a constant.
  ///
  /// The constant leaves the list of inputs: what a caller might pass no longer fits.
  public mutating func replaceConstant(_ value: ValueID, with constant: Constant) {
    precondition(values[value].constant != nil)
    values[value].definition = .constant(constant)
    values[value].type = .tensor(constant.type)
    inputs.removeAll { $0 == value }
  }

  /// Gives `node` other parameters.
  ///
  /// - Precondition: `attributes` hold no bodies other than those the node already has.
  public mutating func setAttributes(of node: NodeID, to attributes: [Attribute]) {
    nodes[node].attributes = attributes
  }

  /// Records the type of `value`, and whether it is to be written out if `declared` says so.
  public mutating func setType(of value: ValueID, to type: ValueType?, declared: Bool? = nil) {
    values[value].type = type
    if let declared { values[value].isDeclared = declared }
  }

  /// Records what the model says about `value`.
  public mutating func setAnnotations(of value: ValueID, to annotations: Annotations?) {
    values[value].annotations = annotations
  }

  /// Calls `value` by another name.
  ///
  /// - Precondition: `value` is neither an input nor an output nor captured, and no value of the
  ///   graph or its bodies has that name.
  public mutating func rename(_ value: ValueID, to name: String) {
    precondition(!isOutput(value) && !inputs.contains(value) && !isCaptured(value))
    let old = values[value].name
    setName(of: value, to: name)
    renameQuantization(of: old, to: name)
  }

  private mutating func addValue(
    _ name: String, type: ValueType?, definition: Definition, annotations: Annotations?
  ) -> ValueID {
    values.append(
      Value(name: name, type: type, definition: definition, annotations: annotations))
  }

  /// Marks a value nobody reads as removed.
  private mutating func retire(_ value: ValueID) {
    precondition(contains(value), "\(value) is not part of the graph")
    precondition(values[value].uses.isEmpty, "\(value) is still read")
    isRemoved[value] = true
    removeQuantization(naming: values[value].name)
  }

  private mutating func removeUse(_ use: Use, of value: ValueID) {
    let isRecorded = values[value].uses.remove(use)
    precondition(isRecorded, "\(value) does not record \(use)")
  }
}
