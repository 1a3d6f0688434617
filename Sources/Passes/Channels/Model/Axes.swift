internal import IR

/// Names one axis of one value; printed nowhere, dense for side tables.
struct AxisID: DenseIdentifier {
  let index: Int
}

extension Graph {
  /// The bytes of all stored tensors, to which work on channels has to be in proportion: a small file
  /// can declare any extent, but the weights of a layer that wide it would have to hold.
  var storedByteCount: Int {
    constantIDs.reduce(0) { $0 + (constant($1)?.payload?.count ?? 0) }
  }
}

/// Numbers the axes of all values whose rank is known.
struct AxisTable {
  /// Places of `AxisID`s by value: the first axis and the rank.
  private var first: SideTable<ValueID, Int>
  private var rank: SideTable<ValueID, Int>
  /// The extent of each axis; nil where it is not known when compiling, or absurd.
  private(set) var extents: [Int?] = []
  /// The value and position of each axis.
  private(set) var places: [(value: ValueID, axis: Int)] = []

  init(_ graph: Graph) {
    first = SideTable(count: graph.values.count, initial: 0)
    rank = SideTable(count: graph.values.count, initial: 0)
    for value in graph.valueIDs {
      guard let shape = graph.shape(of: value) else { continue }
      first[value] = extents.count
      rank[value] = shape.count
      for (axis, dimension) in shape.enumerated() {
        extents.append(dimension.count.flatMap { Self.plausibleExtents.contains($0) ? $0 : nil })
        places.append((value, axis))
      }
    }
  }

  var count: Int { extents.count }

  /// The extents whose slots are told apart; a file can declare any without holding it.
  static let plausibleExtents = 0...1 << 24

  /// The axis at position `axis` of `value`, if the value's rank is known and that large.
  func id(of value: ValueID, axis: Int) -> AxisID? {
    axis >= 0 && axis < rank[value] ? AxisID(index: first[value] + axis) : nil
  }

  /// The number of axes known for `value`; 0 also where the rank is unknown, and for a value that is
  /// younger than the table.
  func rank(of value: ValueID) -> Int { rank[value] }

  /// The extent of `axis`, if known.
  func extent(_ axis: AxisID) -> Int? { extents[axis.index] }
}
