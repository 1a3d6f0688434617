internal import IR

/// The slots each axis keeps: a fixpoint of reverse sweeps from what readers need.
///
/// Sets start empty and only ever grow, so no slot is kept merely because it is kept.
struct Needs {
  let model: ChannelModel
  /// The kept slots of every axis whose extent is known; empty sets over 0 for the others.
  private(set) var kept: [SlotSet]
  /// The nodes whose results keep more since their operands were last looked at.
  private var isDue: SideTable<NodeID, Bool>
  /// The axes that keep more since the last call of `widen`, some more than once.
  private var grown: [AxisID] = []

  init(_ model: ChannelModel) {
    self.model = model
    isDue = SideTable(count: model.graph.nodes.count, initial: true)
    kept = model.axes.extents.indices.map { axis in
      let extent = model.axes.extents[axis] ?? 0
      return model.barriers[axis] == nil ? SlotSet(extent: extent) : .all(extent)
    }
    settle()
  }

  /// The kept slots of `axis`.
  subscript(axis: AxisID) -> SlotSet { kept[axis.index] }

  /// Whether `axis` loses slots.
  func isNarrowed(_ axis: AxisID) -> Bool {
    model.axes.extent(axis) != nil && !kept[axis.index].isFull
  }

  /// Sweeps from outputs to inputs until nothing grows, then makes groups equally large, until that
  /// adds nothing either.
  private mutating func settle() {
    repeat { sweep() } while equalizeGroups()
  }

  private mutating func sweep() {
    var grew = true
    while grew {
      grew = false
      for node in model.order.reversed() where isDue[node] {
        isDue[node] = false
        grew = true
        for link in model.links[node] { propagate(link) }
      }
    }
  }

  /// Tells whether any set grew.
  private mutating func equalizeGroups() -> Bool {
    var grew = false
    for link in model.groupedLinks {
      let missing = groups(of: link).missing
      guard !missing.data.isEmpty || !missing.output.isEmpty else { continue }
      keep(link.data, missing.data)
      keep(link.output, missing.output)
      if let node = model.graph.producer(of: model.axes.places[link.output.axis.index].value) {
        isDue[node] = true
      }
      grew = true
    }
    return grew
  }

  /// Adds what `link` needs of its inputs, and what it makes its outputs keep besides.
  private mutating func propagate(_ link: AxisLink) {
    switch link {
    case .aligned(let link):
      keepOne(link.output)
      for sibling in link.siblings { keep(link.output, kept[sibling.axis.index]) }
      let slots = kept[link.output.axis.index]
      for place in link.siblings + link.inputs { keep(place, slots) }
    case .linear(let link):
      keepOne(link.output)
      keep(link.data, dataNeeds(of: link).needed)
      keepOne(link.data)
    case .contracted(let link):
      let slots = pairs(link)
      keep(link.left, slots)
      keep(link.right, slots)
    case .reduced(let data, let reduction):
      let facts = model.facts(reduction.deciding(data))
      keep(
        data, SlotSet(extent: facts.count, facts.indices.filter { facts[$0].stays(in: reduction) }))
      keepOne(data)
    case .normalized(let link):
      keepOne(link.output)
      let slots = slots(of: link)
      for place in link.places { keep(place, slots) }
    case .concatenated(let output, let inputs):
      keepOne(output)
      for (input, part) in zip(inputs, parts(of: kept[output.axis.index], among: inputs)) {
        keep(input, part)
      }
    case .bordered(let link):
      if inner(of: link).isEmpty {
        keep(link.output, SlotSet(extent: kept[link.output.axis.index].extent, [link.before]))
      }
      keep(link.data, inner(of: link))
    case .divided(let outputs, let input):
      for output in outputs { keepOne(output) }
      keep(input, joined(outputs))
    case .selected(let output, let input, let indices):
      if let output { keepOne(output) }
      let wanted = output.map { kept[$0.axis.index].slots.map { indices[$0] } } ?? indices
      keep(input, SlotSet(extent: kept[input.axis.index].extent, wanted))
    case .regrouped(let regrouping): propagate(regrouping)
    }
  }

  /// The pairs of a contraction that count, as neither slot is zero; one of them if there is none.
  func pairs(_ link: ContractedLink) -> SlotSet {
    let facts = zip(model.facts(link.left.axis), model.facts(link.right.axis))
    var slots = SlotSet(extent: kept[link.left.axis.index].extent)
    for (slot, (left, right)) in facts.enumerated() {
      let isIgnored = right.isZero || link.ignoresConstantsOnTheRight && right != .unknown
      if !left.isZero, !isIgnored { slots.insert(slot) }
    }
    if slots.isEmpty, slots.extent > 0 { slots.insert(0) }
    return slots
  }

  /// What a normalisation is given and makes: of every group of which an output slot is kept, all
  /// slots that count, and in each group equally many.
  func slots(of link: NormalizedLink) -> SlotSet {
    let output = kept[link.output.axis.index]
    let facts = model.facts(link.data.axis)
    let width = output.extent / link.groups
    let groups = (0..<link.groups).map { $0 * width..<($0 + 1) * width }
      .filter { $0.contains { output.contains($0) } }
      .map { group in group.partitioned { output.contains($0) || facts[$0].counts(in: link) } }
    let size = groups.map(\.members.count).max() ?? 0
    return SlotSet(
      extent: output.extent,
      groups.flatMap { $0.members + $0.others.prefix(size - $0.members.count) })
  }

  /// A kept set survives regrouping only as a product of sets over the common factors.
  private mutating func propagate(_ regrouping: Regrouping) {
    for output in regrouping.outputs { keepOne(output.place) }
    let factors = regrouping.keptFactors { kept[$0.axis.index] }
    for member in regrouping.outputs + regrouping.inputs {
      keep(member.place, regrouping.product(of: factors, over: member.factors))
    }
  }

  /// The slots of the input that outputs holding consecutive parts of it keep together.
  func joined(_ outputs: [Place]) -> SlotSet {
    var slots: [Int] = []
    var start = 0
    for output in outputs {
      slots += kept[output.axis.index].slots.map { $0 + start }
      start += kept[output.axis.index].extent
    }
    return SlotSet(extent: start, slots)
  }

  /// The slots of the data that the output keeps.
  func inner(of link: BorderedLink) -> SlotSet {
    let (extent, output) = (kept[link.data.axis.index].extent, kept[link.output.axis.index])
    return SlotSet(extent: extent, (0..<extent).filter { output.contains(link.before + $0) })
  }

  /// The part of `slots` that falls on each of the consecutive parts `inputs`.
  func parts(of slots: SlotSet, among inputs: [Place]) -> [SlotSet] {
    var start = 0
    return inputs.map { input in
      let extent = kept[input.axis.index].extent
      defer { start += extent }
      return SlotSet(extent: extent, (0..<extent).filter { slots.contains(start + $0) })
    }
  }

  /// Makes `place` keep at least `slots`.
  private mutating func keep(_ place: Place, _ slots: SlotSet) {
    guard kept[place.axis.index].formUnion(slots) else { return }
    grown.append(place.axis)
    let value = model.axes.places[place.axis.index].value
    if let producer = model.graph.producer(of: value) { isDue[producer] = true }
  }

  /// A tensor without elements is never made.
  private mutating func keepOne(_ place: Place) {
    let extent = kept[place.axis.index].extent
    guard kept[place.axis.index].isEmpty, extent > 0 else { return }
    keep(place, SlotSet(extent: extent, [0]))
  }

  /// Makes the operand at `place` be read whole, as far as it is kept, and settles again.
  ///
  /// Returns the axes that keep more now, some more than once.
  mutating func widen(_ place: Place, of link: AxisLink) -> [AxisID] {
    grown = []
    let wide = kept[place.axis.index]
    switch link {
    case .aligned(let link): keep(link.output, wide)
    case .linear(let link): widen(link)
    case .normalized(let link): keep(link.output, wide)
    case .concatenated(let output, let inputs): widen(output, concatenating: inputs, at: place)
    case .bordered(let link):
      let extent = kept[link.output.axis.index].extent
      keep(link.output, SlotSet(extent: extent, wide.slots.map { $0 + link.before }))
    case .divided(let outputs, _):
      for (output, part) in zip(outputs, parts(of: wide, among: outputs)) { keep(output, part) }
    case .regrouped(let regrouping):
      for member in regrouping.inputs where member.place == place {
        let factors = regrouping.projections(from: regrouping.inputs) { kept[$0.axis.index] }
        for output in regrouping.outputs {
          keep(output.place, regrouping.product(of: factors, over: output.factors))
        }
      }
    case .contracted, .reduced, .selected: break
    }
    settle()
    return grown
  }

  /// Makes every group live of which data is kept.
  private mutating func widen(_ link: LinearLink) {
    let (data, output) = (kept[link.data.axis.index], kept[link.output.axis.index])
    let widths = (data: data.extent / link.groups, output: output.extent / link.groups)
    let groups = Set(data.slots.map { $0 / widths.data })
    keep(link.output, SlotSet(extent: output.extent, groups.map { $0 * widths.output }))
  }

  private mutating func widen(_ output: Place, concatenating inputs: [Place], at place: Place) {
    var start = 0
    for input in inputs {
      if input == place {
        let moved = kept[input.axis.index].slots.map { $0 + start }
        keep(output, SlotSet(extent: kept[output.axis.index].extent, moved))
      }
      start += kept[input.axis.index].extent
    }
  }
}

extension Reduction {
  /// The axis whose facts say which slots of `data` may be left out.
  fileprivate func deciding(_ data: Place) -> AxisID {
    if case .variance(let axis, _) = self { axis } else { data.axis }
  }
}

extension Range<Int> {
  fileprivate func partitioned(
    by belongs: (Int) -> Bool
  ) -> (members: [Int], others: [Int]) {
    (filter(belongs), filter { !belongs($0) })
  }
}

extension SlotFact {
  /// Whether a slot has to be given to a normalisation, also if nobody reads it behind.
  fileprivate func counts(in link: NormalizedLink) -> Bool {
    switch link.constants {
    case .stay: true
    case .zerosGo: !isZero
    case .counted: self == .unknown
    }
  }

  /// Whether a slot has to be given to a reduction.
  fileprivate func stays(in reduction: Reduction) -> Bool {
    switch reduction {
    case .mean, .sum, .variance: self == .unknown
    case .zeroNeutral: !isZero
    }
  }
}

extension Regrouping {
  /// The set kept on each factor: the projection of the outputs' kept slots.
  ///
  /// A factor that either side has no axis for, as it went into positions, is kept whole.
  func keptFactors(_ kept: (Place) -> SlotSet) -> [SlotSet] {
    var sets = projections(from: outputs, kept)
    for factor in factors.indices where !inputs.contains(where: { $0.factors.contains(factor) }) {
      sets[factor] = .all(factors[factor])
    }
    return sets
  }

  /// The set kept on each factor: the projection of the given axes' kept slots.
  func projections(from members: [Member], _ kept: (Place) -> SlotSet) -> [SlotSet] {
    var sets = factors.map(SlotSet.all)
    for member in members {
      let slots = kept(member.place).slots
      for factor in member.factors {
        let coordinates = coordinates(of: member.factors, onto: factor..<factor + 1)
        sets[factor] = SlotSet(extent: factors[factor], slots.map { coordinates[$0] })
      }
    }
    return sets
  }

  /// The slots of an axis made of `range` whose every factor is in its set.
  func product(of sets: [SlotSet], over range: Range<Int>) -> SlotSet {
    var slots = [0]
    for factor in range {
      slots = slots.flatMap { base in sets[factor].slots.map { base * factors[factor] + $0 } }
    }
    return SlotSet(extent: extent(of: range), slots)
  }
}
