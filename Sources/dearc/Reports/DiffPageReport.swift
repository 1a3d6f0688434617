import Comparison
import IR
import Passes

/// What the page of a diff shows: both graphs in rows, and what there is to say of each.
struct DiffPageReport: Encodable {
  struct File: Encodable {
    let path: String
  }

  /// Nodes that belong together, or one that stands alone.
  struct Row: Encodable {
    let left: Int?
    let right: Int?
    let state: State
    let note: String?

    enum State: String, Encodable {
      case same, changed, removed, added, folded
    }

    private enum CodingKeys: String, CodingKey {
      case left, right, state, note
    }

    /// Absent sides are written as null, which the page tests for.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(left, forKey: .left)
      try container.encode(right, forKey: .right)
      try container.encode(state, forKey: .state)
      try container.encodeIfPresent(note, forKey: .note)
    }
  }

  struct Layer: Encodable {
    let before: Int
    let channels: [Int?]
    let constants: [Int]
    let knownBy: String
    /// The alignment of each channel before, where statistics are given.
    let rad: [Double]?
  }

  struct Attribute: Encodable {
    let node: Int
    let name: String
    let before: String?
    let after: String?
  }

  struct Weight: Encodable {
    let node: Int
    let name: String
    let text: String
  }

  /// How far what a node makes is from what it made before.
  struct Activation: Encodable {
    let title: String
    /// From 0, where nothing but rounding differs, to 1, where everything does.
    let level: Double
    let parts: Bool
    /// Names and values.
    let statements: [[String]]
  }

  let before: File
  let after: File
  let verdict: String
  /// Rows of a table: what is counted, before, after, and the change.
  let counts: [[String]]
  let interface: [InterfaceReport]
  let rows: [Row]
  let left: [PageNode]
  let right: [PageNode]
  /// By the place of the node after.
  let layers: [Int: Layer]
  let attributes: [Attribute]
  let weights: [Weight]
  /// By the place of the node after; absent unless it was asked for.
  let activations: [Int: Activation]?
}

/// A node as the page shows it.
struct PageNode: Encodable {
  struct Operand: Encodable {
    let name: String
    let type: String?
    /// The place of the node that makes it; null for inputs and stored tensors.
    let from: Int?

    private enum CodingKeys: String, CodingKey {
      case name, type, from
    }

    /// Written as null, which the page tests for.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encodeIfPresent(type, forKey: .type)
      try container.encode(from, forKey: .from)
    }
  }

  let name: String
  let `operator`: String
  let inputs: [Operand]
  let outputs: [Operand]
  /// Names and values.
  let attributes: [[String]]
  /// What it costs, names and values.
  let costs: [[String]]

  init(_ node: NodeID, in graph: Graph, places: [NodeID: Int], cost: NodeCost) {
    let row = graph.nodes[node]
    func operand(_ value: ValueID, from: Int?) -> Operand {
      Operand(
        name: graph.values[value].name,
        type: graph.values[value].type.map(\.withoutInventedNames.summary),
        from: from)
    }
    name = graph.label(node)
    `operator` = row.op.type
    inputs = row.inputs.compactMap { value in
      value.map { operand($0, from: graph.producer(of: $0).flatMap { places[$0] }) }
    }
    outputs = row.outputs.compactMap { $0.map { operand($0, from: nil) } }
    attributes = row.statements.map { [$0.name, $0.text] }
    costs = NodeCostReport(cost).statements
  }
}
