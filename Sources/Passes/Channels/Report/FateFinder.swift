internal import IR

/// Finds the channels that could go, and what became of each.
///
/// A channel is in question where its constness begins (a gate, an all-zero filter, a filter that
/// reads constants alone) or where the last reader stops looking at it; what follows from that
/// further along the graph is not listed again. Channels closed on request are in question where
/// that was done, whatever folding made of the gate.
struct FateFinder {
  let needs: Needs
  /// What would be kept if every use were narrowed.
  private let narrowest: Needs
  private let decisions: [CostDecision]
  private let tracer: FateTracer
  private var model: ChannelModel { needs.model }

  /// The slots that were closed on request, by axis.
  private let closed: [AxisID: SlotSet]
  /// Slots about which nothing new can be said: they are made from closed ones, or those from them.
  private let explained: Set<Spot>

  init(_ needs: Needs, narrowest: Needs, decisions: [CostDecision], marks: [PlacedMark]) {
    self.needs = needs
    self.narrowest = narrowest
    self.decisions = decisions
    let flow = SlotFlow(needs)
    tracer = FateTracer(flow, decisions: decisions)
    closed = Self.slots(of: marks.filter(\.isRequested), needs.model.axes)
    let all = Self.slots(of: marks, needs.model.axes)
    explained = flow.spots(alongside: all)
  }

  private static func slots(of marks: [PlacedMark], _ axes: AxisTable) -> [AxisID: SlotSet] {
    var slots: [AxisID: SlotSet] = [:]
    for placed in marks {
      guard let axis = axes.id(of: placed.value, axis: placed.axis),
        let extent = axes.extent(axis)
      else { continue }
      slots[axis, default: SlotSet(extent: extent)]
        .formUnion(SlotSet(extent: extent, placed.closed))
    }
    return slots
  }

  func report() -> PruningReport {
    PruningReport(
      requests: closedRequests + model.order.flatMap(requests), narrowed: narrowed(),
      decisions: decisions, countingNorms: CountedNorms.countable(model))
  }

  private var closedRequests: [ValueRequest] {
    closed.sorted { $0.key < $1.key }.map { axis, slots in
      let (value, position) = model.axes.places[axis.index]
      return ValueRequest(
        value: model.graph.values[value].name, axis: position, extent: slots.extent,
        fates: slots.slots.map {
          ChannelFate(channel: $0, cause: .closed, fate: tracer.fate(of: $0, on: axis))
        })
    }
  }

  private func requests(at node: NodeID) -> [ValueRequest] {
    model.links[node].flatMap { link -> [ValueRequest] in
      link.outputs.compactMap { place in
        request(place, constants: rootConstants(of: link, at: place, node), node)
      }
    }
  }

  private func request(
    _ place: Place, constants: [Int], _ node: NodeID
  ) -> ValueRequest? {
    let facts = model.facts(place.axis)
    let isRoot = Set(constants)
    let isUnread =
      tracer.isReadByWeightsAlone(place.axis)
      ? narrowest[place.axis].complement : SlotSet(extent: facts.count)
    let fates = facts.indices.compactMap { slot -> ChannelFate? in
      guard !explained.contains(Spot(axis: place.axis, slot: slot)) else { return nil }
      if isRoot.contains(slot), let value = facts[slot].value {
        let fate = tracer.fate(of: slot, on: place.axis)
        return ChannelFate(channel: slot, cause: .constant(value), fate: fate)
      }
      guard facts[slot] == .unknown, isUnread.contains(slot),
        !model.ties.isTied(slot, on: place.axis)
      else { return nil }
      let fate = tracer.fate(of: slot, on: place.axis)
      return ChannelFate(channel: slot, cause: .unread, fate: fate)
    }
    let (value, axis) = model.axes.places[place.axis.index]
    guard !fates.isEmpty else { return nil }
    return ValueRequest(
      value: model.graph.values[value].name, axis: axis, extent: facts.count, fates: fates)
  }

  /// The output slots that are constant although no computed operand is.
  private func rootConstants(of link: AxisLink, at place: Place, _ node: NodeID) -> [Int] {
    let facts = model.facts(place.axis)
    let constants = facts.indices.filter { facts[$0] != .unknown }
    switch link {
    case .aligned(let link):
      let computed = link.inputs.filter { isComputed($0, node) }.map { model.facts($0.axis) }
      return constants.filter { slot in computed.allSatisfy { $0[slot] == .unknown } }
    case .linear(let link) where link.isDepthwise:
      return constants.filter { link.reader.rows[$0].isEmpty }
    case .linear, .normalized: return constants
    default: return []
    }
  }

  private func isComputed(_ place: Place, _ node: NodeID) -> Bool {
    guard let input = place.input, let value = model.graph.nodes[node].input(input) else {
      return false
    }
    return model.graph.constant(value) == nil
  }

  private func narrowed() -> [NarrowedAxis] {
    model.axes.places.indices.compactMap { index in
      let (value, axis) = model.axes.places[index]
      guard model.graph.constant(value) == nil, needs.isNarrowed(AxisID(index: index)) else {
        return nil
      }
      return NarrowedAxis(
        value: model.graph.values[value].name, axis: axis,
        extent: needs.kept[index].extent, kept: needs.kept[index].runs)
    }
  }
}

extension AxisLink {
  /// The places of the results that the link speaks of.
  var outputs: [Place] {
    places.filter { if case .output = $0.operand { true } else { false } }
  }
}
