// What must follow when a value is called something else: bodies that capture it, and statements
// that name it.

extension Graph {
  /// Whether a body that reads `value` could read it under `name` as well: none of its own values,
  /// or of those in bodies inside it, may be called so.
  public func canBeRead(_ value: ValueID, as name: String) -> Bool {
    values[value].uses.allSatisfy { use in
      guard case .capture(let node, _) = use else { return true }
      return nodes[node].bodies.allSatisfy { !$0.defines(ExactName(name)) }
    }
  }

  private func defines(_ name: ExactName) -> Bool {
    valueIDs.contains { ExactName(values[$0].name) == name }
      || nodeIDs.contains { nodes[$0].bodies.contains { $0.defines(name) } }
  }

  /// Whether the enclosing graph supplies `value`.
  func isCaptured(_ value: ValueID) -> Bool {
    if case .captured = values[value].definition { true } else { false }
  }

  /// Calls `value` by another name, here and in every body that captures it.
  mutating func setName(of value: ValueID, to name: String) {
    values[value].name = name
    for case .capture(let node, let index) in values[value].uses {
      nodes[node].renameCapture(index, to: name)
    }
  }

  /// Lets statements about the quantisation of `old` speak of `new`.
  mutating func renameQuantization(of old: String, to new: String) {
    for index in quantization.indices {
      if quantization[index].valueName == old { quantization[index].valueName = new }
      for parameter in quantization[index].parameters.indices
      where quantization[index].parameters[parameter].value == old {
        quantization[index].parameters[parameter].value = new
      }
    }
  }

  /// Drops statements about quantisation that name a value which is going away.
  mutating func removeQuantization(naming name: String) {
    quantization.removeAll { annotation in
      annotation.valueName == name || annotation.parameters.contains { $0.value == name }
    }
  }

  /// Lets the bodies of `node` read `value`, which they capture already, instead of capture
  /// `index`, and drops that.
  mutating func mergeCapture(_ index: Int, of node: NodeID, into value: ValueID) {
    guard let target = nodes[node].captures.firstIndex(of: value) else { return }
    let name = values[value].name
    nodes[node].editBodies { $0.mergeCaptured(index, into: target, called: name) }
    nodes[node].captures.remove(at: index)
    for (place, capture) in nodes[node].captures.enumerated().dropFirst(index) {
      values[capture].uses.replace(
        .capture(node, index: place + 1), with: .capture(node, index: place))
    }
  }

  /// The value that stands for entry `index` of the holding node's captures.
  private func captured(_ index: Int) -> ValueID? {
    valueIDs.first { id in
      if case .captured(index) = values[id].definition { true } else { false }
    }
  }

  /// Reads capture `target` wherever this body reads capture `index`, and closes the gap.
  private mutating func mergeCaptured(_ index: Int, into target: Int, called name: String) {
    if let value = captured(index) {
      if let other = captured(target) {
        replaceUses(of: value, with: other)
        for case .output(let place) in values[value].uses {
          outputs[place] = other
          values[other].uses.append(.output(index: place))
        }
        values[value].uses = []
        isRemoved[value] = true
      } else {
        values[value].definition = .captured(index: target)
        setName(of: value, to: name)
      }
    }
    for id in valueIDs {
      if case .captured(let place) = values[id].definition, place > index {
        values[id].definition = .captured(index: place - 1)
      }
    }
  }

  /// Calls what stands for capture `index` by another name.
  fileprivate mutating func renameCaptured(_ index: Int, to name: String) {
    if let value = captured(index) { setName(of: value, to: name) }
  }
}

extension Node {
  /// The graphs that the attributes hold.
  public var bodies: [Graph] { attributes.flatMap(\.value.graphs) }

  /// Calls capture `index` by another name in every body.
  mutating func renameCapture(_ index: Int, to name: String) {
    editBodies { $0.renameCaptured(index, to: name) }
  }

  /// Changes every body in place.
  mutating func editBodies(_ edit: (inout Graph) -> Void) {
    for index in attributes.indices {
      switch attributes[index].value {
      case .graph(var body):
        // The attribute must let go of the body, or changing it would copy its tables.
        attributes[index].value = .graphs([])
        edit(&body)
        attributes[index].value = .graph(body)
      case .graphs(var bodies):
        attributes[index].value = .graphs([])
        for place in bodies.indices { edit(&bodies[place]) }
        attributes[index].value = .graphs(bodies)
      default: break
      }
    }
  }
}
