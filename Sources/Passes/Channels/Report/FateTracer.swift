internal import IR

/// Follows one slot from a value through its readers.
struct FateTracer {
  private let needs: Needs
  private let decisions: [CostDecision]
  /// Who reads the value of each axis along it.
  private let readings: [[Reading]]
  private var model: ChannelModel { needs.model }

  init(_ needs: Needs, decisions: [CostDecision]) {
    self.needs = needs
    self.decisions = decisions
    var plans = SideTable<NodeID, DataNeeds?>(count: needs.model.graph.nodes.count, initial: nil)
    for node in needs.model.order {
      plans[node] = needs.model.links[node].firstLinear.map(needs.dataNeeds)
    }
    readings = needs.model.axes.places.indices.map {
      Self.readings(of: AxisID(index: $0), in: needs.model, plans)
    }
  }

  /// What became of a constant slot.
  func fate(of slot: Int, on axis: AxisID) -> ChannelFate.Fate {
    if needs[axis].contains(slot) { return .kept(reason(of: slot, on: axis)) }
    let found = absorbers(of: Spot(axis: axis, slot: slot))
    if !found.carriers.isEmpty { return .carried(by: found.carriers) }
    return found.biases.isEmpty ? .removed : .folded(into: found.biases)
  }

  /// Whether all readers of the axis's value index it by weights or by stored indices, so that
  /// an unread slot cannot be explained by what follows.
  func isReadByWeightsAlone(_ axis: AxisID) -> Bool {
    let uses = readers(of: axis)
    return !uses.isEmpty
      && uses.allSatisfy {
        switch $0.link {
        case .linear(let linear): !linear.isDepthwise
        case .selected: true
        default: false
        }
      }
  }

  private struct Absorbers {
    var biases: [String] = []
    var carriers: [String] = []

    mutating func note(_ label: String, in list: WritableKeyPath<Self, [String]>) {
      if !self[keyPath: list].contains(label) { self[keyPath: list].append(label) }
    }
  }

  /// One slot of one axis.
  struct Spot: Hashable {
    let axis: AxisID
    let slot: Int
  }

  /// The nodes that make up for a slot that is gone.
  ///
  /// Paths that part and meet again are walked once, and however long they are.
  private func absorbers(of start: Spot) -> Absorbers {
    var found = Absorbers()
    var visited: Set<Spot> = [start]
    var pending = [start]
    while let spot = pending.popLast() {
      for reading in readers(of: spot.axis) {
        note(reading, spot, in: &found)
        for next in destinations(of: spot.slot, through: reading.link, at: reading.place).reversed()
        where isFollowed(next) && visited.insert(next).inserted {
          pending.append(next)
        }
      }
    }
    return found
  }

  private func note(_ reading: Reading, _ spot: Spot, in found: inout Absorbers) {
    if reading.isReduction, isShifted(spot) { found.note(label(reading), in: \.biases) }
    guard reading.mixesSlots, let plan = reading.plan else { return }
    if plan.absorbed.contains(spot.slot) { found.note(label(reading), in: \.biases) }
    if plan.carried.contains(where: { $0.slot == spot.slot }) {
      found.note(label(reading), in: \.carriers)
    }
  }

  private func label(_ reading: Reading) -> String { model.graph.label(reading.node) }

  /// Whether the slot is constant, or was before a normalisation.
  private func isFollowed(_ spot: Spot) -> Bool {
    model.fact(of: spot.slot, on: spot.axis) != .unknown
      || model.ties.isTied(spot.slot, on: spot.axis)
  }

  /// Whether the slot is a constant other than zero.
  private func isShifted(_ spot: Spot) -> Bool {
    model.fact(of: spot.slot, on: spot.axis).value.map { $0 != 0 } ?? false
  }

  /// The given slots, all that are made from them without weights, and all that those are made from.
  func spots(alongside start: [AxisID: SlotSet]) -> Set<Spot> {
    var found = Set(start.flatMap { axis, slots in slots.slots.map { Spot(axis: axis, slot: $0) } })
    var pending = Array(found)
    while let spot = pending.popLast() {
      let behind = readers(of: spot.axis).flatMap {
        destinations(of: spot.slot, through: $0.link, at: $0.place)
      }
      pending += (behind + sources(of: spot)).filter { found.insert($0).inserted }
    }
    return found
  }

  /// The slots that a slot is made from without weights.
  private func sources(of spot: Spot) -> [Spot] {
    let value = model.axes.places[spot.axis.index].value
    guard let node = model.graph.producer(of: value) else { return [] }
    return model.links[node].flatMap { link -> [Spot] in
      link.places.filter { $0.input != nil }.flatMap { place -> [Spot] in
        let extent = needs[place.axis].extent
        guard link.outputs.contains(where: { $0.axis == spot.axis }), isComputed(place, of: node)
        else { return [] }
        switch link {
        case .aligned: return [Spot(axis: place.axis, slot: spot.slot)]
        case .linear(let linear) where !linear.isDepthwise: return []
        case .contracted, .reduced, .normalized, .regrouped: return []
        case .linear, .concatenated, .bordered, .divided, .selected:
          return (0..<extent).filter {
            destinations(of: $0, through: link, at: place).contains(spot)
          }.map { Spot(axis: place.axis, slot: $0) }
        }
      }
    }
  }

  private func isComputed(_ place: Place, of node: NodeID) -> Bool {
    guard let input = place.input, let value = model.graph.nodes[node].input(input) else {
      return false
    }
    return model.graph.constant(value) == nil
  }

  /// Why a slot stays: the first reader, in graph order, that keeps it.
  private func reason(of slot: Int, on axis: AxisID) -> KeptReason {
    var spot = Spot(axis: axis, slot: slot)
    while true {
      if let barrier = model.barriers[spot.axis.index] { return reason(barrier, spot.axis) }
      switch step(from: spot) {
      case .reason(let reason): return reason
      case .further(let next): spot = next
      case .nowhere: return reasonWithoutReader(spot.axis)
      }
    }
  }

  private enum Step {
    case reason(KeptReason)
    case further(Spot)
    case nowhere
  }

  private func step(from spot: Spot) -> Step {
    let isConstant = isFollowed(spot)
    for reading in readers(of: spot.axis) {
      if let reason = reason(spot, reading) { return .reason(reason) }
      for next in destinations(of: spot.slot, through: reading.link, at: reading.place)
      where needs[next.axis].contains(next.slot) {
        let losesConstant = isConstant && !isFollowed(next)
        return losesConstant
          ? .reason(reason(reading.link, losingConstantAt: reading.node)) : .further(next)
      }
    }
    return .nowhere
  }

  private func reasonWithoutReader(_ axis: AxisID) -> KeptReason {
    let group = model.groups[axis.index]
    if let wide = decisions.first(where: { !$0.isNarrowed && $0.group == group }) {
      return KeptReason(
        subject: wide.node, rule: "selecting channels there costs more than it saves")
    }
    let value = model.axes.places[axis.index].value
    if let node = normalization(making: axis) {
      let type = model.graph.nodes[node].op.type
      return KeptReason(subject: model.graph.label(node), rule: "\(type) writes all channels")
    }
    if let node = groupedOperator(around: axis) {
      return KeptReason(
        subject: model.graph.label(node), rule: "its groups keep equally many channels")
    }
    return KeptReason(
      subject: model.graph.values[value].name, rule: "a value keeps at least one channel")
  }

  private func normalization(making axis: AxisID) -> NodeID? {
    model.graph.producer(of: model.axes.places[axis.index].value).flatMap { node in
      let makes = model.links[node].contains {
        if case .normalized(let link) = $0 { link.output.axis == axis } else { false }
      }
      return makes ? node : nil
    }
  }

  /// A linear operator with several groups that reads the axis, or makes it.
  private func groupedOperator(around axis: AxisID) -> NodeID? {
    let value = model.axes.places[axis.index].value
    let nodes = readers(of: axis).map(\.node) + [model.graph.producer(of: value)].compactMap { $0 }
    return nodes.first { node in
      guard let link = model.links[node].firstLinear, link.groups > 1 else { return false }
      return link.data.axis == axis || link.output.axis == axis
    }
  }

  /// Why a constant slot stays that `node` makes something else of.
  private func reason(_ link: AxisLink, losingConstantAt node: NodeID) -> KeptReason {
    let kind = model.graph.nodes[node].op.kind
    let cause =
      switch link {
      case .linear: "its windows reach into padding"
      case .aligned where kind == .maxPool || kind == .averagePool:
        "its windows reach into padding"
      case .aligned(let link) where link.transfer.isBordered: "its border holds another number"
      case .aligned(let link) where link.transfer.jumps: "it jumps, and the constant is rounded"
      case .aligned(let link) where link.transfer.isUnary: "it makes another number of it"
      case .aligned: "what it is combined with varies"
      default: "it comes together with others"
      }
    let type = model.graph.nodes[node].op.type
    return KeptReason(
      subject: model.graph.label(node), rule: "is not constant behind \(type): \(cause)")
  }

  /// Why the node itself keeps a slot, if it does.
  private func reason(_ spot: Spot, _ reading: Reading) -> KeptReason? {
    let (fact, node) = (model.fact(of: spot.slot, on: spot.axis), reading.node)
    let rule: String
    switch reading.link {
    case .linear(let linear) where linear.isDepthwise: return nil
    case .linear(let linear): return reason(spot.slot, linear, reading)
    case .contracted: rule = "multiplies it with values that are not zero"
    case .reduced(_, .mean) where fact == .unknown: rule = "averages over it"
    case .reduced where !fact.isZero: rule = "reduces it with others"
    case .normalized(let link) where link.constants == .stay || !isFollowed(spot):
      rule = "\(model.graph.nodes[node].op.type) reads all channels"
    default: return nil
    }
    return KeptReason(subject: model.graph.label(node), rule: rule)
  }

  private func reason(_ slot: Int, _ link: LinearLink, _ reading: Reading) -> KeptReason? {
    guard let plan = reading.plan, plan.needed.contains(slot) else { return nil }
    return KeptReason(subject: label(reading), rule: rule(keeping: slot, link, plan))
  }

  private func rule(keeping slot: Int, _ link: LinearLink, _ plan: DataNeeds) -> String {
    if model.fact(of: slot, on: link.data.axis) != .unknown {
      return link.reader.mayTouchPadding && !link.isDepthwise
        ? "windows reach into padding: carries the other constants"
        : "cannot add a constant to its result"
    }
    guard model.ties.isTied(slot, on: link.data.axis) else { return "has a weight for it" }
    if plan.carries(slot) { return "carries others that were constant before" }
    return link.reader.mayTouchPadding
      ? "windows reach into padding, where its shift is missing"
      : "what became of its constant varies"
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
    case .measured(let node):
      let rule = "\(graph.nodes[node].op.type) computes with the number of channels"
      return KeptReason(subject: graph.label(node), rule: rule)
    case .writer(let node):
      return KeptReason(
        subject: graph.label(node), rule: "\(graph.nodes[node].op.type) writes all channels")
    case .frozen: return KeptReason(subject: value, rule: "no stored weights index it")
    }
  }

  private func readers(of axis: AxisID) -> [Reading] { readings[axis.index] }

  private static func readings(
    of axis: AxisID, in model: ChannelModel, _ plans: SideTable<NodeID, DataNeeds?>
  ) -> [Reading] {
    let value = model.axes.places[axis.index].value
    return model.graph.values[value].uses.compactMap(\.node).flatMap { node in
      model.links[node].flatMap { link in
        link.places.filter { $0.axis == axis && $0.input != nil }.map {
          Reading(node, link, $0, plans[node])
        }
      }
    }
  }

  /// The output slots that are made from an input slot without weights.
  private func destinations(
    of slot: Int, through link: AxisLink, at place: Place
  ) -> [Spot] {
    switch link {
    case .aligned(let link): return link.outputs.map { Spot(axis: $0.axis, slot: slot) }
    case .linear(let link) where link.isDepthwise && place.axis == link.data.axis:
      let multiplier = needs[link.output.axis].extent / link.groups
      return (0..<multiplier).map { Spot(axis: link.output.axis, slot: slot * multiplier + $0) }
    case .bordered(let link): return [Spot(axis: link.output.axis, slot: link.before + slot)]
    case .concatenated(let output, let inputs):
      var spots: [Spot] = []
      var start = 0
      for input in inputs {
        if input == place { spots.append(Spot(axis: output.axis, slot: start + slot)) }
        start += needs[input.axis].extent
      }
      return spots
    case .divided(let outputs, _):
      var start = 0
      for output in outputs {
        let extent = needs[output.axis].extent
        if slot < start + extent, slot >= start {
          return [Spot(axis: output.axis, slot: slot - start)]
        }
        start += extent
      }
      return []
    case .selected(let output, _, let indices):
      guard let output else { return [] }
      return indices.indices.filter { indices[$0] == slot }
        .map { Spot(axis: output.axis, slot: $0) }
    case .regrouped(let regrouping): return destinations(of: slot, regrouping, place)
    case .normalized(let link): return [Spot(axis: link.output.axis, slot: slot)]
    case .linear, .contracted, .reduced: return []
    }
  }

  private func destinations(of slot: Int, _ regrouping: Regrouping, _ place: Place) -> [Spot] {
    guard let member = regrouping.inputs.first(where: { $0.place == place }) else { return [] }
    return regrouping.outputs.flatMap { output -> [Spot] in
      guard output.factors.overlaps(member.factors) else { return [] }
      let shared = output.factors.clamped(to: member.factors)
      let key = regrouping.coordinate(of: slot, in: member.factors, onto: shared)
      return regrouping.slots(of: output.factors, at: key, on: shared)
        .map { Spot(axis: output.place.axis, slot: $0) }
    }
  }
}

/// A link of a node that reads a value along an axis, with the place where it does.
///
/// Shared, as every channel in question is followed through all of them.
private final class Reading {
  let node: NodeID
  let link: AxisLink
  let place: Place
  /// How a linear operator treats the slots of its data.
  let plan: DataNeeds?
  /// Whether it is a linear operator that reads all slots of its data for each of its result.
  let mixesSlots: Bool
  let isReduction: Bool

  init(_ node: NodeID, _ link: AxisLink, _ place: Place, _ plan: DataNeeds?) {
    self.node = node
    self.link = link
    self.place = place
    self.plan = plan
    mixesSlots = [link].firstLinear.map { $0.data == place && !$0.isDepthwise } ?? false
    isReduction = if case .reduced = link { true } else { false }
  }
}

extension AlignedLink.Transfer {
  fileprivate var isUnary: Bool { if case .unary = self { true } else { false } }

  fileprivate var isBordered: Bool { if case .bordered = self { true } else { false } }

  fileprivate var jumps: Bool {
    if case .unary(let function) = self { !function.isContinuous } else { false }
  }
}
