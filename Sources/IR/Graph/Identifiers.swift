/// A dense index into one of a graph's tables.
///
/// Identifiers are small integers, so a side table keyed by one is an array.
public protocol DenseIdentifier: Hashable, Comparable, Sendable {
  /// The position of the row this identifier names.
  var index: Int { get }
  /// Names the row at `index`.
  init(index: Int)
}

extension DenseIdentifier {
  /// Orders identifiers by age.
  @inlinable
  public static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}

/// Names a node of a `Graph`; printed as `n7`.
public struct NodeID: DenseIdentifier, CustomStringConvertible {
  @usableFromInline let raw: UInt32

  /// Names the row at `index`.
  @inlinable
  public init(index: Int) { raw = UInt32(index) }

  /// The position of the row.
  @inlinable
  public var index: Int { Int(raw) }

  /// The form used in text and diagnostics.
  public var description: String { "n\(raw)" }
}

/// Names a value of a `Graph`; printed as `%7`, as in the text form.
public struct ValueID: DenseIdentifier, CustomStringConvertible {
  @usableFromInline let raw: UInt32

  /// Names the row at `index`.
  @inlinable
  public init(index: Int) { raw = UInt32(index) }

  /// The position of the row.
  @inlinable
  public var index: Int { Int(raw) }

  /// The form used in text and diagnostics.
  public var description: String { "%\(raw)" }
}

/// Rows addressed by identifiers that are never reused.
///
/// Removing an entity leaves its row in place, so identifiers held by side tables stay valid.
public struct Arena<ID: DenseIdentifier, Row: Sendable>: Sendable {
  @usableFromInline var rows: [Row] = []

  @inlinable
  init() {}

  /// The number of rows ever made; side tables need this many entries.
  @inlinable
  public var count: Int { rows.count }

  /// The row named `id`.
  @inlinable
  public subscript(id: ID) -> Row {
    _read { yield rows[id.index] }
    _modify { yield &rows[id.index] }
  }

  @inlinable
  mutating func append(_ row: Row) -> ID {
    rows.append(row)
    return ID(index: rows.count - 1)
  }
}

/// One element per row of an arena, for facts that analyses attach to nodes and values.
public struct SideTable<ID: DenseIdentifier, Element> {
  @usableFromInline var elements: [Element]
  @usableFromInline let initial: Element

  /// Makes a table whose `count` elements are all `initial`.
  @inlinable
  public init(count: Int, initial: Element) {
    elements = Array(repeating: initial, count: count)
    self.initial = initial
  }

  /// The element for `id`; rows added to the arena later read as the initial element.
  @inlinable
  public subscript(id: ID) -> Element {
    get { id.index < elements.count ? elements[id.index] : initial }
    _modify {
      while elements.count <= id.index { elements.append(initial) }
      yield &elements[id.index]
    }
  }
}

extension SideTable: Sendable where Element: Sendable {}
