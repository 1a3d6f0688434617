internal import IR

extension Rewriter {
  /// Inserts a node before `reader` that selects `indices` of `axis` of `value`.
  ///
  /// Neighbours are taken by a Slice, which costs no index list; others by a Gather.
  mutating func insertSelection(
    of value: ValueID, axis: Int, indices: [Int], before reader: NodeID
  ) -> ValueID {
    let source = graph.values[value]
    var type = source.type?.tensor
    type?.shape?[axis] = .known(indices.count)
    let name = freshName(source.name + "_kept")
    let detail = "reads \(indices.count) slots of axis \(axis) of \(source.name)"
    var draft = selectionDraft(of: value, axis: axis, indices: indices, name: name)
    draft.name = name
    return apply(ChannelPruning.narrowing, to: label(reader), detail) { graph in
      let results = [(name, type.map(ValueType.tensor))]
      let node = graph.insert(draft, results: results, before: reader)
      return graph.nodes[node].outputs[0] ?? value
    }
  }

  private mutating func selectionDraft(
    of value: ValueID, axis: Int, indices: [Int], name: String
  ) -> NodeDraft {
    let origin = Origin.pass(ChannelPruning.name)
    let isRun = indices.last.map { $0 - indices[0] + 1 == indices.count } ?? false
    let axisAttribute = Attribute("axis", .int(Int64(axis)))
    guard isRun, let first = indices.first else {
      let list = addIntegers(indices, name: name + "_indices")
      return NodeDraft(
        Operator(.gather), inputs: [value, list], attributes: [axisAttribute], origin: origin)
    }
    let (start, end) = (first, first + indices.count)
    guard graph.version >= 10 else {
      let attributes = [
        Attribute("axes", .ints([Int64(axis)])), Attribute("starts", .ints([Int64(start)])),
        Attribute("ends", .ints([Int64(end)])),
      ]
      return NodeDraft(
        Operator(.slice), inputs: [value], attributes: attributes, origin: origin)
    }
    let inputs = [("starts", start), ("ends", end), ("axes", axis)].map { role, number in
      addIntegers([number], name: "\(name)_\(role)")
    }
    return NodeDraft(Operator(.slice), inputs: [value] + inputs, origin: origin)
  }

  /// Stores whole numbers as a new one-dimensional constant.
  mutating func addIntegers(_ integers: [Int], name: String) -> ValueID {
    addConstant(Constant(integers.map(Int64.init), shape: [integers.count]), name: name)
  }

  /// Stores a new constant under a name made from `name`.
  mutating func addConstant(_ constant: Constant, name: String) -> ValueID {
    let fresh = freshName(name)
    return edit { $0.addConstant(fresh, constant) }
  }
}

extension Rewriter {
  /// Makes a Slice take all of `axis`, which a selection before it has taken over.
  ///
  /// A Slice of that axis alone has nothing left to do and goes.
  mutating func releaseSlice(_ node: NodeID, axis: Int, reading data: ValueID) {
    guard let view = SliceView(node, in: graph), let result = graph.nodes[node].output(0) else {
      return
    }
    let others = view.slices.filter { $0.axis != axis }
    guard !others.isEmpty || graph.isOutput(result) else {
      let type = graph.values[data].type
      bypass(node, with: data)
      edit { $0.setType(of: data, to: type) }
      return
    }
    setSlices(of: node, to: others)
  }

  private mutating func setSlices(of node: NodeID, to slices: [AxisSlice]) {
    let columns: [(String, [Int])] = [
      ("starts", slices.map(\.start)), ("ends", slices.map(\.end)), ("axes", slices.map(\.axis)),
      ("steps", slices.map(\.step)),
    ]
    guard graph.version >= 10 else {
      let attributes = columns.prefix(3).map { Attribute($0, .ints($1.map(Int64.init))) }
      edit { $0.setAttributes(of: node, to: attributes) }
      return
    }
    let name = label(node)
    let operands = columns.map { addIntegers($1, name: "\(name)_\($0)") }
    edit { graph in
      graph.setInputs(of: node, to: Array(graph.nodes[node].inputs.prefix(1)) + operands)
    }
  }
}
