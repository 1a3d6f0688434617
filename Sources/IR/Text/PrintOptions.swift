/// Chooses what the text form of a graph shows.
public struct PrintOptions: Hashable, Sendable {
  /// How stored elements are shown.
  public enum Constants: Hashable, Sendable {
    /// Every element, exactly.
    case values
    /// A byte count and a hash for constants with more elements than this.
    ///
    /// Such a text cannot be read back.
    case summary(maxElements: Int)
  }

  /// How values are referred to.
  public enum Identifiers: Hashable, Sendable {
    /// Dense numbers in the order of the text, with the name stated at the definition.
    case numbers
    /// The values' own names: longer, but one more value does not change every line below it.
    case names
    /// The row numbers of the graph's tables, as diagnostics show them.
    case rows
  }

  /// How stored elements are shown.
  public var constants: Constants
  /// How values are referred to.
  public var identifiers: Identifiers
  /// Whether nodes say where they came from.
  public var origins: Bool

  /// Chooses a style; the default loses nothing.
  public init(
    constants: Constants = .values, identifiers: Identifiers = .numbers, origins: Bool = true
  ) {
    self.constants = constants
    self.identifiers = identifiers
    self.origins = origins
  }
}

/// Bounds what reading a text may cost.
public struct TextLimits: Hashable, Sendable {
  /// How deeply graphs, types and constants may be nested.
  public var depth: Int
  /// How many bytes all `splat` constants of a text may take together.
  public var splatBytes: Int

  /// Sets the bounds; the defaults suit a text from an unknown hand.
  public init(depth: Int = 100, splatBytes: Int = 256 << 20) {
    self.depth = depth
    self.splatBytes = splatBytes
  }
}
