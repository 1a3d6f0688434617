internal import IR

/// What the channel analysis knows about a graph before it decides anything.
struct ChannelModel {
  let graph: Graph
  let axes: AxisTable
  /// The nodes, operands before readers.
  let order: [NodeID]
  /// How each node relates the slots of its operands; links on frozen axes are left out.
  let links: SideTable<NodeID, [AxisLink]>
  /// What is known about the slots of an axis; nil where nothing is.
  let facts: [[SlotFact]?]
  /// Why an axis must stay whole, whatever is needed of it.
  let barriers: [Barrier?]
  /// A number for each axis, equal for axes whose slots are linked.
  let groups: [Int]
  /// Where extents that the graph computes with come from.
  let extents: ExtentFlow
  /// The linear operators with several groups, in graph order.
  let groupedLinks: [LinearLink]
  /// What is known of slots behind normalisations that constant slots go into.
  let ties: TieTable

  /// Reads `graph`; the normalisations in `countedNorms` are written out where that frees slots.
  init(_ graph: Graph, countedNorms: Set<NodeID> = []) {
    self.graph = graph
    axes = AxisTable(graph)
    order = graph.nodeIDs
    let grouping = AxisGrouping(graph, axes: axes, order: order, countedNorms: countedNorms)
    links = grouping.links
    groups = grouping.groups
    groupedLinks = order.flatMap { grouping.links[$0] }.compactMap { link in
      if case .linear(let link) = link, link.groups > 1 { link } else { nil }
    }
    extents = ExtentFlow(graph, axes: axes, order: order)
    barriers =
      BarrierFinder(
        graph, axes: axes, grouping: grouping, measured: extents.measured, order: order
      ).barriers
    facts = Constness(graph, axes: axes, links: links, order: order).facts
    ties = TieTable(graph, axes: axes, links: links, facts: facts, order: order)
  }

  /// The facts about the slots of `axis`; unknown throughout where nothing is tracked.
  func facts(_ axis: AxisID) -> [SlotFact] {
    facts[axis.index] ?? Array(repeating: .unknown, count: axes.extent(axis) ?? 0)
  }

  /// What is known of one slot.
  func fact(of slot: Int, on axis: AxisID) -> SlotFact { facts[axis.index]?[slot] ?? .unknown }
}

/// Why an axis stays whole.
enum Barrier: Hashable {
  /// The graph's caller supplies the value.
  case graphInput
  /// The graph's caller receives the value.
  case graphOutput
  /// The node reads all of the axis.
  case reader(NodeID)
  /// The node computes with the axis's extent.
  case measured(NodeID)
  /// The node can only write all of the axis.
  case writer(NodeID)
  /// No stored weights index the axis, or its extent is not known when compiling.
  case frozen
}

extension Graph {
  /// Whether the width of some border is computed when running, so that parts of it may be known.
  fileprivate var computesBorders: Bool {
    nodeIDs.contains { nodes[$0].op.kind == .pad && PadView($0, in: self) == nil }
  }
}

/// Joins axes whose slots are linked, and keeps the links that could ever remove a slot.
struct AxisGrouping {
  private(set) var links: SideTable<NodeID, [AxisLink]>
  private(set) var groups: [Int]
  /// Whether stored weights index the axis's group.
  private(set) var isPrunable: [Bool]

  init(_ graph: Graph, axes: AxisTable, order: [NodeID], countedNorms: Set<NodeID>) {
    links = SideTable(count: graph.nodes.count, initial: [])
    groups = Array(0..<axes.count)
    isPrunable = Array(repeating: false, count: axes.count)
    var weighted: [AxisID] = []
    let inference = graph.computesBorders ? ShapeInference.infer(graph) : nil
    for node in order {
      let found = ChannelRules.links(
        of: node, in: graph, axes: axes, inference: inference, countedNorms: countedNorms)
      links[node] = found
      for link in found {
        for set in link.coupledAxes { join(set) }
        weighted += link.weightedAxes
      }
    }
    let roots = Set(weighted.map { root($0.index) })
    for axis in 0..<axes.count { groups[axis] = root(axis) }
    let affordable = affordableGroups(axes, among: roots, graph)
    for axis in 0..<axes.count {
      isPrunable[axis] = affordable.contains(groups[axis]) && axes.extents[axis] != nil
    }
    for node in order {
      links[node].removeAll { link in
        !link.coupledAxes.allSatisfy { $0.allSatisfy { isPrunable[$0.index] } }
      }
    }
  }

  /// The first of the groups `roots` whose slots together are in proportion to what is stored.
  ///
  /// Weights without elements may have any extent, and then so may everything around them.
  private func affordableGroups(
    _ axes: AxisTable, among roots: Set<Int>, _ graph: Graph
  ) -> Set<Int> {
    var slots: [Int: Int] = [:]
    for axis in 0..<axes.count where roots.contains(groups[axis]) {
      slots[groups[axis], default: 0] += axes.extents[axis] ?? 0
    }
    var budget = Self.freeSlots + graph.storedByteCount
    let affordable = roots.sorted().filter { root in
      guard let count = slots[root], count <= budget else { return false }
      budget -= count
      return true
    }
    return Set(affordable)
  }

  /// How many slots are told apart however little is stored.
  private static let freeSlots = 1 << 20

  private mutating func join(_ set: [AxisID]) {
    guard let first = set.first else { return }
    for axis in set.dropFirst() {
      let (a, b) = (root(first.index), root(axis.index))
      if a != b { groups[Swift.max(a, b)] = Swift.min(a, b) }
    }
  }

  private mutating func root(_ axis: Int) -> Int {
    var axis = axis
    while groups[axis] != axis {
      groups[axis] = groups[groups[axis]]
      axis = groups[axis]
    }
    return axis
  }
}

extension AxisLink {
  /// Sets of axes that the link makes to have related slots.
  var coupledAxes: [[AxisID]] {
    switch self {
    case .aligned(let link): [(link.outputs + link.inputs).map(\.axis)]
    case .linear(let link):
      [
        [link.data.axis, link.weightInput.axis] + (link.groups > 1 ? [link.output.axis] : []),
        [link.output.axis, link.weightOutput.axis] + (link.bias.map { [$0.axis] } ?? []),
      ]
    case .contracted(let link): [[link.left.axis, link.right.axis]]
    case .reduced(let data, _): [[data.axis]]
    case .normalized(let link): [link.places.map(\.axis)]
    case .concatenated(let output, let inputs): [[output.axis] + inputs.map(\.axis)]
    case .bordered(let link): [[link.output.axis, link.data.axis]]
    case .divided(let outputs, let input): [[input.axis] + outputs.map(\.axis)]
    case .selected(let output, let input, _): [[input.axis] + (output.map { [$0.axis] } ?? [])]
    case .regrouped(let link): [(link.inputs + link.outputs).map(\.place.axis)]
    }
  }

  /// The axes that stored weights of a linear operator index.
  var weightedAxes: [AxisID] {
    switch self {
    case .linear(let link): [link.data.axis, link.output.axis]
    default: []
    }
  }

  /// The places of all operands that the link speaks of.
  var places: [Place] {
    switch self {
    case .aligned(let link): link.outputs + link.inputs
    case .linear(let link):
      [link.data, link.output, link.weightInput, link.weightOutput] + (link.bias.map { [$0] } ?? [])
    case .contracted(let link): [link.left, link.right]
    case .reduced(let data, _): [data]
    case .normalized(let link): link.places
    case .concatenated(let output, let inputs): [output] + inputs
    case .bordered(let link): [link.output, link.data]
    case .divided(let outputs, let input): outputs + [input]
    case .selected(let output, let input, _): [input] + [output].compactMap { $0 }
    case .regrouped(let link): (link.inputs + link.outputs).map(\.place)
    }
  }
}

extension NormalizedLink {
  var places: [Place] { [data, output] + [scale, shift].compactMap { $0 } }
}

/// Finds the axes that must stay whole whatever readers need.
private struct BarrierFinder {
  private(set) var barriers: [Barrier?]
  private let axes: AxisTable

  init(
    _ graph: Graph, axes: AxisTable, grouping: AxisGrouping,
    measured: [(axis: AxisID, reader: NodeID)], order: [NodeID]
  ) {
    self.axes = axes
    barriers = grouping.isPrunable.map { $0 ? nil : .frozen }
    for value in graph.valueIDs { markContract(value, in: graph) }
    for (axis, reader) in measured where barriers[axis.index] == nil {
      barriers[axis.index] = .measured(reader)
    }
    for node in order where ShapeView(node, in: graph) == nil {
      mark(node, of: graph, linked: Set(grouping.links[node].flatMap(\.places)))
    }
  }

  private mutating func markContract(_ value: ValueID, in graph: Graph) {
    switch graph.values[value].definition {
    case .input, .captured: mark(value, .graphInput)
    case .constant, .node: break
    }
    for use in graph.values[value].uses {
      switch use {
      case .output: mark(value, .graphOutput)
      case .capture(let node, _): mark(value, .reader(node))
      case .node: break
      }
    }
  }

  private mutating func mark(_ node: NodeID, of graph: Graph, linked: Set<Place>) {
    for (operand, value, barrier) in graph.nodes[node].operands(node) {
      for position in 0..<axes.rank(of: value) {
        guard let axis = axes.id(of: value, axis: position), barriers[axis.index] == nil else {
          continue
        }
        if !linked.contains(Place(operand: operand, position: position, axis: axis)) {
          barriers[axis.index] = barrier
        }
      }
    }
  }

  private mutating func mark(_ value: ValueID, _ barrier: Barrier) {
    for position in 0..<axes.rank(of: value) {
      guard let axis = axes.id(of: value, axis: position), barriers[axis.index] == nil else {
        continue
      }
      barriers[axis.index] = barrier
    }
  }
}

extension Node {
  /// All operands present, with the barrier that each is where no link speaks of it.
  fileprivate func operands(_ id: NodeID) -> [(Operand, ValueID, Barrier)] {
    inputs.enumerated().compactMap { index, value in
      value.map { (.input(index), $0, .reader(id)) }
    }
      + outputs.enumerated().compactMap { index, value in
        value.map { (.output(index), $0, .writer(id)) }
      }
  }
}
