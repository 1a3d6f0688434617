internal import IR

/// Estimates what a choice of kept slots costs, to decide whether narrowing a use pays.
///
/// The unit is one byte moved. Eight multiply-accumulates count as one byte, roughly what a
/// desktop processor does in the time it takes to move one; stored bytes are read once a run.
struct CostModel {
  private static let macsPerByte = 8.0
  private static let bytesPerElement = 4.0

  private let model: ChannelModel
  /// The extents assumed for every axis, with stand-ins where they are not known.
  private let extents: [Double]

  /// Assumes `shapes` for the values; a value without one counts as `fallbackExtent` on each axis.
  init(_ model: ChannelModel, shapes: ShapeInference) {
    self.model = model
    extents = model.axes.places.map { place in
      if let known = model.graph.shape(of: place.value)?[place.axis].count { return Double(known) }
      if let shape = shapes.shape(of: place.value), place.axis < shape.count,
        let assumed = shape[place.axis].count
      {
        return Double(assumed)
      }
      return place.axis == 0 ? 1 : Self.fallbackExtent
    }
  }

  /// The extent assumed where nothing is known, about that of a middle layer's feature map.
  static let fallbackExtent = 28.0

  /// What one run of each node costs if every axis keeps the slots that `needs` says.
  func costs(_ needs: Needs) -> SideTable<NodeID, Double> {
    var costs = SideTable<NodeID, Double>(count: model.graph.nodes.count, initial: 0)
    for node in model.order { costs[node] = cost(of: node, needs) }
    return costs
  }

  /// What one run of `node` costs.
  func cost(of node: NodeID, _ needs: Needs) -> Double {
    guard !model.links[node].isEmpty else { return 0 }
    let row = model.graph.nodes[node]
    let moved = (row.inputs + row.outputs).reduce(0) { total, value in
      total + (value.map { volume($0, needs, of: node, row) } ?? 0)
    }
    let further = countsConstants(node, needs) ? Self.passesWhenWrittenOut * moved : 0
    let selections = needs.narrowedUses(of: node).reduce(0) { total, use in
      guard let input = use.place.input, let value = row.input(input) else { return total }
      let kept = Double(needs[use.place.axis].count)
      return total + 2 * volume(value, needs, of: node, row) * Double(use.slots.count) / kept
    }
    return Self.bytesPerElement * (moved + further + selections) + macs(of: node, row, needs)
      / Self.macsPerByte
  }

  /// How often a normalisation that is written out reads and writes its data, besides once.
  private static let passesWhenWrittenOut = 3.0

  private func countsConstants(_ node: NodeID, _ needs: Needs) -> Bool {
    model.links[node].contains { link in
      guard case .normalized(let link) = link else { return false }
      return link.constants == .counted && needs.isNarrowed(link.output.axis)
    }
  }

  /// The elements of `value` that are kept; of a constant, those that `node` is given.
  private func volume(_ value: ValueID, _ needs: Needs, of node: NodeID, _ row: Node) -> Double {
    if let constant = model.graph.constant(value) {
      return needs.requirements(of: node).reduce(Double(constant.count)) { size, requirement in
        row.input(requirement.input) == value
          ? size * Double(requirement.slots.count) / Double(Swift.max(requirement.slots.extent, 1))
          : size
      }
    }
    return (0..<model.axes.rank(of: value)).reduce(1) { product, position in
      guard let axis = model.axes.id(of: value, axis: position) else { return product }
      let isTracked = model.axes.extent(axis) != nil
      return product * (isTracked ? Double(needs[axis].count) : extents[axis.index])
    }
  }

  /// Multiply-accumulates: elements of the result, or of the data of a transposed convolution, times
  /// the weights that each of them meets.
  private func macs(of node: NodeID, _ row: Node, _ needs: Needs) -> Double {
    for link in model.links[node] {
      switch link {
      case .linear(let link):
        let place = link.isTransposed ? link.data : link.output
        guard let meeting = link.isTransposed ? row.input(0) : row.output(0),
          let input = link.weightOutput.input, let weight = row.input(input)
        else { continue }
        let slots = Double(Swift.max(needs[place.axis].count, 1))
        return volume(meeting, needs, of: node, row) * volume(weight, needs, of: node, row) / slots
      case .contracted(let link):
        guard let output = row.output(0) else { continue }
        return volume(output, needs, of: node, row) * Double(needs[link.left.axis].count)
      default: continue
      }
    }
    return 0
  }
}

extension Needs {
  /// Whether a use found earlier still needs fewer slots than its value keeps.
  fileprivate func isNarrowed(
    _ use: (link: AxisLink, place: Place, slots: SlotSet), of node: NodeID
  ) -> Bool {
    narrowedUses(of: node).contains { $0.place == use.place }
  }
}

/// A choice the cost model made between narrowing one use and keeping a value wide.
public struct CostDecision: Hashable, Sendable {
  /// The node that reads the value.
  public let node: String
  /// The value read.
  public let value: String
  /// Slots the node needs, and slots the value keeps.
  public let needed: Int
  /// The slots the value keeps.
  public let kept: Int
  /// Whether the use is narrowed; else the node and everything aligned with it stays wide.
  public let isNarrowed: Bool
  /// Estimated cost, in bytes moved, of the nodes that the choice concerns, with the use narrowed.
  public let narrowCost: Double
  /// The same with the use left wide.
  public let wideCost: Double
  /// The group of linked axes that the decision concerns, if it was made on the graph as it is.
  var group: Int?
}

/// Decides for every use that needs fewer slots than its value keeps.
struct UseDecisions {
  private(set) var needs: Needs
  private(set) var decisions: [CostDecision] = []

  /// Bounds the work on graphs with very many such uses; later uses are narrowed untried.
  private static let budget = 2_000_000

  init(_ needs: Needs, cost: CostModel) {
    self.needs = needs
    let model = needs.model
    var costs = cost.costs(needs)
    var spent = 0
    for node in model.order {
      for use in self.needs.narrowedUses(of: node) where self.needs.isNarrowed(use, of: node) {
        var trial = self.needs
        let concerned = Self.nodes(at: trial.widen(use.place, of: use.link), of: model)
        spent += concerned.count + 1
        guard spent < Self.budget else { return }
        let wideCosts = concerned.map { cost.cost(of: $0, trial) }
        let narrow = concerned.reduce(0) { $0 + costs[$1] }
        let wide = wideCosts.reduce(0, +)
        let isNarrowed = narrow <= wide
        decisions.append(
          decision(node, use, isNarrowed: isNarrowed, narrow: narrow, wide: wide))
        guard !isNarrowed else { continue }
        self.needs = trial
        for (node, cost) in zip(concerned, wideCosts) { costs[node] = cost }
      }
    }
  }

  /// The nodes that make or read a value to which one of `axes` belongs, each once.
  private static func nodes(at axes: [AxisID], of model: ChannelModel) -> [NodeID] {
    var seen: Set<NodeID> = []
    return axes.flatMap { axis -> [NodeID] in
      let value = model.axes.places[axis.index].value
      let readers = model.graph.values[value].uses.compactMap(\.node)
      return (model.graph.producer(of: value).map { [$0] } ?? []) + readers
    }.filter { seen.insert($0).inserted }
  }

  private func decision(
    _ node: NodeID, _ use: (link: AxisLink, place: Place, slots: SlotSet), isNarrowed: Bool,
    narrow: Double, wide: Double
  ) -> CostDecision {
    let graph = needs.model.graph
    let value = use.place.input.flatMap { graph.nodes[node].input($0) }
    return CostDecision(
      node: graph.label(node), value: value.map { graph.values[$0].name } ?? "",
      needed: use.slots.count, kept: needs[use.place.axis].count, isNarrowed: isNarrowed,
      narrowCost: narrow, wideCost: wide, group: needs.model.groups[use.place.axis.index])
  }
}
