import IR

/// Hashes of what is above and below each node, blind to names, extents and numbers.
///
/// Two nodes with the same hash above do, as far as structure tells, the same to the same inputs; with the
/// same hash below, the same is done to what they compute.
struct StructureHashes {
  /// What a node is computed from.
  private(set) var above: SideTable<NodeID, UInt64>
  /// What becomes of a node's results.
  private(set) var below: SideTable<NodeID, UInt64>

  init(_ graph: Graph) {
    above = SideTable(count: graph.nodes.count, initial: 0)
    below = SideTable(count: graph.nodes.count, initial: 0)
    let places = Dictionary(uniqueKeysWithValues: zip(graph.requiredInputs, 0...))
    for node in graph.nodeIDs {
      above[node] = hashAbove(node, graph, places)
    }
    for node in graph.nodeIDs.reversed() { below[node] = hashBelow(node, graph) }
  }

  private func hashAbove(
    _ node: NodeID, _ graph: Graph, _ places: [ValueID: Int]
  ) -> UInt64 {
    let row = graph.nodes[node]
    var operands = row.inputs.map { value -> UInt64 in
      guard let value else { return 1 }
      guard let producer = graph.producer(of: value) else {
        return StructureHash(3).mixing(UInt64(places[value] ?? 1 << 20)).bits
      }
      let place = graph.nodes[producer].outputs.firstIndex(of: value) ?? 0
      return StructureHash(above[producer]).mixing(UInt64(place)).bits
    }
    if row.op.isCommutative { operands.sort() }
    return operands.reduce(graph.structure(of: node)) { $0.mixing($1) }.bits
  }

  private func hashBelow(_ node: NodeID, _ graph: Graph) -> UInt64 {
    graph.nodes[node].outputs.reduce(graph.structure(of: node)) { hash, value in
      guard let value else { return hash.mixing(1) }
      var readers = graph.values[value].uses.map { use -> UInt64 in
        switch use {
        case .node(let reader, let place):
          let operand = graph.nodes[reader].op.isCommutative ? 0 : place
          return StructureHash(below[reader]).mixing(UInt64(operand)).bits
        case .output(let place): return StructureHash(5).mixing(UInt64(place)).bits
        case .capture(let reader, _): return StructureHash(7).mixing(below[reader]).bits
        }
      }
      readers.sort()
      return readers.reduce(hash.mixing(2)) { $0.mixing($1) }
    }.bits
  }
}

/// A hash that is the same on every run.
struct StructureHash {
  private(set) var bits: UInt64

  init(_ bits: UInt64) { self.bits = bits }

  func mixing(_ value: UInt64) -> StructureHash {
    var mixed = (bits ^ value) &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ mixed >> 32) &* 0xD6E8_FEB8_6659_FD93
    return StructureHash(mixed ^ mixed >> 29 &+ bits << 1)
  }

  func mixing(_ text: String) -> StructureHash {
    text.utf8.reduce(mixing(UInt64(text.utf8.count))) { $0.mixing(UInt64($1)) }
  }
}

extension Graph {
  /// What a node is by itself: its operator, and which operands are stored, of how many axes.
  ///
  /// Of a kernel the window counts as well, and of a slice whether it is the first: that tells parallel branches apart.
  func structure(of node: NodeID) -> StructureHash {
    let row = nodes[node]
    var hash = StructureHash(11).mixing(row.op.domain).mixing(row.op.type)
    for (place, value) in row.inputs.enumerated() {
      guard let constant = constant(value) else { continue }
      hash = hash.mixing(UInt64(place)).mixing(UInt64(constant.shape.count))
      if row.op.kind == .conv || row.op.kind == .convTranspose, place == 1 {
        hash = constant.shape.dropFirst(2).reduce(hash) { $0.mixing(UInt64($1)) }
      } else if row.op.kind == .slice, place == 1 {
        // Where a part begins moves with the extents, but the first part stays the first.
        hash = hash.mixing(constant.integers?.allSatisfy { $0 == 0 } ?? false ? 1 : 2)
      }
    }
    return hash
  }
}

extension Operator {
  /// Whether operands may change places.
  var isCommutative: Bool {
    switch kind {
    case .add, .mul, .max, .min, .sum, .mean, .and, .or, .xor, .equal: true
    default: false
    }
  }
}
