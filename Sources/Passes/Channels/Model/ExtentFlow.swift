internal import IR

/// Follows extents that a graph computes with from Shape nodes to where they are used.
///
/// An extent that reaches a Reshape, Expand or Resize as it is does no harm when it changes: what the
/// node asks for is adapted. Whatever else is computed from it would silently change, so its axis has
/// to stay whole.
///
/// ```
/// %s = Shape(%x)  %b = Slice(%s, 0, 2)  %t = Concat(%b, %size)  %y = Resize(%x, , , %t)
/// ```
struct ExtentFlow {
  /// The axes whose extents are computed with, and the node that does.
  private(set) var measured: [(axis: AxisID, reader: NodeID)] = []
  /// The axes whose extents each node is told by its shape operand.
  private(set) var told: SideTable<NodeID, [AxisID]>

  private let graph: Graph
  /// For each element of a list of extents the axis it is the extent of.
  private var origins: [ValueID: [AxisID?]] = [:]

  init(_ graph: Graph, axes: AxisTable, order: [NodeID]) {
    self.graph = graph
    told = SideTable(count: graph.nodes.count, initial: [])
    for node in order { visit(node, axes) }
  }

  private mutating func visit(_ node: NodeID, _ axes: AxisTable) {
    if let view = ShapeView(node, in: graph), let result = graph.nodes[node].output(0) {
      note(view.axes.map { axes.id(of: view.data, axis: $0) }, about: result, node)
      return
    }
    let operands = graph.nodes[node].inputs.map { $0.flatMap { origins[$0] } ?? [] }
    let reaching = operands.flatMap { $0 }.compactMap { $0 }
    guard !reaching.isEmpty || !graph.nodes[node].captures.isEmpty else { return }
    if let result = graph.nodes[node].output(0), let moved = moved(node, operands),
      holdsInOrder(moved.count, result)
    {
      note(moved, about: result, node)
      return
    }
    let shape = adaptedOperand(of: node, operands, axes)
    told[node] = shape.map { operands[$0].compactMap { $0 } } ?? []
    for (input, origins) in operands.enumerated() where input != shape {
      measured += origins.compactMap { $0 }.map { ($0, node) }
    }
  }

  /// The operand by which the node is told extents, if each that may change can be put right: the
  /// result's extent there is known, and the operator set can choose between numbers.
  private func adaptedOperand(
    of node: NodeID, _ operands: [[AxisID?]], _ axes: AxisTable
  ) -> Int? {
    guard graph.version >= ExtentOverride.earliestVersion,
      let (input, places) = graph.shapeOperand(of: node), let result = graph.nodes[node].output(0),
      operands[input].count <= places.count
    else { return nil }
    let isKnown = zip(operands[input], places).allSatisfy { origin, place in
      guard let origin, axes.extent(origin) != nil else { return true }
      return axes.id(of: result, axis: place).flatMap(axes.extent) != nil
    }
    return isKnown ? input : nil
  }

  /// What leaves the graph, or enters a body, is computed with.
  private mutating func note(_ list: [AxisID?], about value: ValueID, _ node: NodeID) {
    let staysInside = graph.values[value].uses.allSatisfy {
      if case .node = $0 { true } else { false }
    }
    if staysInside {
      origins[value] = list
    } else {
      measured += list.compactMap { $0 }.map { ($0, node) }
    }
  }

  /// Whether `value` is a list of `count` numbers, or a single one: rows of a table are not told apart.
  private func holdsInOrder(_ count: Int, _ value: ValueID) -> Bool {
    guard let counts = graph.shape(of: value)?.counts, counts.count <= 1 else { return false }
    return counts.reduce(1, *) == count
  }

  /// Where each element of the first result comes from, if the node only moves elements.
  private func moved(_ node: NodeID, _ operands: [[AxisID?]]) -> [AxisID?]? {
    let row = graph.nodes[node]
    switch row.op.kind {
    case .identity, .squeeze, .unsqueeze, .reshape, .flatten:
      return operands.dropFirst().allSatisfy(\.isEmpty) ? operands.first : nil
    case .cast: return keepsNumbers(node) ? operands.first : nil
    case .gather:
      guard let view = GatherView(node, in: graph), view.axis == 0,
        let indices = view.constantIndices(in: graph),
        indices.allSatisfy(operands[0].indices.contains)
      else { return nil }
      return indices.map { operands[0][$0] }
    case .slice:
      guard let view = SliceView(node, in: graph), view.slices.count == 1 else { return nil }
      let taken = view.slices[0].resolved(extent: operands[0].count)
      return (0..<taken.count).map { operands[0][taken.start + $0 * taken.step] }
    case .concat: return joined(row, operands)
    default: return nil
    }
  }

  private func joined(_ row: Node, _ operands: [[AxisID?]]) -> [AxisID?]? {
    var list: [AxisID?] = []
    for (value, origins) in zip(row.inputs, operands) {
      guard let shape = value.flatMap({ graph.shape(of: $0) }), shape.count == 1,
        let count = shape[0].count, origins.isEmpty || origins.count == count, count <= 64
      else { return nil }
      list += origins.isEmpty ? Array(repeating: nil, count: count) : origins
    }
    return list
  }

  private func keepsNumbers(_ node: NodeID) -> Bool {
    let target = CastView(node, in: graph)?.target
    return target == .int64 || target == .int32
  }
}
