internal import IR

/// A Transpose, Squeeze or Unsqueeze, restated for data that lack one axis.
struct LayoutStep {
  let node: NodeID
  let kind: OperatorKind
  /// The permutation, or the axes that go or come, without the axis that is dropped.
  let axes: [Int]
  /// Where the dropped axis stands behind the node as it is.
  let axisBehind: Int

  /// Nil for other operators, and for a Squeeze that takes the dropped axis itself or names none.
  init?(_ node: NodeID, dropping axis: Int, in graph: Graph) {
    guard let kind = graph.nodes[node].op.kind else { return nil }
    let moved: Int
    switch kind {
    case .transpose:
      guard let permutation = TransposeView(node, in: graph)?.permutation,
        let place = permutation.firstIndex(of: axis)
      else { return nil }
      axes = permutation.filter { $0 != axis }.map { $0 > axis ? $0 - 1 : $0 }
      moved = place
    case .squeeze:
      guard let view = SqueezeView(node, in: graph), view.areAxesStated, !view.axes.contains(axis)
      else { return nil }
      axes = view.axes.map { $0 > axis ? $0 - 1 : $0 }
      moved = axis - view.axes.count { $0 < axis }
    case .unsqueeze:
      guard let added = UnsqueezeView(node, in: graph)?.axes.sorted() else { return nil }
      // New axes are numbered as they stand in the result.
      let place = added.reduce(axis) { $1 <= $0 ? $0 + 1 : $0 }
      axes = added.map { $0 > place ? $0 - 1 : $0 }
      moved = place
    default: return nil
    }
    self.node = node
    self.kind = kind
    axisBehind = moved
  }
}
