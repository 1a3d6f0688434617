/// Reads a Reshape node.
public struct ReshapeView: Sendable {
  /// What is reshaped.
  public let data: ValueID
  /// The operand that holds the requested extents; nil before operator set 5.
  public let shape: ValueID?
  /// The requested extents as written, if known: -1 is inferred, 0 usually copied.
  public let requested: [Int64]?
  /// Whether 0 asks for an empty axis instead of copying the extent.
  public let allowZero: Bool

  /// Reads `node`, or returns nil if it is no Reshape or is malformed.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard row.op.kind == .reshape, let data = row.input(0),
      let allowZero = graph.attribute(node, "allowzero", default: false)
    else { return nil }
    if graph.version < 5 {
      guard case .ints(let extents)? = row.attribute("shape") else { return nil }
      shape = nil
      requested = extents
    } else {
      guard let operand = row.input(1) else { return nil }
      shape = operand
      requested = OperandReader(graph: graph, known: integers).integers(operand)
    }
    self.data = data
    self.allowZero = allowZero
  }
}

/// Reads a Flatten node.
public struct FlattenView: Sendable {
  /// What is flattened.
  public let data: ValueID
  /// The first of the axes that form the second result axis.
  public let axis: Int

  /// Reads `node`, or returns nil if it is no Flatten or its axis cannot be resolved.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .flatten, let data = row.input(0),
      let stated = graph.attribute(node, "axis", default: 1)
    else { return nil }
    let rank = graph.rank(of: data)
    // The axis may also stand behind the last one.
    let limit = stated >= 0 ? rank.map { $0 + 1 } : rank
    guard let axis = Axis.normalized(stated, rank: limit) else { return nil }
    self.data = data
    self.axis = axis
  }
}

/// Reads a Transpose node.
public struct TransposeView: Sendable {
  /// What is transposed.
  public let data: ValueID
  /// For every result axis the data axis it comes from.
  public let permutation: [Int]

  /// Reads `node`, or returns nil if it is no Transpose or its rank is unknown.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .transpose, let data = row.input(0) else { return nil }
    let rank = graph.rank(of: data)
    self.data = data
    if row.attribute("perm") == nil {
      guard let rank else { return nil }
      permutation = (0..<rank).reversed()
    } else {
      guard let stated = graph.attribute(node, "perm", default: [Int]()),
        rank ?? stated.count == stated.count,
        let axes = Axis.normalized(stated, rank: stated.count)
      else { return nil }
      permutation = axes
    }
  }
}

/// Reads a Squeeze node.
public struct SqueezeView: Sendable {
  /// What is squeezed.
  public let data: ValueID
  /// The data axes that go, ascending.
  public let axes: [Int]
  /// Whether the node names them; else all axes of extent 1 go.
  public let areAxesStated: Bool

  /// Reads `node`, or returns nil if it is no Squeeze or its axes are not known.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard row.op.kind == .squeeze, let data = row.input(0) else { return nil }
    let shape = graph.shape(of: data)
    let operand = StatedAxes(node, in: graph, integers: integers)
    self.data = data
    switch operand {
    case .unknown: return nil
    case .absent:
      guard let counts = shape?.counts else { return nil }
      axes = counts.indices.filter { counts[$0] == 1 }
      areAxesStated = false
    case .stated(let stated):
      guard let normalized = Axis.normalized(stated, rank: shape?.count) else { return nil }
      axes = normalized.sorted()
      areAxesStated = true
    }
  }
}

/// Reads an Unsqueeze node.
public struct UnsqueezeView: Sendable {
  /// What is unsqueezed.
  public let data: ValueID
  /// The result axes that are new, ascending.
  public let axes: [Int]

  /// Reads `node`, or returns nil if it is no Unsqueeze or its axes are not known.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard row.op.kind == .unsqueeze, let data = row.input(0),
      case .stated(let stated) = StatedAxes(node, in: graph, integers: integers),
      let axes = Axis.normalized(stated, rank: graph.rank(of: data).map { $0 + stated.count })
    else { return nil }
    self.data = data
    self.axes = axes.sorted()
  }
}

/// The axes of a Squeeze or Unsqueeze: an attribute, from operator set 13 on an operand.
private enum StatedAxes {
  case absent
  case unknown
  case stated([Int])

  init(_ node: NodeID, in graph: Graph, integers: IntegerReader?) {
    let row = graph.nodes[node]
    let axes: [Int]?
    if graph.version < 13 {
      guard row.attribute("axes") != nil else {
        self = .absent
        return
      }
      axes = graph.attribute(node, "axes", default: [Int]())
    } else {
      guard let operand = row.input(1) else {
        self = .absent
        return
      }
      axes = OperandReader(graph: graph, known: integers).ints(operand)
    }
    self = axes.map(StatedAxes.stated) ?? .unknown
  }
}

/// Reads an Expand node.
public struct ExpandView: Sendable {
  /// What is broadcast.
  public let data: ValueID
  /// The operand that holds the shape to broadcast with.
  public let shape: ValueID
  /// That shape as written, if known.
  public let requested: [Int64]?

  /// Reads `node`, or returns nil if it is no Expand or lacks an operand.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard row.op.kind == .expand, let data = row.input(0), let shape = row.input(1) else {
      return nil
    }
    self.data = data
    self.shape = shape
    requested = OperandReader(graph: graph, known: integers).integers(shape)
  }
}

/// Reads a Tile node.
public struct TileView: Sendable {
  /// What is repeated.
  public let data: ValueID
  /// The operand that holds a count per axis.
  public let repeatsOperand: ValueID
  /// The counts, if known.
  public let repeats: [Int]?

  /// Reads `node`, or returns nil if it is no Tile of operator set 6 or later.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard row.op.kind == .tile, graph.version >= 6, let data = row.input(0),
      let operand = row.input(1)
    else { return nil }
    let repeats = OperandReader(graph: graph, known: integers).ints(operand)
    guard repeats?.allSatisfy({ $0 >= 0 }) ?? true else { return nil }
    self.data = data
    repeatsOperand = operand
    self.repeats = repeats
  }
}
