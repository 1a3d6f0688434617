/// A tensor, or other datum, that flows between nodes.
public struct Value: Sendable {
  /// The name, unique in its graph.
  public internal(set) var name: String
  /// The type, once declared or inferred.
  public internal(set) var type: ValueType?
  /// What gives it its content.
  public internal(set) var definition: Definition
  /// Who reads it, in the order the uses were made.
  public internal(set) var uses: UseList = []
  /// Whether the source states the type; such statements are written out again.
  public internal(set) var isDeclared = false
  /// What the model says about it.
  public internal(set) var annotations: Annotations?

  /// The stored elements, if this is a constant.
  public var constant: Constant? {
    if case .constant(let constant) = definition { constant } else { nil }
  }

  /// The node that computes it, if one does.
  public var producer: NodeID? {
    if case .node(let node, _) = definition { node } else { nil }
  }

  /// The shape, if this is a tensor of known rank.
  public var shape: Shape? { type?.tensor?.shape }

  /// The element type, if this is a tensor.
  public var elementType: ElementType? { type?.tensor?.elementType }
}

/// What gives a value its content.
public enum Definition: Sendable {
  /// The caller of the graph.
  case input
  /// Elements stored with the model.
  case constant(Constant)
  /// A node's result.
  case node(NodeID, output: Int)
  /// The enclosing graph: entry `index` of the captures of the node that holds this graph.
  case captured(index: Int)
}

/// One place where a value is read.
public enum Use: Hashable, Sendable {
  /// Operand `input` of a node.
  case node(NodeID, input: Int)
  /// Entry `index` of a node's captures.
  case capture(NodeID, index: Int)
  /// Entry `index` of the graph's outputs.
  case output(index: Int)

  /// The node that reads, unless the graph's caller does.
  public var node: NodeID? {
    switch self {
    case .node(let node, _), .capture(let node, _): node
    case .output: nil
    }
  }
}
