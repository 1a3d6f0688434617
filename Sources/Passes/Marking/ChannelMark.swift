internal import IR

/// Channels of a value that are to be closed: multiplied by zero.
public struct ChannelMark: Hashable, Sendable {
  /// How far a mark reaches.
  public enum Scope: String, Hashable, Sendable, CaseIterable {
    /// The value alone, exactly where DEAR puts its gate.
    case gate
    /// The value and all that is added to it or joined with it on the way, so that the coupled
    /// layers lose the channels too. That changes what the network computes.
    case group
  }

  /// The value's name.
  public let value: String
  /// The axis that channels index.
  public let axis: Int
  /// The channels, ascending.
  public let closed: [Int]
  /// How far the mark reaches.
  public let scope: Scope

  /// Describes a mark.
  public init(value: String, axis: Int, closed: [Int], scope: Scope) {
    self.value = value
    self.axis = axis
    self.closed = closed
    self.scope = scope
  }
}

/// Channels that were closed in a graph whose values may have got other names since.
struct PlacedMark: Hashable, Sendable {
  /// The value that is multiplied.
  var value: ValueID
  let axis: Int
  let closed: [Int]
  /// Whether that was asked for, rather than done to an operand of what was asked for.
  let isRequested: Bool
}
