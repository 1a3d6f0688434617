internal import IR

/// A Transpose, Reshape, Squeeze or Unsqueeze, restated for data that lack one axis.
struct LayoutStep {
  let node: NodeID
  let kind: OperatorKind
  /// The permutation, the extents asked for, or the axes that go or come, without the axis that is
  /// dropped.
  let numbers: [Int]
  /// Where the dropped axis stands behind the node as it is.
  let axisBehind: Int

  /// Nil for other operators, for a Squeeze that takes the dropped axis itself or names none, and for a
  /// Reshape that asks for computed extents or joins the axis with others.
  init?(_ node: NodeID, dropping axis: Int, in graph: Graph) {
    guard let kind = graph.nodes[node].op.kind else { return nil }
    let moved: Int
    switch kind {
    case .transpose:
      guard let permutation = TransposeView(node, in: graph)?.permutation,
        let place = permutation.firstIndex(of: axis)
      else { return nil }
      numbers = permutation.filter { $0 != axis }.map { $0 > axis ? $0 - 1 : $0 }
      moved = place
    case .squeeze:
      guard let view = SqueezeView(node, in: graph), view.areAxesStated, !view.axes.contains(axis)
      else { return nil }
      numbers = view.axes.map { $0 > axis ? $0 - 1 : $0 }
      moved = axis - view.axes.count { $0 < axis }
    case .unsqueeze:
      guard let added = UnsqueezeView(node, in: graph)?.axes.sorted() else { return nil }
      // New axes are numbered as they stand in the result.
      let place = added.reduce(axis) { $1 <= $0 ? $0 + 1 : $0 }
      numbers = added.map { $0 > place ? $0 - 1 : $0 }
      moved = place
    case .reshape:
      guard let found = Self.reshape(node, dropping: axis, in: graph) else { return nil }
      numbers = found.extents
      moved = found.axisBehind
    default: return nil
    }
    self.node = node
    self.kind = kind
    axisBehind = moved
  }

  private static func reshape(
    _ node: NodeID, dropping axis: Int, in graph: Graph
  ) -> (extents: [Int], axisBehind: Int)? {
    guard let view = ReshapeView(node, in: graph), var extents = view.requested,
      let group = graph.axisFactorization(of: node)?.group(ofInput: axis),
      let before = graph.shape(of: view.data),
      let after = graph.nodes[node].output(0).flatMap({ graph.shape(of: $0) }),
      group.inputAxes.filter({ before[$0] != .known(1) }) == [axis],
      let behind = group.outputAxes.first(where: { after[$0] == before[axis] }),
      group.outputAxes.allSatisfy({ $0 == behind || after[$0] == .known(1) })
    else { return nil }
    // A 0 copies the extent of the axis with its own number, which dropping one would change.
    guard !extents.dropFirst(min(axis, behind)).contains(0) else { return nil }
    extents.remove(at: behind)
    return (extents.map(Int.init), behind)
  }
}
