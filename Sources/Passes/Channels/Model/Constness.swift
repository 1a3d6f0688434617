internal import IR

/// Finds, in one walk from inputs to outputs, the slots that are the same for every input.
///
/// Values are assumed finite: 0·x is taken to be 0.
struct Constness {
  private(set) var facts: [[SlotFact]?]
  private let graph: Graph
  private let axes: AxisTable

  init(
    _ graph: Graph, axes: AxisTable, links: SideTable<NodeID, [AxisLink]>, order: [NodeID]
  ) {
    self.graph = graph
    self.axes = axes
    facts = Array(repeating: nil, count: axes.count)
    for node in order {
      for link in links[node] { visit(link, of: node) }
    }
  }

  private mutating func visit(_ link: AxisLink, of node: NodeID) {
    switch link {
    case .aligned(let link):
      let found = aligned(link, node)
      for output in link.outputs { note(found, at: output) }
    case .linear(let link):
      let bias = link.bias.map { slots($0, node) }
      note(link.reader.facts(data: slots(link.data, node), bias: bias), at: link.output)
    case .contracted, .reduced: break
    case .normalized(let link): note(normalized(link, node), at: link.output)
    case .concatenated(let output, let inputs):
      note(inputs.flatMap { slots($0, node) }, at: output)
    case .bordered(let link):
      let data = slots(link.data, node)
      let after = (axes.extent(link.output.axis) ?? 0) - link.before - data.count
      let inner = data.map { link.surroundsSlots && $0.value != link.filler.value ? .unknown : $0 }
      let border = { Array(repeating: link.filler, count: $0) }
      note(border(link.before) + inner + border(after), at: link.output)
    case .divided(let outputs, let input):
      divide(slots(input, node), into: outputs)
    case .selected(let output, let input, let indices):
      guard let output else { return }
      let source = slots(input, node)
      note(indices.map { source[$0] }, at: output)
    case .regrouped(let regrouping):
      for output in regrouping.outputs {
        note(regrouped(output, regrouping, node), at: output.place)
      }
    }
  }

  /// Most axes have no constant slot, and nothing is stored for those.
  private mutating func note(_ found: [SlotFact], at place: Place) {
    facts[place.axis.index] = found.contains { $0 != .unknown } ? found : nil
  }

  private func aligned(_ link: AlignedLink, _ node: NodeID) -> [SlotFact] {
    let extent = axes.extent(link.output.axis) ?? 0
    switch link.transfer {
    case .copy, .extremum: return mapped(link, node) { $0 }
    case .mean: return mapped(link, node, by: \.rounded)
    case .bordered(let border): return mapped(link, node) { $0.value == border ? $0 : .unknown }
    case .unary(let function): return mapped(link, node) { $0.mapped(function) }
    case .combine(let sources, let combine):
      let operands = sources.map { source in
        switch source {
        case .slots(let place): slots(place, node)
        case .uniform(let fact): Array(repeating: fact, count: extent)
        }
      }
      return (0..<extent).map { slot in combine(operands.map { $0[slot] }) }
    case .unknown: return unknown(extent)
    }
  }

  private func mapped(
    _ link: AlignedLink, _ node: NodeID, by map: (SlotFact) -> SlotFact
  ) -> [SlotFact] {
    guard let source = link.inputs.first.map({ slots($0, node) }) else { return [] }
    let result = source.map(map)
    // A chain of operators that change nothing shares one array.
    return result == source ? source : result
  }

  /// A slot that is scaled by zero is its shift, and a zero that is only divided stays zero; nothing is
  /// known of the others.
  private func normalized(_ link: NormalizedLink, _ node: NodeID) -> [SlotFact] {
    let extent = axes.extent(link.output.axis) ?? 0
    guard let scale = link.scale.map({ slots($0, node) }) else { return unknown(extent) }
    let shift = link.shift.map { slots($0, node) } ?? Array(repeating: .zero, count: extent)
    let scaled = zip(scale, shift).map { $0.isZero ? $1 : .unknown }
    guard link.constants == .zerosGo, link.shift == nil else { return scaled }
    return zip(scaled, slots(link.data, node)).map { $0 == .unknown && $1.isZero ? $1 : $0 }
  }

  private mutating func divide(_ source: [SlotFact], into outputs: [Place]) {
    var start = 0
    for output in outputs {
      let extent = axes.extent(output.axis) ?? 0
      note(Array(source[start..<start + extent]), at: output)
      start += extent
    }
  }

  /// A slot of a joined axis is constant if a slot of an axis it is joined from is; a slot of a
  /// split axis is constant if all slots it came from are, with one value.
  private func regrouped(
    _ output: Regrouping.Member, _ regrouping: Regrouping, _ node: NodeID
  ) -> [SlotFact] {
    var result = unknown(axes.extent(output.place.axis) ?? 0)
    for input in regrouping.inputs where input.factors.overlaps(output.factors) {
      let source = slots(input.place, node)
      guard source.contains(where: { $0 != .unknown }) else { continue }
      let shared = input.factors.clamped(to: output.factors)
      let sourceKeys = regrouping.coordinates(of: input.factors, onto: shared)
      let merged = merge(source, keys: sourceKeys, count: regrouping.extent(of: shared))
      for (slot, key) in regrouping.coordinates(of: output.factors, onto: shared).enumerated()
      where result[slot] == .unknown {
        result[slot] = merged[key]
      }
    }
    return result
  }

  private func merge(_ source: [SlotFact], keys: [Int], count: Int) -> [SlotFact] {
    var merged: [SlotFact?] = Array(repeating: nil, count: count)
    for (slot, key) in keys.enumerated() {
      if let current = merged[key] {
        if current != source[slot] { merged[key] = .unknown }
      } else {
        merged[key] = source[slot]
      }
    }
    return merged.map { $0 ?? .unknown }
  }

  private func slots(_ place: Place, _ node: NodeID) -> [SlotFact] {
    graph.slotFacts(at: place, of: node, known: facts, axes)
  }

  private func unknown(_ extent: Int) -> [SlotFact] { Array(repeating: .unknown, count: extent) }
}

extension Graph {
  /// The facts about an operand's axis: those `known`, or what stored elements say that define it.
  func slotFacts(
    at place: Place, of node: NodeID, known facts: [[SlotFact]?], _ axes: AxisTable
  ) -> [SlotFact] {
    if let known = facts[place.axis.index] { return known }
    guard let input = place.input, let constant = constant(nodes[node].input(input)) else {
      return Array(repeating: .unknown, count: axes.extent(place.axis) ?? 0)
    }
    return constant.slotFacts(axis: place.position)
  }
}

extension Regrouping {
  /// The number of combinations of the given factors.
  func extent(of range: Range<Int>) -> Int { factors[range].reduce(1, *) }

  /// For each slot of an axis made of `range`, its position on the factors `part` within it.
  func coordinates(of range: Range<Int>, onto part: Range<Int>) -> [Int] {
    let below = extent(of: part.upperBound..<range.upperBound)
    let own = extent(of: part)
    return (0..<extent(of: range)).map { $0 / below % own }
  }

  /// The same for one slot.
  func coordinate(of slot: Int, in range: Range<Int>, onto part: Range<Int>) -> Int {
    slot / extent(of: part.upperBound..<range.upperBound) % extent(of: part)
  }

  /// The slots of an axis made of `range` whose position on the factors `part` is `key`.
  func slots(of range: Range<Int>, at key: Int, on part: Range<Int>) -> [Int] {
    let below = extent(of: part.upperBound..<range.upperBound)
    let own = extent(of: part)
    return (0..<extent(of: range.lowerBound..<part.lowerBound)).flatMap { outer in
      let start = (outer * own + key) * below
      return start..<start + below
    }
  }
}

extension Constant {
  /// For each slot of `axis` the value all its elements have, if they are equal.
  func slotFacts(axis: Int) -> [SlotFact] {
    let extent = shape[axis]
    guard let decoder = FloatDecoder(elementType), let payload, count > 0 else {
      return Array(repeating: .unknown, count: extent)
    }
    let inner = shape[(axis + 1)...].reduce(1, *)
    var facts: [SlotFact?] = Array(repeating: nil, count: extent)
    unsafe payload.withBytes { bytes in
      for run in 0..<count / Swift.max(inner, 1) {
        let slot = run % extent
        for element in unsafe FloatRun(bytes, decoder, start: run * inner, count: inner) {
          facts[slot] = Constant.join(facts[slot], element)
        }
      }
    }
    return facts.map { $0 ?? .unknown }
  }

  /// The value that all elements have, if they are equal.
  var uniformFact: SlotFact {
    guard count > 0 else { return .unknown }
    return reshapedToOneSlot?.slotFacts(axis: 0).first ?? .unknown
  }

  private var reshapedToOneSlot: Constant? {
    payload.map { _ in Constant(elementType: elementType, shape: [1, count], storage: storage) }
  }

  private static func join(_ fact: SlotFact?, _ value: Double) -> SlotFact {
    guard value.isFinite else { return .unknown }
    switch fact {
    case nil: return .constant(value, isExact: true)
    case .constant(value, _): return .constant(value, isExact: true)
    default: return .unknown
    }
  }
}
