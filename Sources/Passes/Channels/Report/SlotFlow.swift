internal import IR

/// One slot of one axis.
struct Spot: Hashable {
  let axis: AxisID
  let slot: Int
}

/// Where slots go, one by one, through links without weights.
struct SlotFlow {
  let needs: Needs
  /// Who reads the value of each axis along it.
  private let readings: [[Reading]]
  var model: ChannelModel { needs.model }

  init(_ needs: Needs) {
    self.needs = needs
    let model = needs.model
    var readings = [[Reading]](repeating: [], count: model.axes.places.count)
    for (position, node) in model.order.enumerated() {
      let plan = model.links[node].firstLinear.map(needs.dataNeeds)
      for link in model.links[node] {
        for place in link.places where place.input != nil {
          readings[place.axis.index].append(Reading(node, position, link, place, plan))
        }
      }
    }
    self.readings = readings
  }

  /// Who reads the value of an axis along it, in graph order.
  func readers(of axis: AxisID) -> [Reading] { readings[axis.index] }

  /// Whether the slot is constant, or was before a normalisation.
  func isFollowed(_ spot: Spot) -> Bool {
    model.fact(of: spot.slot, on: spot.axis) != .unknown
      || model.ties.isTied(spot.slot, on: spot.axis)
  }

  /// Whether anything is known of the axis; of others, no slot need be looked at.
  func isTracked(_ axis: AxisID) -> Bool {
    model.facts[axis.index] != nil || model.ties.isTied(axis)
  }

  /// What a reader makes of a slot alone.
  func destinations(of spot: Spot, through reading: Reading) -> [Spot] {
    if let copies = reading.copies { return copies.map { Spot(axis: $0, slot: spot.slot) } }
    return destinations(of: spot.slot, through: reading.link, at: reading.place)
  }

  /// The output slots that are made from an input slot without weights, through links that move slots.
  private func destinations(of slot: Int, through link: AxisLink, at place: Place) -> [Spot] {
    switch link {
    case .linear(let link):
      guard link.isDepthwise, place.axis == link.data.axis else { return [] }
      let multiplier = needs[link.output.axis].extent / link.groups
      return (0..<multiplier).map { Spot(axis: link.output.axis, slot: slot * multiplier + $0) }
    case .bordered(let link): return [Spot(axis: link.output.axis, slot: link.before + slot)]
    case .concatenated(let output, let inputs):
      return starts(of: inputs).filter { $0.place == place }
        .map { Spot(axis: output.axis, slot: $0.start + slot) }
    case .divided(let outputs, _):
      return starts(of: outputs).filter { place, start in
        (start..<start + needs[place.axis].extent).contains(slot)
      }.map { Spot(axis: $0.place.axis, slot: slot - $0.start) }
    case .selected(let output, _, let indices):
      guard let output else { return [] }
      return indices.indices.filter { indices[$0] == slot }
        .map { Spot(axis: output.axis, slot: $0) }
    case .regrouped(let regrouping): return destinations(of: slot, regrouping, place)
    case .aligned, .normalized, .contracted, .reduced: return []
    }
  }

  /// Parts that lie one behind the other, and where each begins.
  private func starts(of parts: [Place]) -> [(place: Place, start: Int)] {
    var start = 0
    return parts.map { place in
      defer { start += needs[place.axis].extent }
      return (place, start)
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

extension SlotFlow {
  /// The given slots, all that are made from them without weights, and all that those are made from.
  func spots(alongside start: [AxisID: SlotSet]) -> Set<Spot> {
    var found = Set(start.flatMap { axis, slots in slots.slots.map { Spot(axis: axis, slot: $0) } })
    var pending = Array(found)
    var sources: [AxisID: [[Spot]]] = [:]
    while let spot = pending.popLast() {
      let ahead = readers(of: spot.axis).flatMap { destinations(of: spot, through: $0) }
      let behind = sources[spot.axis] ?? self.sources(on: spot.axis)
      sources[spot.axis] = behind
      pending += (ahead + behind[spot.slot]).filter { found.insert($0).inserted }
    }
    return found
  }

  /// What each slot of an axis is made from without weights.
  private func sources(on axis: AxisID) -> [[Spot]] {
    var found = [[Spot]](repeating: [], count: needs[axis].extent)
    let value = model.axes.places[axis.index].value
    guard let node = model.graph.producer(of: value) else { return found }
    for link in model.links[node] where link.outputs.contains(where: { $0.axis == axis }) {
      for place in link.places where place.input != nil && isComputed(place, of: node) {
        for slot in 0..<needs[place.axis].extent {
          for next in results(of: slot, through: link, at: place)
          where next.axis == axis && next.slot < found.count {
            found[next.slot].append(Spot(axis: place.axis, slot: slot))
          }
        }
      }
    }
    return found
  }

  /// The output slots that come of an input slot and of no other on its axis.
  private func results(of slot: Int, through link: AxisLink, at place: Place) -> [Spot] {
    switch link {
    case .aligned(let link): return link.outputs.map { Spot(axis: $0.axis, slot: slot) }
    case .contracted, .reduced, .normalized, .regrouped: return []
    case .linear, .concatenated, .bordered, .divided, .selected:
      return destinations(of: slot, through: link, at: place)
    }
  }

  private func isComputed(_ place: Place, of node: NodeID) -> Bool {
    guard let input = place.input, let value = model.graph.nodes[node].input(input) else {
      return false
    }
    return model.graph.constant(value) == nil
  }
}

/// A link of a node that reads a value along an axis, with the place where it does.
///
/// Shared, as every channel in question is followed through all of them.
final class Reading {
  let node: NodeID
  /// Where the node stands in the graph.
  let position: Int
  let link: AxisLink
  let place: Place
  /// How a linear operator treats the slots of its data.
  let plan: DataNeeds?
  /// Whether it is a linear operator that reads all slots of its data for each of its result.
  let mixesSlots: Bool
  /// The axes on which a slot has the same number; nil for links that move slots.
  fileprivate let copies: [AxisID]?

  fileprivate init(
    _ node: NodeID, _ position: Int, _ link: AxisLink, _ place: Place, _ plan: DataNeeds?
  ) {
    self.node = node
    self.position = position
    self.link = link
    self.place = place
    self.plan = plan
    mixesSlots =
      switch link {
      case .linear(let link): link.data == place && !link.isDepthwise
      default: false
      }
    copies =
      switch link {
      case .aligned(let link): link.outputs.map(\.axis)
      case .normalized(let link): [link.output.axis]
      case .contracted, .reduced: []
      case .linear(let link): link.isDepthwise && place.axis == link.data.axis ? nil : []
      case .bordered, .concatenated, .divided, .selected, .regrouped: nil
      }
  }
}
