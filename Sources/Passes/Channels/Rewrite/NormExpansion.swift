internal import IR

/// Writes a normalisation out in basic operators, so that it counts slots that it is no longer given.
///
/// ```
/// before: %y = LayerNormalization(%x, %γ, %β)      60 of the 64 slots of %x stay
/// after:  %m = ReduceMean(%x) · 60/64 + Σk/64      %d = %x − %m
///         %v = ReduceMean(%d·%d) · 60/64 + (%m − k̄)² · 4/64 + (Σ(k − k̄)²/64 + ε)
///         %y = %d / √%v · %γ + %β
/// ```
///
/// Legal case: the slots that are gone are constants k, with mean k̄, in groups that lose equally many. All
/// terms of the variance are squares, so that nothing cancels.
struct NormExpansion {
  private let node: NodeID
  private let needs: Needs
  private let link: NormalizedLink
  private let epsilon: Double
  private let groups: [RemovedSlots]
  private let chain: NodeChain

  /// Nil unless `node` loses slots that it has to count.
  init?(_ node: NodeID, _ link: NormalizedLink, needs: Needs) {
    let graph = needs.model.graph
    guard link.constants == .counted, needs.isNarrowed(link.output.axis),
      let epsilon = LayerNormalizationView(node, in: graph)?.epsilon
        ?? GroupNormalizationView(node, in: graph)?.epsilon
    else { return nil }
    groups = RemovedSlots.groups(
      link.groups, keeping: needs[link.output.axis], of: link.data.axis, needs: needs)
    guard groups.contains(where: { !$0.values.isEmpty }) else { return nil }
    self.node = node
    self.needs = needs
    self.link = link
    self.epsilon = Double(epsilon)
    chain = NodeChain(before: node, label: graph.label(node))
  }

  func run(on rewriter: inout Rewriter) {
    let row = rewriter.graph.nodes[node]
    guard let data = row.input(0), let scale = row.input(1), let result = row.output(0),
      let rank = rewriter.graph.rank(of: data)
    else { return }
    let trailing = rank - 1 - link.output.position
    let normal =
      row.op.kind == .groupNormalization
      ? normalizedGroups(data, &rewriter) : normalized(data, axis: rank - 1, &rewriter)
    let factor = chain.broadcast(scale, over: trailing, &rewriter)
    var last = (kind: OperatorKind.mul, operands: [normal, factor])
    if let shift = row.input(2) {
      let summand = chain.broadcast(shift, over: trailing, &rewriter)
      last = (.add, [chain.add(.mul, last.operands, &rewriter), summand])
    }
    narrowType(of: result, &rewriter)
    let draft = NodeDraft(
      Operator(last.kind), inputs: last.operands, origin: .pass(ChannelPruning.name))
    rewriter.replace(node, with: draft, ChannelPruning.counting, detail)
  }

  /// The same with the channels and positions of each group on one axis in between.
  private func normalizedGroups(_ data: ValueID, _ rewriter: inout Rewriter) -> ValueID {
    let grouped = chain.grouped(
      data, of: needs[link.output.axis].count, by: groups.count, &rewriter)
    return chain.shaped(normalized(grouped, axis: 2, &rewriter), like: data, &rewriter)
  }

  private var detail: String {
    let gone = groups.reduce(0) { $0 + $1.values.count }
    return "counts \(gone) constant slots that it is no longer given"
  }

  /// The data, less their mean, over their deviation, both taken along `axis`.
  private func normalized(_ data: ValueID, axis: Int, _ rewriter: inout Rewriter) -> ValueID {
    let share = groups.map(\.share)
    var average = chain.add(
      .mul, [chain.mean(of: data, axis: axis, &rewriter), chain.numbers(share, &rewriter)],
      &rewriter)
    if groups.contains(where: { $0.sum != 0 }) {
      average = chain.add(
        .add, [average, chain.numbers(groups.map { $0.sum / $0.width }, &rewriter)], &rewriter)
    }
    let centred = chain.add(.sub, [data, average], &rewriter)
    let squares = chain.add(.mul, [centred, centred], &rewriter)
    let square = chain.mean(of: squares, axis: axis, &rewriter)
    let own = chain.add(.mul, [square, chain.numbers(share, &rewriter)], &rewriter)
    var variance = chain.add(
      .add, [own, chain.squaredDistances(of: groups, from: average, &rewriter)], &rewriter)
    let least = groups.map { $0.spread / $0.width + epsilon }
    variance = chain.add(.add, [variance, chain.numbers(least, &rewriter)], &rewriter)
    return chain.add(.div, [centred, chain.add(.sqrt, [variance], &rewriter)], &rewriter)
  }

  private func narrowType(of result: ValueID, _ rewriter: inout Rewriter) {
    guard var type = rewriter.graph.values[result].type?.tensor else { return }
    type.shape?[link.output.position] = .known(needs[link.output.axis].count)
    rewriter.edit { $0.setType(of: result, to: .tensor(type)) }
  }
}
