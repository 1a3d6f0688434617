/// One place where a graph breaks a rule.
public struct Violation: Hashable, Sendable {
  /// What the violation is about.
  public enum Entity: Hashable, Sendable {
    case graph
    case node(NodeID)
    case value(ValueID)
  }

  /// The rule that is broken.
  public let rule: Rule
  /// The graph it is broken in: empty for the outermost, `n3.then_branch` for a body.
  public let path: String
  /// What breaks it.
  public let entity: Entity
  /// What is wrong, in words.
  public let message: String
  /// The line of text that prints the entity, with row numbers as identifiers.
  public let context: String
}

extension Violation.Entity: CustomStringConvertible {
  /// The form used in diagnostics.
  public var description: String {
    switch self {
    case .graph: "graph"
    case .node(let node): "\(node)"
    case .value(let value): "\(value)"
    }
  }
}

extension Violation: CustomStringConvertible {
  /// The rule, the place and the message, with the printed line below.
  public var description: String {
    let place = path.isEmpty ? "\(entity)" : "\(path) \(entity)"
    return "\(rule.rawValue): \(place): \(message)" + (context.isEmpty ? "" : "\n  \(context)")
  }
}
