import IR
import TestSupport
import Testing

/// Random sequences of verbs, followed by a naive model.
@Suite struct GraphPropertyTests {
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func verbsDoWhatANaiveGraphDoes(_ seed: UInt64) throws {
    var walk = RandomWalk(seed: seed)
    var counts: [String: Int] = [:]
    for step in 0..<120 {
      let verb = walk.step()
      counts[verb, default: 0] += 1
      let place: Comment = "seed \(seed), step \(step): \(verb)"
      let violations = walk.graph.violations()
      try #require(violations.isEmpty, place)
      try walk.compare(place)
      if step % 30 == 29 { try expectRoundTrip(walk.graph) }
    }
    // A walk that never gets to use a verb would prove nothing about it.
    #expect(counts.count == RandomWalk.verbs.count, "seed \(seed): \(counts)")
  }
}

struct RandomWalk {
  static let verbs: [(name: String, step: @Sendable (inout RandomWalk) -> Bool)] = [
    ("insert", { $0.insert(withBody: false) }), ("insert body", { $0.insert(withBody: true) }),
    ("replaceInput", { $0.replaceInput() }), ("setInputs", { $0.setInputs() }),
    ("replaceUses", { $0.replaceUses() }), ("transferOutputs", { $0.transferOutputs() }),
    ("remove", { $0.remove() }), ("addConstant", { $0.addConstant() }),
    ("removeConstant", { $0.removeConstant() }), ("replaceConstant", { $0.replaceConstant() }),
    ("listAsInput", { $0.listAsInput() }), ("unlistInputs", { $0.unlistInputs() }),
    ("addOutput", { $0.addOutput() }), ("rename", { $0.rename() }),
  ]

  var graph = Graph(name: "walk", operatorSets: [OperatorSet(domain: "", version: 17)])
  var naive = NaiveGraph()
  var random: SplitMix64
  private var nextName = 0

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    for _ in 0..<2 {
      let name = freshName()
      let input = graph.addInput(name, type: nil)
      naive.inputs.append(input)
      naive.names[input] = name
    }
    for _ in 0..<6 { _ = insert(withBody: false) }
  }

  /// Applies a random verb that applies; returns its name.
  mutating func step() -> String {
    while true {
      let verb = Self.verbs[Int.random(in: 0..<Self.verbs.count, using: &random)]
      if verb.step(&self) { return verb.name }
    }
  }

  func compare(_ place: Comment) throws {
    try #require(graph.nodeIDs == naive.order, place)
    try #require(graph.inputs == naive.inputs, place)
    try #require(graph.outputs == naive.outputs, place)
    try #require(graph.constantIDs == naive.constants.sorted(), place)
    let names = Dictionary(uniqueKeysWithValues: graph.valueIDs.map { ($0, graph.values[$0].name) })
    try #require(names == naive.names, place)
    for node in naive.order {
      let row = graph.nodes[node]
      let found = NaiveGraph.Row(
        inputs: row.inputs, outputs: row.outputs, bodyReads: bodyReads(of: row))
      try #require(found == naive.rows[node], place)
    }
    for value in graph.valueIDs {
      var uses: [Use: Int] = [:]
      for use in graph.values[value].uses { uses[use, default: 0] += 1 }
      try #require(withoutIndices(uses) == withoutIndices(naive.reads(of: value)), place)
    }
  }

  /// Captures may stand in any order; the verifier checks that recorded indices are right.
  private func withoutIndices(_ uses: [Use: Int]) -> [Use: Int] {
    uses.reduce(into: [:]) { result, entry in
      if case .capture(let node, _) = entry.key {
        result[.capture(node, index: 0), default: 0] += entry.value
      } else {
        result[entry.key, default: 0] += entry.value
      }
    }
  }

  /// The values of this graph that the operands in the bodies of `row` are, in order.
  private func bodyReads(of row: Node) -> [ValueID] {
    row.attributes.flatMap(\.value.graphs).flatMap { body -> [ValueID] in
      body.nodeIDs.flatMap { body.nodes[$0].inputs.compactMap { $0 } }.compactMap { value in
        guard case .captured(let index) = body.values[value].definition else { return nil }
        return row.captures[index]
      }
    }
  }

  private mutating func freshName() -> String {
    defer { nextName += 1 }
    return "v\(nextName)"
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element? {
    elements.randomElement(using: &random)
  }

  private mutating func operands(at position: Int) -> [ValueID?] {
    let available = naive.available(at: position)
    return (0..<Int.random(in: 0...3, using: &random)).map { _ in
      random.chance(0.15) ? nil : available.randomElement(using: &random)
    }
  }
}

// The verbs; each returns false, and does nothing, where it does not apply.
extension RandomWalk {
  mutating func insert(withBody: Bool) -> Bool {
    guard naive.order.count < 24 else { return false }
    let position = Int.random(in: 0...naive.order.count, using: &random)
    var draft = NodeDraft(
      Operator(type: "Custom"), inputs: operands(at: position), origin: .program)
    var bodyReads: [ValueID] = []
    if withBody {
      bodyReads = (0..<4).compactMap { _ in pick(naive.available(at: position)) }
      for read in bodyReads where !draft.captures.contains(read) { draft.captures.append(read) }
      draft.attributes = [
        Attribute("first", .graph(body(reading: bodyReads.prefix(2), captures: draft.captures))),
        Attribute("others", .graphs([body(reading: bodyReads[2...], captures: draft.captures)])),
      ]
    }
    let results: [(name: String, type: ValueType?)?] = (0..<Int.random(in: 1...2, using: &random))
      .map { _ in random.chance(0.1) ? nil : (freshName(), nil) }
    let successor = position < naive.order.count ? naive.order[position] : nil
    let node = graph.insert(draft, results: results, before: successor)
    let outputs = graph.nodes[node].outputs
    for case (let output?, let result?) in zip(outputs, results) {
      naive.names[output] = result.name
    }
    naive.order.insert(node, at: position)
    naive.rows[node] = NaiveGraph.Row(inputs: draft.inputs, outputs: outputs, bodyReads: bodyReads)
    return true
  }

  /// A body with one node that reads `reads`, in this order, and returns the last of them.
  private mutating func body(reading reads: ArraySlice<ValueID>, captures: [ValueID]) -> Graph {
    var body = Graph(name: "body", operatorSets: graph.operatorSets)
    var inner: [ValueID: ValueID] = [:]
    for read in reads where inner[read] == nil {
      inner[read] = body.addCaptured(
        graph.values[read].name, index: captures.firstIndex(of: read) ?? 0, type: nil)
    }
    body.insert(
      NodeDraft(Operator(type: "Custom"), inputs: reads.map { inner[$0] }, origin: .program),
      results: [(freshName(), nil)])
    if let last = reads.last.flatMap({ inner[$0] }) { body.addOutput(last) }
    return body
  }

  mutating func replaceInput() -> Bool {
    guard let position = naive.order.indices.randomElement(using: &random) else { return false }
    let node = naive.order[position]
    guard let index = graph.nodes[node].inputs.indices.randomElement(using: &random) else {
      return false
    }
    let operand = random.chance(0.2) ? nil : pick(naive.available(at: position))
    graph.replaceInput(of: node, at: index, with: operand)
    naive.rows[node]?.inputs[index] = operand
    return true
  }

  mutating func setInputs() -> Bool {
    guard let position = naive.order.indices.randomElement(using: &random) else { return false }
    let operands = operands(at: position)
    graph.setInputs(of: naive.order[position], to: operands)
    naive.rows[naive.order[position]]?.inputs = operands
    return true
  }

  mutating func replaceUses() -> Bool {
    guard let value = pick(graph.valueIDs),
      let replacement = pick(naive.available(at: naive.firstReader(of: value))),
      value != replacement
    else { return false }
    graph.replaceUses(of: value, with: replacement)
    naive.replace(value, with: replacement)
    return true
  }

  mutating func transferOutputs() -> Bool {
    let results = naive.available(at: naive.order.count).filter { graph.producer(of: $0) != nil }
    guard let value = pick(naive.outputs.filter { !naive.inputs.contains($0) }),
      let replacement = pick(results.filter { !naive.outputs.contains($0) })
    else { return false }
    let retired = freshName()
    graph.transferOutputs(of: value, to: replacement, retiring: retired)
    naive.outputs = naive.outputs.map { $0 == value ? replacement : $0 }
    naive.names[replacement] = naive.names[value]
    naive.names[value] = retired
    return true
  }

  mutating func remove() -> Bool {
    let unread = naive.order.filter { node in
      naive.rows[node]?.outputs.allSatisfy { $0.map { naive.reads(of: $0).isEmpty } ?? true }
        ?? false
    }
    guard let node = pick(unread), naive.order.count > 4 else { return false }
    graph.remove(node)
    naive.remove(node)
    return true
  }

  mutating func addConstant() -> Bool {
    let name = freshName()
    let value = graph.addConstant(name, Constant([Float(naive.constants.count)], shape: []))
    naive.constants.append(value)
    naive.names[value] = name
    return true
  }

  mutating func removeConstant() -> Bool {
    guard let value = pick(naive.constants.filter { naive.reads(of: $0).isEmpty }) else {
      return false
    }
    graph.removeConstant(value)
    naive.constants.removeAll { $0 == value }
    naive.inputs.removeAll { $0 == value }
    naive.names[value] = nil
    return true
  }

  mutating func replaceConstant() -> Bool {
    guard let value = pick(naive.constants) else { return false }
    graph.replaceConstant(value, with: Constant([Int64(7), 8], shape: [2]))
    naive.inputs.removeAll { $0 == value }
    return graph.constant(value)?.elements(as: Int64.self) == [7, 8]
  }

  mutating func listAsInput() -> Bool {
    guard let value = pick(naive.constants.filter { !naive.inputs.contains($0) }) else {
      return false
    }
    graph.listAsInput(value, declaring: nil)
    naive.inputs.append(value)
    return true
  }

  mutating func unlistInputs() -> Bool {
    let listed = naive.inputs.filter { naive.constants.contains($0) }
    guard !listed.isEmpty else { return false }
    graph.unlistInputs(listed)
    naive.inputs.removeAll { listed.contains($0) }
    return true
  }

  mutating func addOutput() -> Bool {
    guard naive.outputs.count < 4, let value = pick(graph.valueIDs) else { return false }
    graph.addOutput(value)
    naive.outputs.append(value)
    return true
  }

  mutating func rename() -> Bool {
    let free = graph.valueIDs.filter { !naive.inputs.contains($0) && !naive.outputs.contains($0) }
    guard let value = pick(free) else { return false }
    let name = freshName()
    graph.rename(value, to: name)
    naive.names[value] = name
    return true
  }
}
