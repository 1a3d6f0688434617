internal import IR

/// A normalisation of groups of channels that a model spells out for want of an operator, as PyTorch does
/// before operator set 21.
///
/// ```
/// %r = Reshape(%x, [0, g, -1])  %n = InstanceNormalization(%r, %γ, %β)  %y = Reshape(%n, Shape(%x))
/// ```
///
/// `%γ` and `%β` hold one number a group. Channel analysis cannot follow channels into an axis that they
/// share with positions; merged to one operator it can. As that operator may be unknown to the graph's
/// version, it must not outlive the pass that asks: `separate` takes it apart again.
struct ReshapedGroupNorm {
  /// What is normalised; its second axis holds the channels.
  let data: ValueID
  private let first: NodeID
  private let norm: NodeID
  private let last: NodeID
  private let groups: Int
  private let width: Int

  /// Nil unless `norm` normalises groups between a Reshape that makes them and one that restores the
  /// shape, none of which anybody else reads.
  init?(around norm: NodeID, in graph: Graph) {
    let row = graph.nodes[norm]
    guard row.op.kind == .instanceNormalization, let grouped = row.input(0),
      let result = row.output(0), graph.soleReader(of: grouped) != nil,
      let first = graph.producer(of: grouped), let (last, place) = graph.soleReader(of: result),
      place == 0, let data = graph.nodes[first].input(0),
      let groups = Self.groups(made: first, in: graph),
      let channels = graph.shape(of: data)?[1].count, channels > 0, channels % groups == 0,
      Self.restores(last, theShapeOf: data, in: graph),
      (1...2).compactMap({ graph.constant(row.input($0)) }).count(where: {
        $0.shape == [groups] && $0.isSliceable
      }) == 2
    else { return nil }
    self.data = data
    self.first = first
    self.norm = norm
    self.last = last
    self.groups = groups
    width = channels / groups
  }

  /// How many groups a Reshape to [batch, groups, …] makes of the axes behind the first.
  private static func groups(made node: NodeID, in graph: Graph) -> Int? {
    guard graph.nodes[node].op.kind == .reshape, let data = graph.nodes[node].input(0),
      let result = graph.nodes[node].output(0), let shape = graph.shape(of: result),
      shape.count >= 3, let rank = graph.rank(of: data), rank >= 3,
      let batch = graph.axisFactorization(of: node)?.groups.first, batch.isSameAxis
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
}

extension ReshapedGroupNorm {
  /// Makes one GroupNormalization of the three nodes.
  ///
  /// Nil, and nothing is changed, if channels were closed in between.
  func merge(_ rewriter: inout Rewriter) -> NodeID? {
    let inner = [first, norm].compactMap { rewriter.graph.nodes[$0].output(0) }
    guard !inner.contains(where: rewriter.isMarked) else { return nil }
    let row = rewriter.graph.nodes[norm]
    let slots = (0..<groups).flatMap { Array(repeating: $0, count: width) }
    let parameters = (1...2).compactMap { rewriter.graph.constant(row.input($0)) }.map {
      rewriter.addConstant($0.selecting([(0, slots)]), name: rewriter.label(norm) + "_merged")
    }
    let epsilon = row.attributes.filter { $0.name == "epsilon" }
    let draft = NodeDraft(
      Operator(.groupNormalization), name: row.name, inputs: [data] + parameters,
      attributes: epsilon + [Attribute("num_groups", .int(Int64(groups)))], origin: row.origin)
    let name = rewriter.freshName(rewriter.label(norm) + "_merged")
    let merged = rewriter.edit { $0.insert(draft, results: [(name, nil)], before: last) }
    if let result = rewriter.graph.nodes[merged].output(0) { takeOver(result, &rewriter) }
    return merged
  }

  /// Gives `result` the readers and the name of the last result, and removes the nodes.
  private func takeOver(_ result: ValueID, _ rewriter: inout Rewriter) {
    let shape = rewriter.graph.nodes[last].input(1).flatMap { rewriter.graph.producer(of: $0) }
    rewriter.edit { $0.replaceInput(of: last, at: 0, with: result) }
    rewriter.bypass(last, with: result)
    let type = rewriter.graph.values[data].type
    rewriter.edit { $0.setType(of: result, to: type) }
    rewriter.remove(norm)
    rewriter.remove(first)
    guard let shape, let extents = rewriter.graph.nodes[shape].output(0),
      rewriter.graph.values[extents].uses.isEmpty
    else { return }
    rewriter.remove(shape)
  }

  /// Writes a merged node with three again, whatever groups it has lost.
  static func separate(_ merged: NodeID, _ rewriter: inout Rewriter) {
    let row = rewriter.graph.nodes[merged]
    guard let view = GroupNormalizationView(merged, in: rewriter.graph) else { return }
    let chain = NodeChain(before: merged, label: rewriter.label(merged))
    let shape = chain.integers([0, view.groups, -1], as: "shape", &rewriter)
    let grouped = chain.add(.reshape, [view.data, shape], &rewriter)
    let parameters = [view.scale, view.shift].compactMap { rewriter.graph.constant($0) }.map {
      let firsts = stride(from: 0, to: $0.count, by: $0.count / view.groups)
      return rewriter.addConstant($0.selecting([(0, Array(firsts))]), name: chain.label + "_group")
    }
    let normal = chain.add(
      .instanceNormalization, [grouped] + parameters,
      attributes: row.attributes.filter { $0.name == "epsilon" }, &rewriter)
    let extents = chain.add(.shape, [view.data], &rewriter)
    let restored = chain.add(.reshape, [normal, extents], &rewriter)
    rewriter.edit { $0.replaceInput(of: merged, at: 0, with: restored) }
    rewriter.bypass(merged, with: restored)
  }
}
