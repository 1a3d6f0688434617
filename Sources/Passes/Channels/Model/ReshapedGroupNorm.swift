internal import IR

/// A normalisation of groups of channels that a model spells out for want of an operator, as PyTorch does
/// before operator set 21.
///
/// ```
/// %r = Reshape(%x, [0, g, -1])  %n = InstanceNormalization(%r, %γ, %β)  %y = Reshape(%n, Shape(%x))
/// ```
///
/// `%γ` and `%β` hold one number a group. None of the values between is read by anybody else.
struct ReshapedGroupNorm {
  /// What is normalised; its second axis holds the channels.
  let data: ValueID
  /// Makes the groups.
  let first: NodeID
  /// Normalises them.
  let norm: NodeID
  /// Restores the shape.
  let last: NodeID
  let groups: Int
  /// The channels of a group.
  let width: Int

  /// Nil unless `norm` is the middle of such nodes.
  init?(around norm: NodeID, in graph: Graph) {
    let row = graph.nodes[norm]
    guard row.op.kind == .instanceNormalization, let grouped = row.input(0),
      let result = row.output(0), graph.soleReader(of: grouped) != nil,
      let first = graph.producer(of: grouped), let (last, place) = graph.soleReader(of: result),
      place == 0, let data = graph.nodes[first].input(0),
      let groups = Self.groups(made: first, in: graph),
      let channels = graph.shape(of: data)?[1].count, Self.isAffordable(channels, graph),
      channels % groups == 0, Self.restores(last, theShapeOf: data, in: graph),
      Self.hasParameters(norm, groups, in: graph)
    else { return nil }
    self.data = data
    self.first = first
    self.norm = norm
    self.last = last
    self.groups = groups
    width = channels / groups
  }

  /// A file can declare any number of channels; some weights should have made them.
  private static func isAffordable(_ channels: Int, _ graph: Graph) -> Bool {
    channels > 0 && AxisTable.plausibleExtents.contains(channels)
      && channels <= graph.storedByteCount
  }

  /// How many groups a Reshape to [batch, groups, …] makes of the axes behind the first.
  private static func groups(made node: NodeID, in graph: Graph) -> Int? {
    guard graph.nodes[node].op.kind == .reshape, let data = graph.nodes[node].input(0),
      let result = graph.nodes[node].output(0), let shape = graph.shape(of: result),
      shape.count >= 3, let rank = graph.rank(of: data), rank >= 3,
      let batch = graph.axisFactorization(of: node)?.groups.first, batch.inputAxes == 0..<1,
      batch.outputAxes.lowerBound == 0, !batch.outputAxes.isEmpty,
      // A single group may count as a part of the batch.
      batch.outputAxes.dropFirst().allSatisfy({ shape[$0].count == 1 })
    else { return nil }
    return shape[1].count.flatMap { $0 > 0 ? $0 : nil }
  }

  private static func restores(
    _ node: NodeID, theShapeOf data: ValueID, in graph: Graph
  ) -> Bool {
    guard graph.nodes[node].op.kind == .reshape, let result = graph.nodes[node].output(0) else {
      return false
    }
    if let source = graph.nodes[node].input(1).flatMap({ graph.producer(of: $0) }),
      let view = ShapeView(source, in: graph), view.data == data,
      view.axes.count == graph.rank(of: data)
    {
      return true
    }
    guard let shape = graph.shape(of: data), !shape.contains(.unknown) else { return false }
    return graph.shape(of: result) == shape
  }

  private static func hasParameters(_ norm: NodeID, _ groups: Int, in graph: Graph) -> Bool {
    let stored = (1...2).compactMap { graph.constant(graph.nodes[norm].input($0)) }
    return stored.count == 2 && stored.allSatisfy { $0.shape == [groups] && $0.isSliceable }
      && graph.attribute(norm, "epsilon", default: Float(1e-5)) != nil
  }
}
