internal import IR

// Bounds of one Slice that takes what two Slices take one after the other.

extension AxisSlice {
  /// The slice that takes of an axis what `next` takes of the result of this one.
  ///
  /// With a known `extent` that is any two slices that walk forwards. Otherwise both must take every
  /// element from a start counted from the front: `[a:b][c:d]` is `[a+c : min(a+d, b)]` if both ends
  /// are counted from the front, and ends counted from the back add up. Nil in all other cases, as
  /// the joint bounds would depend on the extent.
  func followed(by next: AxisSlice, extent: Int?) -> AxisSlice? {
    guard step > 0, next.step > 0 else { return nil }
    if let extent { return resolved(followedBy: next, extent: extent) }
    guard step == 1, next.step == 1, start >= 0, next.start >= 0,
      let end = end(followedBy: next), let first = start.adding(next.start)
    else { return nil }
    return AxisSlice(axis: axis, start: first, end: end, step: 1)
  }

  private func resolved(followedBy next: AxisSlice, extent: Int) -> AxisSlice? {
    let outer = resolved(extent: extent)
    let inner = next.resolved(extent: outer.count)
    guard inner.count > 0 else { return AxisSlice(axis: axis, start: 0, end: 0, step: 1) }
    // Nothing here exceeds the extent, but for steps that are never taken.
    let step = inner.count == 1 ? 1 : outer.step * inner.step
    let start = outer.start + inner.start * outer.step
    return AxisSlice(
      axis: axis, start: start, end: start + (inner.count - 1) * step + 1, step: step)
  }

  private func end(followedBy next: AxisSlice) -> Int? {
    switch (end < 0, next.end < 0) {
    case (false, false): next.end.adding(start).map { Swift.min($0, end) } ?? end
    case (true, true): end.adding(next.end)
    case (true, false): next.takesRest ? end : nil
    case (false, true): takesRest ? next.end : nil
    }
  }

  /// Whether the end lies behind that of any axis.
  private var takesRest: Bool { end >= Int(Int32.max) }
}

extension Int {
  /// The sum, unless it overflows.
  fileprivate func adding(_ other: Int) -> Int? {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? nil : sum
  }
}

/// What two Slices with stored bounds take one after the other.
enum JointSlices {
  /// One Slice takes the same with these bounds, in the order of axes.
  case bounds([AxisSlice])
  /// The joint end along an axis depends on its extent.
  case open(axis: Int)

  /// Nil unless `node` is a Slice that may stand behind `inner`.
  init?(of node: NodeID, behind inner: SliceView, in graph: Graph) {
    guard let view = SliceView(node, in: graph), graph.rank(of: inner.data) != nil else {
      return nil
    }
    var joint = inner.slices
    for slice in view.slices {
      guard let place = joint.firstIndex(where: { $0.axis == slice.axis }) else {
        joint.append(slice)
        continue
      }
      let extent = graph.shape(of: inner.data)?[slice.axis].count
      guard let both = joint[place].followed(by: slice, extent: extent) else {
        self = .open(axis: slice.axis)
        return
      }
      joint[place] = both
    }
    // In this order, runtimes can tell the result's shape in every version.
    self = .bounds(joint.sorted { $0.axis < $1.axis })
  }
}

extension Rewriter {
  /// Stores the bounds of `slices` as a Slice reads them behind its data since operator set 10.
  mutating func bounds(of slices: [AxisSlice], for node: NodeID) -> [ValueID?] {
    let columns = [
      ("starts", slices.map(\.start)), ("ends", slices.map(\.end)), ("axes", slices.map(\.axis)),
      ("steps", slices.map(\.step)),
    ]
    let isPlain = slices.allSatisfy { $0.step == 1 }
    let base = label(node)
    return columns.dropLast(isPlain ? 1 : 0).map { addIntegers($1, name: "\(base)_\($0)") }
  }
}

extension Graph {
  /// Writes the bounds of `slices`, whose steps are 1, as a Slice holds them before operator set 10.
  mutating func setBounds(of node: NodeID, to slices: [AxisSlice]) {
    let columns: [(String, [Int])] = [
      ("axes", slices.map(\.axis)), ("starts", slices.map(\.start)), ("ends", slices.map(\.end)),
    ]
    for (name, numbers) in columns {
      setAttribute(of: node, name, to: .ints(numbers.map(Int64.init)))
    }
  }
}
