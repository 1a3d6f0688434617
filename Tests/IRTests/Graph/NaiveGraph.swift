import IR

/// A graph as plain lists, changed the obvious way: what the real one is compared with.
struct NaiveGraph {
  struct Row: Equatable {
    var inputs: [ValueID?]
    var outputs: [ValueID?]
    /// What the bodies read of this graph, in the order in which they read it.
    var bodyReads: [ValueID]
  }

  var order: [NodeID] = []
  var rows: [NodeID: Row] = [:]
  var inputs: [ValueID] = []
  var constants: [ValueID] = []
  var outputs: [ValueID] = []
  var names: [ValueID: String] = [:]

  /// The values that may be read at `position` in the order.
  func available(at position: Int) -> [ValueID] {
    let required = inputs.filter { !constants.contains($0) }
    return required + constants
      + order.prefix(position).flatMap { rows[$0]?.outputs.compactMap { $0 } ?? [] }
  }

  /// The position of the first node that reads `value`; the end if none does.
  func firstReader(of value: ValueID) -> Int {
    order.firstIndex { node in
      rows[node].map { $0.inputs.contains(value) || $0.bodyReads.contains(value) } ?? false
    } ?? order.count
  }

  /// How often nodes and the caller read `value`; a node's bodies together count once.
  func reads(of value: ValueID) -> [Use: Int] {
    var reads: [Use: Int] = [:]
    for node in order {
      guard let row = rows[node] else { continue }
      for (index, input) in row.inputs.enumerated() where input == value {
        reads[.node(node, input: index), default: 0] += 1
      }
      for (index, capture) in captures(of: row).enumerated() where capture == value {
        reads[.capture(node, index: index), default: 0] += 1
      }
    }
    for (index, output) in outputs.enumerated() where output == value {
      reads[.output(index: index), default: 0] += 1
    }
    return reads
  }

  /// What the bodies of `row` read, each once; the real order may differ.
  func captures(of row: Row) -> [ValueID] {
    row.bodyReads.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  mutating func replace(_ value: ValueID, with replacement: ValueID) {
    rows = rows.mapValues { row in
      Row(
        inputs: row.inputs.map { $0 == value ? replacement : $0 }, outputs: row.outputs,
        bodyReads: row.bodyReads.map { $0 == value ? replacement : $0 })
    }
  }

  mutating func remove(_ node: NodeID) {
    order.removeAll { $0 == node }
    for case let output? in rows.removeValue(forKey: node)?.outputs ?? [] { names[output] = nil }
  }
}
