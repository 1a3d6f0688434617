internal import IR

/// A Reshape that splits a packed axis into parts, of which every reader takes one.
///
/// ```
/// %r = Reshape(%x, [0, T, 3, h, d])   %t = Transpose(%r)   %q = Gather(%t, 0) …
/// ```
struct PackedProjection {
  let reshape: NodeID
  /// What lays the whole out further before parts are taken.
  let steps: [LayoutStep]
  /// What is reshaped, its packed axis, and the slots of that.
  let data: ValueID
  let packedAxis: Int
  let extent: Int
  /// The number of parts.
  let count: Int
  /// The axis of the reshaped value that counts the parts.
  let partAxis: Int
  /// The extents that the Reshape asks for: stored, or computed.
  let target: Target
  /// The nodes that take single parts.
  let takers: [Taker]

  /// A node that takes one part.
  struct Taker {
    let node: NodeID
    let part: Int
    /// The part as the node makes it, without the axis that counts parts; nil if the node reads the part
    /// with that axis and does not mind its going.
    let value: ValueID?
  }

  /// The shape that a Reshape asks for.
  enum Target {
    case stored([Int64])
    case computed(ValueID, rank: Int)
  }

  /// How many parts an axis may be split into.
  private static let partCounts = 2...4

  init?(_ node: NodeID, in graph: Graph) {
    guard let view = ReshapeView(node, in: graph), let result = graph.nodes[node].output(0),
      !graph.isOutput(result),
      let packing = Self.packing(of: node, from: view.data, to: result, in: graph)
    else { return nil }
    let partAxis = packing.partAxis
    guard let target = Self.target(of: view, from: partAxis, in: graph) else { return nil }
    reshape = node
    data = view.data
    packedAxis = packing.packedAxis
    extent = packing.extent
    count = packing.count
    self.partAxis = partAxis
    self.target = target
    var (whole, axis, steps) = (result, partAxis, [LayoutStep]())
    while let reader = graph.soleReader(of: whole)?.node, !graph.isOutput(whole),
      let step = LayoutStep(reader, dropping: axis, in: graph),
      let next = graph.nodes[reader].output(0)
    {
      steps.append(step)
      (whole, axis) = (next, step.axisBehind)
    }
    self.steps = steps
    guard let takers = Self.takers(of: whole, along: axis, in: graph) else { return nil }
    self.takers = takers
  }

  /// Nil if an extent from `partAxis` on is written 0, which would copy another axis's without the parts.
  private static func target(
    of view: ReshapeView, from partAxis: Int, in graph: Graph
  ) -> Target? {
    if let requested = view.requested {
      let copies = view.allowZero ? requested[...] : requested.dropFirst(partAxis)
      return copies.contains(0) ? nil : .stored(requested)
    }
    guard let shape = view.shape, let maker = graph.producer(of: shape),
      graph.nodes[maker].op.kind == .concat
    else { return nil }
    var extents: [Int64?] = []
    for piece in graph.nodes[maker].inputs {
      guard let piece, let count = graph.shape(of: piece)?.first?.count else { return nil }
      extents += graph.constant(piece)?.integers ?? Array(repeating: nil, count: count)
    }
    guard extents.dropFirst(partAxis).allSatisfy({ ($0 ?? 0) != 0 }) else { return nil }
    return .computed(shape, rank: extents.count)
  }

  /// The first axis of several slots that the Reshape splits into several, the outermost of which counts
  /// the parts.
  private static func packing(
    of node: NodeID, from data: ValueID, to result: ValueID, in graph: Graph
  ) -> (packedAxis: Int, extent: Int, partAxis: Int, count: Int)? {
    guard let before = graph.shape(of: data), let after = graph.shape(of: result) else {
      return nil
    }
    for group in graph.axisFactorization(of: node)?.groups ?? [] where group.factors != nil {
      let inputs = group.inputAxes.filter { before[$0] != .known(1) }
      let outputs = group.outputAxes.filter { after[$0] != .known(1) }
      guard inputs.count == 1, outputs.count >= 2, let extent = before[inputs[0]].count,
        let count = after[outputs[0]].count, partCounts.contains(count)
      else { continue }
      return (inputs[0], extent, outputs[0], count)
    }
    return nil
  }

  /// Nil unless every reader takes one part and drops the axis.
  private static func takers(of value: ValueID, along axis: Int, in graph: Graph) -> [Taker]? {
    guard !graph.isOutput(value) else { return nil }
    var takers: [Taker] = []
    for use in graph.values[value].uses {
      guard case .node(let reader, input: 0) = use else { return nil }
      guard
        let found = gathered(reader, axis, graph) ?? split(reader, axis, graph)
          ?? sliced(reader, axis, graph)
      else { return nil }
      takers += found
    }
    return takers.isEmpty ? nil : takers
  }

  private static func gathered(_ node: NodeID, _ axis: Int, _ graph: Graph) -> [Taker]? {
    guard let view = GatherView(node, in: graph), view.axis == axis,
      graph.constant(view.indices)?.shape.isEmpty ?? false,
      let part = view.constantIndices(in: graph)?.first, let result = graph.nodes[node].output(0)
    else { return nil }
    return [Taker(node: node, part: part, value: result)]
  }

  /// Parts of one slot each, whose axis is then taken away.
  private static func split(_ node: NodeID, _ axis: Int, _ graph: Graph) -> [Taker]? {
    guard let view = SplitView(node, in: graph), view.axis == axis,
      view.sizes?.allSatisfy({ $0 == 1 }) ?? false
    else { return nil }
    var takers: [Taker] = []
    for (part, output) in graph.nodes[node].outputs.enumerated() {
      guard let output, let found = squeezed(output, part, axis, graph) else { return nil }
      takers += found
    }
    return takers
  }

  /// One slot, whose axis is then taken away.
  private static func sliced(_ node: NodeID, _ axis: Int, _ graph: Graph) -> [Taker]? {
    guard let view = SliceView(node, in: graph), view.slices.count == 1,
      view.slices[0].axis == axis,
      let extent = graph.shape(of: view.data)?[axis].count, let result = graph.nodes[node].output(0)
    else { return nil }
    let taken = view.slices[0].resolved(extent: extent)
    return taken.count == 1 ? squeezed(result, taken.start, axis, graph) : nil
  }

  /// The nodes that take the axis of a part of one slot away.
  private static func squeezed(
    _ part: ValueID, _ index: Int, _ axis: Int, _ graph: Graph
  ) -> [Taker]? {
    guard !graph.isOutput(part) else { return nil }
    var takers: [Taker] = []
    for use in graph.values[part].uses {
      guard case .node(let reader, input: 0) = use else { return nil }
      if let squeeze = SqueezeView(reader, in: graph), squeeze.areAxesStated,
        squeeze.axes == [axis], let result = graph.nodes[reader].output(0)
      {
        takers.append(Taker(node: reader, part: index, value: result))
      } else if let extents = ReshapeView(reader, in: graph)?.requested,
        !extents.dropFirst(axis).contains(0)
      {
        takers.append(Taker(node: reader, part: index, value: nil))
      } else {
        return nil
      }
    }
    return takers
  }
}

extension PackedProjection: Unpackable {
  var axes: [PackedAxis] { [PackedAxis(value: data, axis: packedAxis, extent: extent)] }

  /// Splits the packed axis itself and lays every part out on its own.
  func unpack(_ rewriter: inout Rewriter) -> [PackedAxis] {
    let parts = splitData(&rewriter)
    let laidOut = parts.map { layOut($0, &rewriter) }
    let splits = takers.compactMap { taker in
      rewriter.graph.nodes[taker.node].input(0).flatMap { rewriter.graph.producer(of: $0) }
    }
    for taker in takers {
      if let value = taker.value {
        _ = rewriter.redirect(value, to: laidOut[taker.part])
      } else {
        rewriter.edit { $0.replaceInput(of: taker.node, at: 0, with: laidOut[taker.part]) }
      }
    }
    removeUnread(takers.map(\.node) + splits + steps.reversed().map(\.node) + [reshape], &rewriter)
    return parts.map { PackedAxis(value: $0, axis: packedAxis, extent: extent / count) }
  }

  /// Removes those of the nodes, readers first, that nobody reads any more.
  private func removeUnread(_ chain: [NodeID], _ rewriter: inout Rewriter) {
    for node in chain where rewriter.graph.contains(node) {
      let results = rewriter.graph.nodes[node].outputs.compactMap { $0 }
      if results.allSatisfy({ rewriter.graph.values[$0].uses.isEmpty }) { rewriter.remove(node) }
    }
  }

  private func splitData(_ rewriter: inout Rewriter) -> [ValueID] {
    let rule = ProjectionUnpacking.unpacking
    let source = rewriter.graph.values[data]
    var type = source.type?.tensor
    type?.shape?[packedAxis] = .known(extent / count)
    let sizes = Array(repeating: extent / count, count: count)
    var draft = NodeDraft(
      Operator(.split), name: rewriter.freshName(source.name + "_split"), inputs: [data],
      attributes: [Attribute("axis", .int(Int64(packedAxis)))], origin: .pass(rule.pass))
    if rewriter.graph.version >= 13 {
      draft.inputs.append(rewriter.addIntegers(sizes, name: draft.name + "_sizes"))
    } else {
      draft.attributes.append(Attribute("split", .ints(sizes.map(Int64.init))))
    }
    let results = sizes.indices.map { part -> (name: String, type: ValueType?)? in
      (rewriter.freshName("\(source.name)_part\(part)"), type.map(ValueType.tensor))
    }
    let prepared = draft
    return rewriter.apply(rule, to: source.name, "into \(count) parts") { graph in
      let node = graph.insert(prepared, results: results, before: reshape)
      return graph.nodes[node].outputs.compactMap { $0 }
    }
  }

  /// Lays one part out as the whole was, without the axis that counted the parts.
  private func layOut(_ part: ValueID, _ rewriter: inout Rewriter) -> ValueID {
    let name = rewriter.graph.values[part].name
    let shape = partShape(name + "_shape", &rewriter)
    let attributes = rewriter.graph.nodes[reshape].attributes
    let reshaped = insert(
      Operator(.reshape), [part, shape], attributes, name + "_heads", &rewriter)
    return steps.reduce(reshaped) { value, step in
      var (inputs, attributes): ([ValueID?], [Attribute]) = ([value], [])
      let isOperand =
        step.kind == .reshape || step.kind != .transpose && rewriter.graph.version >= 13
      if isOperand {
        let role = step.kind == .reshape ? "_shape" : "_axes"
        inputs.append(rewriter.addIntegers(step.numbers, name: name + role))
      } else {
        let list = step.kind == .transpose ? "perm" : "axes"
        attributes.append(Attribute(list, .ints(step.numbers.map(Int64.init))))
      }
      return insert(Operator(step.kind), inputs, attributes, name + "_turned", &rewriter)
    }
  }

  /// The shape that the Reshape asks for, without the parts.
  private func partShape(_ name: String, _ rewriter: inout Rewriter) -> ValueID {
    switch target {
    case .stored(var extents):
      extents.remove(at: partAxis)
      return rewriter.addConstant(Constant(extents, shape: [extents.count]), name: name)
    case .computed(let shape, let rank):
      let others = (0..<rank).filter { $0 != partAxis }
      let indices = rewriter.addIntegers(others, name: name + "_axes")
      return insert(Operator(.gather), [shape, indices], [], name, &rewriter)
    }
  }

  private func insert(
    _ op: Operator, _ inputs: [ValueID?], _ attributes: [Attribute], _ name: String,
    _ rewriter: inout Rewriter
  ) -> ValueID {
    let fresh = rewriter.freshName(name)
    let draft = NodeDraft(
      op, name: fresh, inputs: inputs, attributes: attributes,
      origin: .pass(ProjectionUnpacking.name))
    let elementType = inputs[0].flatMap { rewriter.graph.values[$0].elementType }
    let type = elementType.map { ValueType.tensor(TensorType($0, nil)) }
    return rewriter.edit { graph in
      let node = graph.insert(draft, results: [(fresh, type)], before: reshape)
      return graph.nodes[node].outputs[0] ?? data
    }
  }
}
