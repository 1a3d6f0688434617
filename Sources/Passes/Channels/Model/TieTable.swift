internal import IR

/// What is known of a slot that was constant before a normalisation or beside a border.
///
/// It is `scale·(value·p + q) + shift`, where p and q depend on the input and the position but are the same
/// for all slots of a source: 1/σ and −µ/σ for a group that is normalised; for a border nothing and the
/// share that is not border. So each such slot is a combination of two others, and of one if their values
/// agree.
struct Tie: Equatable {
  /// The slots that share p and q: of one group that is normalised, or one axis beside a border.
  struct Source: Hashable {
    let node: NodeID
    let group: Int
  }

  let source: Source
  /// The constant that was normalised; 0 where p is nothing.
  let value: Double
  let scale: Double
  let shift: Double

  /// Whether what varies is not drowned by the shift, whose rounding counts as often as others take a
  /// share of this slot.
  var isSteady: Bool { Swift.abs(shift) <= 4 * Swift.abs(scale) }

  /// The slot times `factor`, plus `summand`.
  func mapped(by factor: Double, plus summand: Double = 0) -> Tie? {
    let (scale, shift) = (scale * factor, shift * factor + summand)
    guard scale.isFinite, shift.isFinite, scale != 0 else { return nil }
    return Tie(source: source, value: value, scale: scale, shift: shift)
  }
}

/// Follows ties from normalisations and borders to where linear operators read them.
///
/// They survive what treats all slots of a position alike: changes of layout, means and extrema over
/// positions, and arithmetic with stored numbers. Where slots of several positions meet on one axis
/// they end.
struct TieTable {
  private var ties: [AxisID: [Tie?]] = [:]
  private var combinations: [AxisID: [CarriedSlot]] = [:]
  private var unshiftedCombinations: [AxisID: [CarriedSlot]] = [:]
  private let graph: Graph
  private let axes: AxisTable
  private let facts: [[SlotFact]?]
  /// For each division that ends a normalisation that counts constants, the axis that is normalised.
  private var normalizedAxes: [NodeID: AxisID] = [:]

  init(
    _ graph: Graph, axes: AxisTable, links: SideTable<NodeID, [AxisLink]>,
    facts: [[SlotFact]?], order: [NodeID]
  ) {
    self.graph = graph
    self.axes = axes
    self.facts = facts
    for node in order {
      for link in links[node] {
        if case .reduced(_, .variance(let axis, let norm)) = link {
          normalizedAxes[norm.division] = axis
        }
        visit(link, of: node)
      }
    }
    combinations = ties.mapValues(\.combinations)
    unshiftedCombinations = ties.mapValues { $0.map { $0?.shift == 0 ? $0 : nil }.combinations }
  }

  /// Whether a slot is tied to others.
  func isTied(_ slot: Int, on axis: AxisID) -> Bool { ties[axis]?[slot] != nil }

  /// Whether a slot of `axis` is tied.
  func isTied(_ axis: AxisID) -> Bool { ties[axis] != nil }

  /// The slots of `axis` that tied ones can make up for, and how.
  ///
  /// Beyond a border all slots are zero, so a reader whose windows reach there may combine only slots
  /// without a shift.
  func combinations(on axis: AxisID, mayTouchPadding: Bool) -> [CarriedSlot] {
    (mayTouchPadding ? unshiftedCombinations : combinations)[axis] ?? []
  }

  private mutating func visit(_ link: AxisLink, of node: NodeID) {
    switch link {
    case .normalized(let link) where link.constants == .counted:
      note(tied(link, node), at: link.output)
    case .aligned(let link):
      let found = aligned(link, node)
      for output in link.outputs where !found.isEmpty { note(found, at: output) }
    case .concatenated(let output, let inputs): note(concatenated(inputs), at: output)
    case .divided(let outputs, let input):
      var rest = (ties[input.axis] ?? [])[...]
      for output in outputs {
        let extent = axes.extent(output.axis) ?? 0
        note(Array(rest.prefix(extent)), at: output)
        rest = rest.dropFirst(extent)
      }
    case .selected(let output?, let input, let indices):
      if let source = ties[input.axis] { note(indices.map { source[$0] }, at: output) }
    case .regrouped(let regrouping):
      for output in regrouping.outputs {
        let origin = regrouping.inputs.first { $0.factors == output.factors }
        note(origin.flatMap { ties[$0.place.axis] } ?? [], at: output.place)
      }
    default: break
    }
  }

  private mutating func note(_ found: [Tie?], at place: Place) {
    if found.contains(where: { $0 != nil }) { ties[place.axis] = found }
  }

  private func tied(_ link: NormalizedLink, _ node: NodeID) -> [Tie?] {
    guard let extent = axes.extent(link.output.axis),
      let data = facts[link.data.axis.index], let scales = link.scale.map({ numbers($0, node) })
    else { return [] }
    let shifts = link.shift.map { numbers($0, node) } ?? Array(repeating: 0, count: extent)
    return (0..<extent).map { slot in
      guard let value = data[slot].value, let scale = scales[slot], let shift = shifts[slot] else {
        return nil
      }
      let group = slot / (extent / link.groups)
      return Tie(source: .init(node: node, group: group), value: value, scale: 1, shift: 0)
        .mapped(by: scale, plus: shift)
    }
  }

  private func aligned(_ link: AlignedLink, _ node: NodeID) -> [Tie?] {
    if case .bordered(let border) = link.transfer { return bordered(link, by: border, node) }
    if let axis = normalizedAxes[node], link.output.position == axes.places[axis.index].axis {
      return (facts[axis.index] ?? []).map { fact in
        fact.value.map {
          Tie(source: .init(node: node, group: 0), value: $0, scale: 1, shift: 0)
        }
      }
    }
    guard !ties.isEmpty else { return [] }
    let known = link.inputs.first.flatMap { ties[$0.axis] } ?? []
    switch link.transfer {
    case .copy, .mean: return known
    case .extremum: return known.ordered
    case .combine where graph.nodes[node].op.kind == .concat:
      return link.inputs.allSatisfy { (ties[$0.axis] ?? []) == known } ? known : []
    case .combine: return arithmetic(link, node)
    case .bordered, .unary, .unknown: return []
    }
  }

  /// Constants beside a border start ties; those that are there survive if the border is their shift.
  private func bordered(_ link: AlignedLink, by border: Double, _ node: NodeID) -> [Tie?] {
    guard let axis = link.inputs.first?.axis else { return [] }
    if let known = ties[axis] { return known.map { $0?.shift == border ? $0 : nil } }
    guard let data = facts[axis.index] else { return [] }
    let source = Tie.Source(node: node, group: link.output.position)
    return data.map { fact in
      fact.value.flatMap {
        Tie(source: source, value: 0, scale: 1, shift: 0).mapped(by: $0 - border, plus: border)
      }
    }
  }

  /// Slots that share p and q at one place need not do so at another.
  private func concatenated(_ inputs: [Place]) -> [Tie?] {
    let parts = inputs.map { ties[$0.axis] ?? [] }
    let sources = parts.map { Set($0.compactMap(\.?.source)) }
    let all = sources.reduce(into: Set()) { $0.formUnion($1) }
    guard !all.isEmpty, all.count == sources.reduce(0, { $0 + $1.count }) else { return [] }
    return zip(inputs, parts).flatMap { input, part in
      part.isEmpty ? Array(repeating: nil, count: axes.extent(input.axis) ?? 0) : part
    }
  }

  private func arithmetic(_ link: AlignedLink, _ node: NodeID) -> [Tie?] {
    guard case .combine(let sources, _) = link.transfer, sources.count == 2,
      let kind = graph.nodes[node].op.kind,
      let tied = sources.firstIndex(where: { ties(of: $0) != nil }),
      let found = ties(of: sources[tied]), ties(of: sources[1 - tied]) == nil
    else { return [] }
    let others = numbers(sources[1 - tied], count: found.count, node)
    return zip(found, others).map { tie, other in
      guard let tie, let other else { return nil }
      switch kind {
      case .add: return tie.mapped(by: 1, plus: other)
      case .sub:
        return tied == 0 ? tie.mapped(by: 1, plus: -other) : tie.mapped(by: -1, plus: other)
      case .mul: return tie.mapped(by: other)
      case .div where tied == 0: return tie.mapped(by: 1 / other)
      default: return nil
      }
    }
  }

  private func ties(of source: AlignedLink.Source) -> [Tie?]? {
    if case .slots(let place) = source { ties[place.axis] } else { nil }
  }

  private func numbers(_ source: AlignedLink.Source, count: Int, _ node: NodeID) -> [Double?] {
    switch source {
    case .slots(let place): numbers(place, node)
    case .uniform(let fact): Array(repeating: fact.value, count: count)
    }
  }

  /// The numbers that all elements of each slot of an operand are equal to.
  private func numbers(_ place: Place, _ node: NodeID) -> [Double?] {
    graph.slotFacts(at: place, of: node, known: facts, axes).map(\.value)
  }
}

extension [Tie?] {
  /// The ties that a maximum or a minimum keeps: of sources with one value, where the scale does not turn
  /// the order round.
  fileprivate var ordered: [Tie?] {
    var values: [Tie.Source: Set<Double>] = [:]
    for case let tie? in self { values[tie.source, default: []].insert(tie.value) }
    return map { tie in
      tie.flatMap { $0.scale > 0 && values[$0.source]?.count == 1 ? $0 : nil }
    }
  }

  /// For each slot that others of its source can make up for, how.
  ///
  /// The slots with the least and the largest value stand for those between them. They have to be steady
  /// and of a scale that is not out of all proportion, or rounding them would show in what they stand for.
  fileprivate var combinations: [CarriedSlot] {
    var members: [Tie.Source: [Int]] = [:]
    for (slot, tie) in enumerated() {
      if let tie { members[tie.source, default: []].append(slot) }
    }
    return members.values.flatMap(combinations).sorted { $0.slot < $1.slot }
  }

  private func combinations(of slots: [Int]) -> [CarriedSlot] {
    let steady = slots.filter { self[$0]?.isSteady ?? false }
    let values = steady.compactMap { self[$0]?.value }
    guard let low = carrier(among: steady, of: values.min()),
      let high = carrier(among: steady, of: values.max()), let a = self[low], let b = self[high]
    else { return [] }
    return slots.filter { $0 != low && $0 != high }.compactMap { slot in
      guard let tie = self[slot] else { return nil }
      let part = low == high ? 0 : (tie.value - a.value) / (b.value - a.value)
      guard (0...1).contains(part), low != high || tie.value == a.value else { return nil }
      let (first, second) = (tie.scale * (1 - part) / a.scale, tie.scale * part / b.scale)
      guard Swift.max(Swift.abs(first), Swift.abs(second)) <= Self.largestShare else { return nil }
      let shift = tie.shift - first * a.shift - second * b.shift
      let terms = [(carrier: low, ratio: first), (carrier: high, ratio: second)]
      return CarriedSlot(slot: slot, terms: terms.filter { $0.ratio != 0 }, shift: shift)
    }
  }

  /// The largest share of a carrier: what is far smaller than what it stands for may as well be nothing.
  private static var largestShare: Double { 1024 }

  /// The first slot of that value whose scale is no less than an eighth of the largest among them.
  ///
  /// All normalisations of a residual stream should choose the same one, which then stays alone.
  private func carrier(among slots: [Int], of value: Double?) -> Int? {
    let scales = slots.compactMap { slot -> (slot: Int, scale: Double)? in
      guard let tie = self[slot], tie.value == value else { return nil }
      return (slot, Swift.abs(tie.scale))
    }
    let largest = scales.map(\.scale).max() ?? 0
    return scales.first { $0.scale >= largest / 8 }?.slot
  }
}
