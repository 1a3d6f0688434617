import IR

/// How a pair of nodes was found.
public enum MatchEvidence: Int, Comparable, Sendable {
  /// All that is above and below them is the same.
  case structure
  /// All that is above them, or all that is below, is the same.
  case oneSide
  /// They stand in the same order between nodes that were found.
  case order
  /// They stand beside nodes that were found.
  case neighbours
  /// They have the same name and operator.
  case name

  /// Whether `left` is the stronger evidence.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Which node of one graph is which of another.
///
/// Structure comes first, names only choose among what looks the same: exporters number their values, so
/// that equal names in two files often mean different things.
struct NodeMatching {
  private let before: Graph
  private let after: Graph
  /// For nodes after, the node before.
  private(set) var pairs: [NodeID: NodeID] = [:]
  private(set) var evidence: [NodeID: MatchEvidence] = [:]
  private var taken: Set<NodeID> = []
  /// Pairs whose neighbours are still to be looked at.
  private var open: [NodeID] = []

  init(_ before: Graph, _ after: Graph) {
    self.before = before
    self.after = after
    let (own, other) = (StructureHashes(after), StructureHashes(before))
    func above(_ side: Side, _ node: NodeID) -> UInt64 {
      (side == .after ? own : other).above[node]
    }
    func below(_ side: Side, _ node: NodeID) -> UInt64 {
      (side == .after ? own : other).below[node]
    }
    match(.structure, mayChoose: true) { StructureHash(above($0, $1)).mixing(below($0, $1)).bits }
    match(.oneSide, mayChoose: false, by: above)
    match(.oneSide, mayChoose: false, by: below)
    align(own, other)
    spread()
    matchNames()
    spread()
    // What looks alike from one side is told apart by its neighbours, if by anything.
    match(.oneSide, mayChoose: true, by: above)
    spread()
    match(.oneSide, mayChoose: true, by: below)
    spread()
  }

  /// The nodes of either graph that the other lacks.
  var lone: (before: [NodeID], after: [NodeID]) {
    (
      before.nodeIDs.filter { !taken.contains($0) }, after.nodeIDs.filter { pairs[$0] == nil }
    )
  }

  private enum Side { case before, after }

  // MARK: Hashes

  /// Pairs nodes that nothing else has the hash of; where several have, names and then order may choose.
  private mutating func match(
    _ kind: MatchEvidence, mayChoose: Bool, by hash: (Side, NodeID) -> UInt64
  ) {
    var groups: [UInt64: (before: [NodeID], after: [NodeID])] = [:]
    for node in before.nodeIDs where !taken.contains(node) {
      groups[hash(.before, node), default: ([], [])].before.append(node)
    }
    for node in after.nodeIDs where pairs[node] == nil {
      groups[hash(.after, node), default: ([], [])].after.append(node)
    }
    for node in after.nodeIDs where pairs[node] == nil {
      guard let group = groups.removeValue(forKey: hash(.after, node)),
        group.before.count == group.after.count, mayChoose || group.after.count == 1
      else { continue }
      pair(group.before, group.after, kind)
    }
  }

  private mutating func pair(_ others: [NodeID], _ own: [NodeID], _ kind: MatchEvidence) {
    var named: [ExactName: NodeID] = [:]
    if own.count > 1 {
      for node in others { named[before.resultName(of: node)] = node }
    }
    for node in own {
      if let other = named[after.resultName(of: node)] { note(node, other, kind) }
    }
    let rest = own.filter { pairs[$0] == nil }
    for (node, other) in zip(rest, others.filter { !taken.contains($0) }) {
      note(node, other, kind)
    }
  }

  private mutating func note(_ node: NodeID, _ other: NodeID, _ kind: MatchEvidence) {
    guard pairs[node] == nil, taken.insert(other).inserted else { return }
    pairs[node] = other
    evidence[node] = kind
    open.append(node)
  }

  // MARK: Order

  /// Pairs what stands in the same order between pairs.
  ///
  /// Networks are mostly chains of like blocks: what stands between two changes is told by its place alone.
  private mutating func align(_ own: StructureHashes, _ other: StructureHashes) {
    let (first, second) = (before.canonicalOrder(other), after.canonicalOrder(own))
    let numbers = Dictionary(uniqueKeysWithValues: pairs.map { ($0.value, $0.key.index) })
    func token(_ number: Int) -> UInt64 { StructureHash(13).mixing(UInt64(number)).bits }
    let tokens = first.map { node in
      numbers[node].map(token) ?? before.structure(of: node).bits
    }
    let others = second.map { node in
      pairs[node] == nil ? after.structure(of: node).bits : token(node.index)
    }
    let common = SequenceAlignment.commonPlaces(tokens, others, limit: Self.differenceLimit)
    for (place, otherPlace) in common ?? [] { note(second[otherPlace], first[place], .order) }
  }

  /// How many nodes may differ for the order to be asked; it costs the square of that.
  private static let differenceLimit = 1_000

  // MARK: Neighbours

  /// Pairs what stands beside pairs, as far as it is alone in being of its kind there.
  private mutating func spread() {
    while let node = open.popLast() {
      guard let other = pairs[node] else { continue }
      spreadUp(node, other)
      spreadDown(node, other)
    }
  }

  private mutating func spreadUp(_ node: NodeID, _ other: NodeID) {
    let (own, others) = (after.nodes[node].inputs, before.nodes[other].inputs)
    for (value, original) in zip(own, others) {
      guard let value, let original else { continue }
      let candidates = before.sources(of: original) { !taken.contains($0) }
      for source in after.sources(of: value, isFree: { pairs[$0] == nil }) {
        let alike = candidates.filter { before.isAlike($0, after, source) }
        guard alike.count == 1, !taken.contains(alike[0]) else { continue }
        note(source, alike[0], .neighbours)
        break
      }
    }
  }

  private mutating func spreadDown(_ node: NodeID, _ other: NodeID) {
    for (value, original) in zip(after.nodes[node].outputs, before.nodes[other].outputs) {
      guard let value, let original else { continue }
      let own = after.readers(of: value) { pairs[$0] == nil }
      let others = before.readers(of: original) { !taken.contains($0) }
      for reader in own {
        let alike = others.filter { before.isAlike($0, after, reader) }
        let rivals = own.filter { after.isAlike($0, after, reader) }
        guard alike.count == 1, rivals.count == 1, !taken.contains(alike[0]) else { continue }
        note(reader, alike[0], .neighbours)
      }
    }
  }

  // MARK: Names

  private mutating func matchNames() {
    var named: [ExactName: NodeID] = [:]
    for node in before.nodeIDs where !taken.contains(node) {
      named[before.resultName(of: node)] = node
    }
    for node in after.nodeIDs where pairs[node] == nil {
      guard let other = named[after.resultName(of: node)], before.isAlike(other, after, node) else {
        continue
      }
      note(node, other, .name)
    }
  }
}

extension Graph {
  /// The nodes, operands before readers, in an order that does not depend on that of the file.
  fileprivate func canonicalOrder(_ hashes: StructureHashes) -> [NodeID] {
    var seen: Set<NodeID> = []
    var order: [NodeID] = []
    var stack = outputs.reversed().compactMap { producer(of: $0) }.map { ($0, isLeaving: false) }
    while let (node, isLeaving) = stack.popLast() {
      if isLeaving {
        order.append(node)
        continue
      }
      guard seen.insert(node).inserted else { continue }
      stack.append((node, true))
      var sources = nodes[node].inputs.compactMap { $0.flatMap { producer(of: $0) } }
      if nodes[node].op.isCommutative { sources.sort { hashes.above[$0] < hashes.above[$1] } }
      for source in sources.reversed() where !seen.contains(source) {
        stack.append((source, false))
      }
    }
    return order
  }

  fileprivate func resultName(of node: NodeID) -> ExactName {
    ExactName(nodes[node].output(0).map { values[$0].name } ?? nodes[node].name)
  }

  /// Whether a node is of the same kind as one of another graph, and has as many stored operands.
  fileprivate func isAlike(_ node: NodeID, _ other: Graph, _ otherNode: NodeID) -> Bool {
    let (own, theirs) = (nodes[node], other.nodes[otherNode])
    return own.op == theirs.op && kernel(of: node) == other.kernel(of: otherNode)
  }

  /// The window of a convolution's kernel.
  private func kernel(of node: NodeID) -> [Int] {
    guard nodes[node].op.kind == .conv || nodes[node].op.kind == .convTranspose else { return [] }
    return constant(nodes[node].input(1)).map { Array($0.shape.dropFirst(2)) } ?? []
  }

  /// How many nodes may have been put between two that belong together.
  private static let gap = 4

  /// The nodes that a value comes from, directly or through free nodes.
  fileprivate func sources(of value: ValueID, isFree: (NodeID) -> Bool) -> [NodeID] {
    var sources: [NodeID] = []
    var next: ValueID? = value
    while let current = next, let producer = producer(of: current), isFree(producer),
      sources.count < Self.gap
    {
      sources.append(producer)
      next = nodes[producer].inputs.lazy.compactMap { $0 }.first { self.producer(of: $0) != nil }
    }
    return sources
  }

  /// The nodes that read a value, directly or through free nodes.
  fileprivate func readers(of value: ValueID, isFree: (NodeID) -> Bool) -> [NodeID] {
    var readers: [NodeID] = []
    var frontier = [value]
    for _ in 0..<Self.gap {
      let next = frontier.flatMap { values[$0].uses.compactMap(\.node) }
        .filter { isFree($0) && !readers.contains($0) }
      guard !next.isEmpty, readers.count + next.count <= Self.readerLimit else { break }
      for reader in next where !readers.contains(reader) { readers.append(reader) }
      frontier = next.flatMap { nodes[$0].outputs.compactMap { $0 } }
    }
    return readers
  }

  private static let readerLimit = 64
}
