internal import IR

/// Where nodes that only the graph before has have moved the slots of an axis to.
///
/// Removing channels may leave nothing to move, so that the graph after lacks a permutation. What is known of an
/// axis after is then about the slots in front of it, while the next node of both graphs reads those behind it.
struct Detours {
  /// For each axis behind such nodes the slot in front of them that each slot was, and how many there are.
  private var routes: [AxisID: (slots: [Int], extent: Int)] = [:]

  /// Follows slots through the nodes of `graph` that are `lone`, as long as there are no more than `limit` of them:
  /// a small file can declare any extents.
  init(_ graph: Graph, _ axes: AxisTable, limit: Int, lone: (NodeID) -> Bool) {
    var rest = limit
    for node in graph.nodeIDs where lone(node) {
      for link in ChannelRules.links(of: node, in: graph, axes: axes, findsZeros: false) {
        switch link {
        case .selected(let output?, let input, let indices):
          rest -= indices.count
          guard rest >= 0 else { return }
          let route = routes[input.axis]
          guard let extent = route?.slots.count ?? axes.extent(input.axis),
            indices.allSatisfy({ 0..<extent ~= $0 })
          else { continue }
          let slots = route.map { route in indices.map { route.slots[$0] } } ?? indices
          guard route != nil || slots != Array(0..<extent) else { continue }
          routes[output.axis] = (slots, route?.extent ?? extent)
        case .aligned(let link):
          guard let moved = link.inputs.first(where: { lead(to: $0) }) else { continue }
          let route = routes[moved.axis]
          for output in link.outputs { routes[output.axis] = route }
        default: continue
        }
      }
    }
  }

  /// Whether slots were moved on the way to `place`.
  func lead(to place: Place) -> Bool { routes[place.axis] != nil }

  /// What `map`, which is about the slots in front, says of those at `place`; nil if it is about something else.
  func follow(_ map: ChannelMap, to place: Place, extent: Int) -> ChannelMap? {
    guard let route = routes[place.axis] else { return map.extent == extent ? map : nil }
    guard map.extent == route.extent else { return nil }
    let places = Dictionary(zip(route.slots, 0...)) { first, _ in first }
    let slots = map.slots.map { slot in slot.renumbered { places[$0] } }
    return ChannelMap(slots: slots, extent: route.slots.count, evidence: map.evidence)
  }
}
