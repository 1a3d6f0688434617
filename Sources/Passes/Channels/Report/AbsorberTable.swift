internal import IR

/// The nodes that make up for a slot that is gone, by their places in the graph, ascending.
private struct Absorbers {
  /// Nodes whose bias takes it over.
  private(set) var biases: [Int] = []
  /// Nodes that give its weights to others.
  private(set) var carriers: [Int] = []

  mutating func formUnion(_ other: Absorbers) {
    biases.formSortedUnion(other.biases)
    carriers.formSortedUnion(other.carriers)
  }

  /// Adds what `reading` itself does about a slot.
  mutating func note(_ reading: Reading, of slot: Int, _ fact: SlotFact) {
    if case .reduced = reading.link, let value = fact.value, value != 0 {
      biases.formSortedUnion([reading.position])
    }
    guard reading.mixesSlots, let plan = reading.plan else { return }
    if plan.absorbed.contains(slot) { biases.formSortedUnion([reading.position]) }
    if plan.carried.contains(where: { $0.slot == slot }) {
      carriers.formSortedUnion([reading.position])
    }
  }
}

/// What makes up for every constant slot, wherever it goes.
///
/// Found in one sweep against the flow of data, as many slots share most of their ways.
struct AbsorberTable {
  private let flow: SlotFlow
  /// By axis and slot; empty for axes of which nothing is known.
  private var rows: [[Absorbers]]

  init(_ flow: SlotFlow) {
    self.flow = flow
    let places = flow.model.axes.places
    rows = Array(repeating: [], count: places.count)
    let positions = Self.positions(flow.model)
    let order = places.indices.sorted { positions[$0] > positions[$1] }
    for axis in order.map(AxisID.init) where flow.isTracked(axis) { fill(axis) }
  }

  /// Where in the graph the values of axes are made; those that no node makes stand before all.
  private static func positions(_ model: ChannelModel) -> [Int] {
    var makers: [NodeID: Int] = [:]
    for (position, node) in model.order.enumerated() { makers[node] = position }
    return model.axes.places.map { place in
      model.graph.producer(of: place.value).flatMap { makers[$0] } ?? -1
    }
  }

  private mutating func fill(_ axis: AxisID) {
    let slots = 0..<(flow.model.axes.extent(axis) ?? 0)
    let followed = slots.map { flow.isFollowed(Spot(axis: axis, slot: $0)) }
    guard followed.contains(true) else { return }
    rows[axis.index] = slots.map { slot in
      followed[slot] ? found(for: Spot(axis: axis, slot: slot)) : Absorbers()
    }
  }

  private func found(for spot: Spot) -> Absorbers {
    var found = Absorbers()
    let fact = flow.model.fact(of: spot.slot, on: spot.axis)
    for reading in flow.readers(of: spot.axis) {
      found.note(reading, of: spot.slot, fact)
      for next in flow.destinations(of: spot, through: reading) where flow.isFollowed(next) {
        found.formUnion(rows[next.axis.index][next.slot])
      }
    }
    return found
  }

  /// The labels of the nodes that make up for a slot, in graph order.
  func absorbers(of spot: Spot) -> (biases: [String], carriers: [String]) {
    let found = found(for: spot)
    return (labels(found.biases), labels(found.carriers))
  }

  /// Each label once, although nodes may share one.
  private func labels(_ positions: [Int]) -> [String] {
    positions.map { flow.model.graph.label(flow.model.order[$0]) }.reduce(into: []) {
      if !$0.contains($1) { $0.append($1) }
    }
  }
}

extension [Int] {
  /// Adds the elements of another ascending list that are missing.
  fileprivate mutating func formSortedUnion(_ other: [Int]) {
    if isEmpty { self = other }
    guard self != other, !other.isEmpty else { return }
    var merged: [Int] = []
    merged.reserveCapacity(count + other.count)
    var (left, right) = (self[...], other[...])
    while let first = left.first, let second = right.first {
      merged.append(Swift.min(first, second))
      if first <= second { left.removeFirst() }
      if second <= first { right.removeFirst() }
    }
    self = merged + left + right
  }
}
