internal import IR

/// Carries channel maps through two graphs at once.
struct CorrespondenceWalk {
  private let before: Graph
  private let after: Graph
  private let pairs: [NodeID: NodeID]
  private let tolerance: Double
  private let axesBefore: AxisTable
  let axesAfter: AxisTable
  /// What the file after says of axes before.
  private let records: [AxisID: NarrowedAxis]
  /// Where slots are moved before alone.
  private let detours: Detours
  private(set) var reliesOnRecords = false

  /// For each axis after what is known of its slots.
  private(set) var maps: [ChannelMap?]
  private(set) var layers: [ChannelCorrespondence.Layer] = []
  /// The axis of the channels that each layer makes.
  private var results: [AxisID] = []
  /// How many more slots may be told apart: a small file can declare any extents.
  private var budget: Int
  /// Maps of axes that nothing was removed from, by extent, so that equal ones are stored once.
  private var identities: [Int: ChannelMap] = [:]

  init(
    _ before: Graph, _ after: Graph, _ pairs: [NodeID: NodeID], _ tolerance: Double,
    _ records: [NarrowedAxis]
  ) {
    self.before = before
    self.after = after
    self.pairs = pairs
    self.tolerance = tolerance
    axesBefore = AxisTable(before)
    axesAfter = AxisTable(after)
    self.records = axesBefore.places(of: records, in: before)
    maps = Array(repeating: nil, count: axesAfter.count)
    budget = Self.freeSlots + before.storedByteCount + after.storedByteCount
    let matched = Set(pairs.values)
    detours = Detours(before, axesBefore, limit: budget) { !matched.contains($0) }
  }

  /// How many slots are told apart however little is stored.
  private static let freeSlots = 1 << 22

  /// The map of an axis of `extent` slots that are all there; nil if they are too many.
  private mutating func identity(_ extent: Int) -> ChannelMap? {
    if let known = identities[extent] { return known }
    guard afford(extent) else { return nil }
    let map = ChannelMap.identity(extent)
    identities[extent] = map
    return map
  }

  private mutating func afford(_ count: Int) -> Bool {
    guard count <= budget else { return false }
    budget -= count
    return true
  }

  mutating func run() {
    for (own, other) in zip(after.requiredInputs, before.requiredInputs) {
      assumeSame(own, other)
    }
    for node in after.nodeIDs {
      if let original = pairs[node] { follow(node, original) } else { pass(node) }
    }
    lookBack()
    for index in layers.indices {
      if let map = maps[results[index].index] { layers[index].outputs = map }
    }
  }

  /// What is constant where it is made may be known where it is added to something else.
  private mutating func lookBack() {
    for node in after.nodeIDs.reversed() where !readsMoved(node) {
      for case .aligned(let link) in ChannelRules.links(
        of: node, in: after, axes: axesAfter, findsZeros: false)
      {
        guard let map = self[link.output] else { continue }
        for place in link.inputs where self[place] != nil { note(map, at: place) }
      }
    }
  }

  /// Whether the node's partner before reads what was moved before alone.
  private func readsMoved(_ node: NodeID) -> Bool {
    guard let original = pairs[node] else { return false }
    return ChannelRules.links(of: original, in: before, axes: axesBefore, findsZeros: false)
      .contains { $0.places.contains { $0.input != nil && detours.lead(to: $0) } }
  }

  // MARK: Maps

  private subscript(_ place: Place) -> ChannelMap? {
    get { maps[place.axis.index] }
    set { maps[place.axis.index] = newValue }
  }

  private func extentBefore(_ place: Place) -> Int { axesBefore.extent(place.axis) ?? 0 }

  private func extentAfter(_ place: Place) -> Int { axesAfter.extent(place.axis) ?? 0 }

  /// Axes of equal extents are taken to hold the same slots, where nothing says otherwise.
  private mutating func assumeSame(_ own: ValueID, _ other: ValueID) {
    let rank = axesAfter.rank(of: own)
    guard rank == axesBefore.rank(of: other) else { return }
    for position in 0..<rank {
      guard let axis = axesAfter.id(of: own, axis: position), maps[axis.index] == nil,
        let extent = axesAfter.extent(axis),
        let original = axesBefore.id(of: other, axis: position),
        axesBefore.extent(original) == extent
      else { continue }
      maps[axis.index] = identity(extent)
    }
  }

  /// Notes what is known of an axis, unless more is known already.
  private mutating func note(_ map: ChannelMap, at place: Place) {
    guard map.slots.count == extentAfter(place), afford(map.slots.count) else {
      return
    }
    guard let known = self[place] else {
      self[place] = map
      return
    }
    guard known.extent == map.extent else { return }
    var merged = known
    merged.slots = zip(known.slots, map.slots).map { $0.refined(by: $1) }
    guard merged.slots != known.slots else { return }
    merged.evidence = max(known.evidence, map.evidence)
    self[place] = merged
  }

  // MARK: Nodes

  /// A node of both graphs.
  private mutating func follow(_ node: NodeID, _ original: NodeID) {
    let own = ChannelRules.links(of: node, in: after, axes: axesAfter, findsZeros: false)
    let others = ChannelRules.links(of: original, in: before, axes: axesBefore, findsZeros: false)
    for link in own {
      guard let other = others.first(where: { $0.corresponds(to: link) }) else { continue }
      follow(link, other, node, original)
    }
    for (result, other) in zip(after.nodes[node].outputs, before.nodes[original].outputs) {
      if let result, let other { assumeSame(result, other) }
    }
  }

  private mutating func follow(
    _ own: AxisLink, _ other: AxisLink, _ node: NodeID, _ original: NodeID
  ) {
    switch (own, other) {
    case (.aligned(let own), .aligned(let other)): align(own, like: other)
    case (.linear(let own), .linear(let other)): match(own, other, node, original)
    case (.normalized(let own), .normalized(let other)):
      guard let map = map(of: own.data, as: other.data) else { return }
      for place in own.places where place != own.data { note(map, at: place) }
    case (.concatenated(let output, let inputs), .concatenated(_, let others)):
      join(inputs, others, into: output)
    case (.divided(let outputs, let input), .divided(let others, let original)):
      divide(input, original, into: outputs, others)
    case (.bordered(let own), .bordered(let other)): border(own, other)
    case (.selected(let output?, let input, let indices), .selected(_, let other, let originals)):
      select(output, input, indices, other, originals)
    case (.regrouped(let own), .regrouped(let other)): regroup(own, other)
    default: return
    }
  }

  /// A node of the graph after alone: what passes channels on passes them on.
  private mutating func pass(_ node: NodeID) {
    for link in ChannelRules.links(of: node, in: after, axes: axesAfter, findsZeros: false) {
      switch link {
      case .aligned(let link): align(link)
      case .normalized(let link): if let map = self[link.data] { note(map, at: link.output) }
      case .selected(let output?, let input, let indices):
        guard let map = self[input] else { continue }
        let slots = indices.map { map.slots[$0] }
        note(ChannelMap(slots: slots, extent: map.extent, evidence: map.evidence), at: output)
      default: continue
      }
    }
  }

  // MARK: Links

  /// What is known of an axis after, if that is about the axis before: between the nodes of a pair, there may be
  /// others before that the graph after lacks.
  private func map(of place: Place, as other: Place, extent: Int? = nil) -> ChannelMap? {
    let extent = extent ?? extentBefore(other)
    return self[place].flatMap { detours.follow($0, to: other, extent: extent) }
  }

  private mutating func align(_ link: AlignedLink, like other: AlignedLink) {
    let extent = extentBefore(other.output)
    var (places, maps): ([Place], [ChannelMap]) = (link.outputs, [])
    for place in link.inputs {
      if let twin = other.inputs.first(where: { $0.operand == place.operand }),
        detours.lead(to: twin)
      {
        maps += map(of: place, as: twin).map { [$0] } ?? []
      } else {
        places.insert(place, at: places.count - link.outputs.count)
      }
    }
    maps = places.compactMap { self[$0] } + maps
    spread(maps.filter { $0.extent == extent }, over: places)
  }

  private mutating func align(_ link: AlignedLink) {
    let places = link.inputs + link.outputs
    spread(places.compactMap { self[$0] }, over: places)
  }

  private mutating func spread(_ maps: [ChannelMap], over places: [Place]) {
    for map in maps.sorted(by: { $0.evidence < $1.evidence }) {
      for place in places { note(map, at: place) }
    }
  }

  private mutating func match(
    _ own: LinearLink, _ other: LinearLink, _ node: NodeID, _ original: NodeID
  ) {
    let (extent, originalExtent) = (extentAfter(own.data), extentBefore(other.data))
    if self[own.data] == nil, extent == originalExtent { self[own.data] = identity(extent) }
    let inputs = map(of: own.data, as: other.data)
    var outputs = ChannelMap.unknown(
      extentAfter(own.output), of: extentBefore(other.output))
    var difference: WeightDifference?
    let pair = inputs.flatMap { weights(own, other, node, original, $0) }
    if let inputs, let pair {
      outputs =
        (own.isDepthwise && other.isDepthwise ? expanded(inputs, own, other) : nil)
        ?? pair.outputs(tolerance: tolerance)
    }
    outputs = recorded(at: other.output, own.output, over: outputs)
    if let pair {
      difference = pair.difference(outputs)
      if difference?.isZero ?? false { outputs.evidence = .equal }
      pair.discard()
    }
    layers.append(
      ChannelCorrespondence.Layer(
        before: original, after: node, inputs: inputs, outputs: outputs, difference: difference))
    results.append(own.output.axis)
    note(outputs, at: own.output)
    for place in [own.bias].compactMap({ $0 }) { note(outputs, at: place) }
  }

  private func weights(
    _ own: LinearLink, _ other: LinearLink, _ node: NodeID, _ original: NodeID, _ inputs: ChannelMap
  ) -> WeightPair? {
    guard let rows = own.rows(of: node, in: after),
      let others = other.rows(of: original, in: before)
    else { return nil }
    return WeightPair(rows, others, inputs: inputs)
  }

  /// What the file says was kept, where weights do not tell, or tell nothing else.
  private mutating func recorded(at other: Place, _ own: Place, over found: ChannelMap)
    -> ChannelMap
  {
    guard let record = records[other.axis], record.extent == found.extent,
      record.keptCount == extentAfter(own)
    else { return found }
    let slots = record.kept.joined().map(ChannelOrigin.channel)
    let isOther = zip(found.slots, slots).contains { $0.channel != nil && $0 != $1 }
    guard slots != found.slots, !isOther else { return found }
    reliesOnRecords = true
    return ChannelMap(slots: slots, extent: found.extent, evidence: .recorded)
  }

  /// Every channel of a depthwise convolution makes as many as it has filters.
  private func expanded(
    _ inputs: ChannelMap, _ own: LinearLink, _ other: LinearLink
  ) -> ChannelMap? {
    let filters = extentAfter(own.output) / max(extentAfter(own.data), 1)
    guard filters * extentBefore(other.data) == extentBefore(other.output) else { return nil }
    let slots = inputs.slots.flatMap { slot in
      (0..<filters).map { filter in slot.renumbered { $0 * filters + filter } }
    }
    return ChannelMap(
      slots: slots, extent: extentBefore(other.output), evidence: .implied)
  }

  private mutating func join(_ inputs: [Place], _ others: [Place], into output: Place) {
    guard inputs.count == others.count else { return }
    var (start, slots, evidence) = (0, [ChannelOrigin](), ChannelEvidence.equal)
    for (place, other) in zip(inputs, others) {
      let map = map(of: place, as: other)
      slots +=
        map?.slots.map { slot in slot.renumbered { start + $0 } }
        ?? Array(repeating: .unknown, count: extentAfter(place))
      evidence = max(evidence, map?.evidence ?? .implied)
      start += extentBefore(other)
    }
    note(ChannelMap(slots: slots, extent: start, evidence: evidence), at: output)
  }

  private mutating func divide(
    _ input: Place, _ original: Place, into outputs: [Place], _ others: [Place]
  ) {
    guard let map = map(of: input, as: original), outputs.count == others.count else { return }
    var (start, startBefore) = (0, 0)
    for (place, other) in zip(outputs, others) {
      let (end, endBefore) = (start + extentAfter(place), startBefore + extentBefore(other))
      let slots = map.slots[start..<end].map { slot in
        slot.renumbered { startBefore..<endBefore ~= $0 ? $0 - startBefore : nil }
      }
      note(
        ChannelMap(slots: slots, extent: endBefore - startBefore, evidence: map.evidence), at: place
      )
      (start, startBefore) = (end, endBefore)
    }
  }

  private mutating func border(_ own: BorderedLink, _ other: BorderedLink) {
    guard let map = map(of: own.data, as: other.data), own.before == other.before
    else { return }
    let (extent, whole) = (extentBefore(other.data), extentBefore(other.output))
    let behind = extentAfter(own.output) - own.before - map.slots.count
    let start = (0..<own.before).map(ChannelOrigin.channel)
    let middle = map.slots.map { slot in slot.renumbered { own.before + $0 } }
    let slots =
      start + middle + (0..<max(behind, 0)).map { .channel(other.before + extent + $0) }
    guard other.before + extent + behind <= whole else { return }
    note(ChannelMap(slots: slots, extent: whole, evidence: map.evidence), at: own.output)
  }

  private mutating func select(
    _ output: Place, _ input: Place, _ indices: [Int], _ other: Place, _ originals: [Int]
  ) {
    guard let map = map(of: input, as: other) else { return }
    let places = Dictionary(zip(originals, originals.indices)) { first, _ in first }
    let slots = indices.map { index in map.slots[index].renumbered { places[$0] } }
    note(
      ChannelMap(slots: slots, extent: originals.count, evidence: map.evidence), at: output)
  }

  private mutating func regroup(_ own: Regrouping, _ other: Regrouping) {
    guard own.inputs.map(\.factors) == other.inputs.map(\.factors),
      own.outputs.map(\.factors) == other.outputs.map(\.factors)
    else { return }
    var factors = FactorMaps(own.factors, other.factors)
    for (member, original) in zip(own.inputs, other.inputs) {
      let extent = other.extent(of: member.factors)
      guard let map = map(of: member.place, as: original.place, extent: extent) else { return }
      factors.learn(map, member.factors)
    }
    for member in own.outputs {
      if let map = factors.map(of: member.factors) { note(map, at: member.place) }
    }
  }
}

extension AxisTable {
  /// The axes that `records` are of, if the graph has them.
  fileprivate func places(of records: [NarrowedAxis], in graph: Graph) -> [AxisID: NarrowedAxis] {
    guard !records.isEmpty else { return [:] }
    let named = Dictionary(graph.valueIDs.map { (ExactName(graph.values[$0].name), $0) }) {
      first, _ in first
    }
    var places: [AxisID: NarrowedAxis] = [:]
    for record in records {
      guard let value = named[ExactName(record.value)], let axis = id(of: value, axis: record.axis)
      else { continue }
      places[axis] = record
    }
    return places
  }
}

extension AxisLink {
  /// Whether this says the same of a node's operands as `other` does of another's.
  fileprivate func corresponds(to other: AxisLink) -> Bool {
    func results(_ link: AxisLink) -> [Place] {
      link.places.filter { $0.input == nil }
    }
    let (own, others) = (results(self), results(other))
    switch (self, other) {
    case (.aligned, .aligned), (.linear, .linear), (.normalized, .normalized),
      (.concatenated, .concatenated), (.divided, .divided), (.bordered, .bordered),
      (.selected, .selected), (.regrouped, .regrouped):
      return own.map(\.position) == others.map(\.position)
    default: return false
    }
  }
}

extension LinearLink {
  /// The stored weights by output slots.
  fileprivate func rows(of node: NodeID, in graph: Graph) -> WeightRows? {
    weightInput.input.flatMap { graph.constant(graph.nodes[node].input($0)) }
      .flatMap { WeightRows($0, self) }
  }
}
