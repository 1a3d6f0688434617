/// What a Slice takes of one axis, as written.
public struct AxisSlice: Hashable, Sendable {
  /// The axis of the data.
  public let axis: Int
  /// Where to start; negative numbers count from the end.
  public let start: Int
  /// Where to stop, exclusively; negative numbers count from the end.
  public let end: Int
  /// The distance between elements taken; never 0.
  public let step: Int

  /// Takes elements of `axis` from `start` to `end`, `step` apart.
  ///
  /// - Precondition: `step` is not 0.
  public init(axis: Int, start: Int, end: Int, step: Int) {
    precondition(step != 0)
    self.axis = axis
    self.start = start
    self.end = end
    self.step = step
  }

  /// The elements taken of an axis with `extent` elements.
  ///
  /// - Returns: The first index, the number of elements and the step between them.
  public func resolved(extent: Int) -> (start: Int, count: Int, step: Int) {
    let extent = Swift.max(0, extent)
    let from = start < 0 ? start.addingSaturated(extent) : start
    let to = end < 0 ? end.addingSaturated(extent) : end
    if step > 0 {
      let first = from.clamped(0, extent)
      let distance = to.clamped(0, extent) - first
      return (first, distance > 0 ? (distance - 1) / step + 1 : 0, step)
    }
    let first = from.clamped(0, extent - 1)
    let distance = first - to.clamped(-1, extent - 1)
    // The magnitude of the smallest step does not fit a signed number.
    let count = distance > 0 ? Int(UInt(distance - 1) / step.magnitude) + 1 : 0
    return (Swift.max(0, first), count, step)
  }

  /// The number of elements taken, which needs no extent if the slice counts from one end only.
  func count(of extent: Dimension) -> Dimension {
    if let extent = extent.count { return .known(resolved(extent: extent).count) }
    if step == 1, start == 0, end >= Int(Int32.max) { return extent }
    if step == -1, start == -1, end <= -Int(Int32.max) { return extent }
    if step > 0, (start >= 0) == (end >= 0), start >= end { return .known(0) }
    if step < 0, start >= 0, end >= start { return .known(0) }
    return .unknown
  }
}

extension Int {
  func clamped(_ low: Int, _ high: Int) -> Int { Swift.min(Swift.max(self, low), high) }

  func addingSaturated(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (self < 0 ? Int.min : Int.max) : sum
  }
}

/// Reads a Slice node whose bounds are known.
public struct SliceView: Sendable {
  /// What is sliced.
  public let data: ValueID
  /// What is taken, one entry per sliced axis; other axes are taken whole.
  public let slices: [AxisSlice]

  /// Reads `node`, or returns nil if it is no Slice, is malformed, or its bounds are not known.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard row.op.kind == .slice, let data = row.input(0),
      let bounds = Bounds(node, in: graph, integers: integers)
    else { return nil }
    let count = bounds.starts.count
    let axes = bounds.axes ?? Array(0..<count)
    let steps = bounds.steps ?? Array(repeating: 1, count: count)
    guard bounds.ends.count == count, axes.count == count, steps.count == count,
      !steps.contains(0), let axes = Axis.normalized(axes, rank: graph.rank(of: data))
    else { return nil }
    self.data = data
    slices = axes.indices.map {
      AxisSlice(axis: axes[$0], start: bounds.starts[$0], end: bounds.ends[$0], step: steps[$0])
    }
  }

  /// Attributes before operator set 10, operands since.
  private struct Bounds {
    var starts: [Int]
    var ends: [Int]
    var axes: [Int]?
    var steps: [Int]?

    init?(_ node: NodeID, in graph: Graph, integers: IntegerReader?) {
      let row = graph.nodes[node]
      if graph.version < 10 {
        guard let starts = graph.attribute(node, "starts", default: [Int]()),
          let ends = graph.attribute(node, "ends", default: [Int]()), !starts.isEmpty,
          let axes = graph.attribute(node, "axes", default: Array(starts.indices))
        else { return nil }
        (self.starts, self.ends, self.axes) = (starts, ends, axes)
        return
      }
      let reader = OperandReader(graph: graph, known: integers)
      guard let starts = reader.ints(row.input(1)), let ends = reader.ints(row.input(2)) else {
        return nil
      }
      (self.starts, self.ends) = (starts, ends)
      axes = reader.ints(row.input(3))
      steps = reader.ints(row.input(4))
      // Operands that are there but not known make the whole slice unknown.
      guard axes != nil || row.input(3) == nil, steps != nil || row.input(4) == nil else {
        return nil
      }
    }
  }
}

/// Reads a Gather node.
public struct GatherView: Sendable {
  /// What is taken from.
  public let data: ValueID
  /// The operand that says which elements; its axes replace `axis`.
  public let indices: ValueID
  /// The axis of the data that is indexed.
  public let axis: Int

  /// Reads `node`, or returns nil if it is no Gather or its axis cannot be resolved.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .gather, let data = row.input(0), let indices = row.input(1),
      let stated = graph.attribute(node, "axis", default: 0),
      let axis = Axis.normalized(stated, rank: graph.rank(of: data))
    else { return nil }
    self.data = data
    self.indices = indices
    self.axis = axis
  }

  /// The indices as non-negative numbers in row-major order, if stored and in range.
  public func constantIndices(in graph: Graph) -> [Int]? {
    let extent = graph.shape(of: data)?[axis].count
    guard let written = graph.storedIntegers(indices, limit: 1 << 20)?.exactInts else {
      return nil
    }
    let inRange = written.compactMap { Axis.normalized($0, rank: extent) }
    return inRange.count == written.count ? inRange : nil
  }
}

/// Reads a DepthToSpace or SpaceToDepth node.
public struct DepthSpaceView: Sendable {
  /// The order in which the parts of a channel index are read.
  public enum Order: String, Sendable {
    /// The block position is outermost.
    case depthColumnRow = "DCR"
    /// The block position is innermost.
    case columnRowDepth = "CRD"
  }

  /// What is rearranged, `[N, C, H, W]`.
  public let data: ValueID
  /// The extent of a block along each spatial axis.
  public let blockSize: Int
  /// How channels map to blocks.
  public let order: Order

  /// Reads `node`, or returns nil if it is something else or malformed.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .depthToSpace || row.op.kind == .spaceToDepth, let data = row.input(0),
      graph.rank(of: data) ?? 4 == 4,
      let blockSize = graph.attribute(node, "blocksize", default: 0), blockSize > 0,
      blockSize <= SlidingWindow.parameterLimit,
      let mode = graph.attribute(node, "mode", default: "DCR"), let order = Order(rawValue: mode)
    else { return nil }
    self.data = data
    self.blockSize = blockSize
    self.order = order
  }
}
