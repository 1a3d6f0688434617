internal import IR

/// Follows one slot from a value through its readers.
struct FateTracer {
  private let needs: Needs
  private let decisions: [CostDecision]
  /// How each linear operator treats the slots of its data.
  private let plans: SideTable<NodeID, DataNeeds?>
  private var model: ChannelModel { needs.model }

  init(_ needs: Needs, decisions: [CostDecision]) {
    self.needs = needs
    self.decisions = decisions
    var plans = SideTable<NodeID, DataNeeds?>(count: needs.model.graph.nodes.count, initial: nil)
    for node in needs.model.order {
      plans[node] = needs.model.links[node].firstLinear.map(needs.dataNeeds)
    }
    self.plans = plans
  }

  /// What became of a constant slot.
  func fate(of slot: Int, on axis: AxisID) -> ChannelFate.Fate {
    if needs[axis].contains(slot) { return .kept(reason(of: slot, on: axis)) }
    var found = Absorbers()
    collect(slot, on: axis, into: &found)
    if !found.carriers.isEmpty { return .carried(by: found.carriers) }
    return found.biases.isEmpty ? .removed : .folded(into: found.biases)
  }

  /// Whether all readers of the axis's value index it by weights or by stored indices, so that
  /// an unread slot cannot be explained by what follows.
  func isReadByWeightsAlone(_ axis: AxisID) -> Bool {
    let uses = readers(of: axis)
    return !uses.isEmpty
      && uses.allSatisfy { _, link, _ in
        switch link {
        case .linear, .selected: true
        default: false
        }
      }
  }

  private struct Absorbers {
    var biases: [String] = []
    var carriers: [String] = []
    /// Where the walk has been; paths that part and meet again would double it each time.
    var visited: Set<Spot> = []
  }

  private struct Spot: Hashable {
    let axis: AxisID
    let slot: Int
  }

  /// The nodes that make up for a slot that is gone.
  private func collect(_ slot: Int, on axis: AxisID, into found: inout Absorbers) {
    guard found.visited.insert(Spot(axis: axis, slot: slot)).inserted else { return }
    for (node, link, place) in readers(of: axis) {
      if case .averaged = link, model.facts(axis)[slot].value.map({ $0 != 0 }) ?? false {
        found.biases.append(model.graph.label(node))
      }
      if case .linear(let linear) = link, linear.data == place, let plan = plans[node] {
        let label = model.graph.label(node)
        if plan.absorbed.contains(slot), !found.biases.contains(label) {
          found.biases.append(label)
        }
        if plan.carried.contains(slot), !found.carriers.contains(label) {
          found.carriers.append(label)
        }
      }
      for (next, moved) in destinations(of: slot, through: link, at: place) {
        guard model.facts(next)[moved].value.map({ $0 != 0 }) ?? false else { continue }
        collect(moved, on: next, into: &found)
      }
    }
  }

  /// Why a slot stays: the first reader, in graph order, that keeps it.
  private func reason(of slot: Int, on axis: AxisID) -> KeptReason {
    if let barrier = model.barriers[axis.index] { return reason(barrier, axis) }
    for (node, link, place) in readers(of: axis) {
      if case .linear(let linear) = link, let reason = reason(slot, linear, node) { return reason }
      if case .averaged = link, model.facts(axis)[slot] == .unknown {
        return KeptReason(subject: model.graph.label(node), rule: "averages over it")
      }
      for (next, moved) in destinations(of: slot, through: link, at: place)
      where needs[next].contains(moved) {
        let losesConstant =
          model.facts(axis)[slot] != .unknown && model.facts(next)[moved] == .unknown
        guard !losesConstant else { return reason(link, losingConstantAt: node) }
        return reason(of: moved, on: next)
      }
    }
    let group = model.groups[axis.index]
    if let wide = decisions.first(where: { !$0.isNarrowed && $0.group == group }) {
      return KeptReason(
        subject: wide.node, rule: "selecting channels there costs more than it saves")
    }
    let value = model.axes.places[axis.index].value
    return KeptReason(
      subject: model.graph.values[value].name, rule: "a value keeps at least one channel")
  }

  /// Why a constant slot stays that `node` makes something else of.
  private func reason(_ link: AxisLink, losingConstantAt node: NodeID) -> KeptReason {
    let kind = model.graph.nodes[node].op.kind
    let cause =
      switch link {
      case .depthwise: "its windows reach into padding"
      case .aligned where kind == .maxPool || kind == .averagePool:
        "its windows reach into padding"
      case .aligned(let link) where link.transfer.isUnary: "it jumps, and the constant is rounded"
      case .aligned: "what it is combined with varies"
      default: "it comes together with others"
      }
    let type = model.graph.nodes[node].op.type
    return KeptReason(
      subject: model.graph.label(node), rule: "is not constant behind \(type): \(cause)")
  }

  private func reason(_ slot: Int, _ link: LinearLink, _ node: NodeID) -> KeptReason? {
    guard let plan = plans[node], plan.needed.contains(slot) else { return nil }
    let subject = model.graph.label(node)
    if plan.carrier == slot {
      return KeptReason(
        subject: subject, rule: "windows reach into padding: carries the other constants")
    }
    let isConstant = model.facts(link.data.axis)[slot] != .unknown
    return KeptReason(
      subject: subject,
      rule: isConstant ? "cannot add a constant to its result" : "has a weight for it")
  }

  private func reason(_ barrier: Barrier, _ axis: AxisID) -> KeptReason {
    let graph = model.graph
    let value = graph.values[model.axes.places[axis.index].value].name
    switch barrier {
    case .graphInput: return KeptReason(subject: value, rule: "is an input of the graph")
    case .graphOutput: return KeptReason(subject: value, rule: "is an output of the graph")
    case .reader(let node):
      return KeptReason(
        subject: graph.label(node), rule: "\(graph.nodes[node].op.type) reads all channels")
    case .writer(let node):
      return KeptReason(
        subject: graph.label(node), rule: "\(graph.nodes[node].op.type) writes all channels")
    case .frozen: return KeptReason(subject: value, rule: "no stored weights index it")
    }
  }

  /// The links of the nodes that read the axis's value, with the place where they do.
  private func readers(of axis: AxisID) -> [(NodeID, AxisLink, Place)] {
    let value = model.axes.places[axis.index].value
    return model.graph.values[value].uses.compactMap(\.node).flatMap { node in
      model.links[node].flatMap { link in
        link.places.filter { $0.axis == axis && $0.input != nil }.map { (node, link, $0) }
      }
    }
  }

  /// The output slots that are made from an input slot without weights.
  private func destinations(
    of slot: Int, through link: AxisLink, at place: Place
  ) -> [(AxisID, Int)] {
    switch link {
    case .aligned(let link): return [(link.output.axis, slot)]
    case .depthwise(let link, let multiplier):
      return (0..<multiplier).map { (link.output.axis, slot * multiplier + $0) }
    case .concatenated(let output, let inputs):
      var start = 0
      for input in inputs {
        if input == place { return [(output.axis, start + slot)] }
        start += needs[input.axis].extent
      }
      return []
    case .divided(let outputs, _):
      var start = 0
      for output in outputs {
        let extent = needs[output.axis].extent
        if slot < start + extent, slot >= start { return [(output.axis, slot - start)] }
        start += extent
      }
      return []
    case .selected(let output, _, let indices):
      guard let output else { return [] }
      return indices.indices.filter { indices[$0] == slot }.map { (output.axis, $0) }
    case .regrouped(let regrouping): return destinations(of: slot, regrouping, place)
    case .linear, .averaged: return []
    }
  }

  private func destinations(
    of slot: Int, _ regrouping: Regrouping, _ place: Place
  ) -> [(AxisID, Int)] {
    guard let member = regrouping.inputs.first(where: { $0.place == place }) else { return [] }
    return regrouping.outputs.flatMap { output -> [(AxisID, Int)] in
      guard output.factors.overlaps(member.factors) else { return [] }
      let shared = output.factors.clamped(to: member.factors)
      let key = regrouping.coordinates(of: member.factors, onto: shared)[slot]
      let keys = regrouping.coordinates(of: output.factors, onto: shared)
      return keys.indices.filter { keys[$0] == key }.map { (output.place.axis, $0) }
    }
  }
}

extension AlignedLink.Transfer {
  fileprivate var isUnary: Bool { if case .unary = self { true } else { false } }
}
