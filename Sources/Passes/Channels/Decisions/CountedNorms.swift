internal import IR

/// Decides which normalisations are written out, so that constant slots need not be given to them.
///
/// That frees channels of all layers before and behind, but costs several passes over the data where
/// one operator takes two. All normalisations that read the same channels are decided about together:
/// a residual stream loses a channel only if every one of them can do without it.
struct CountedNorms {
  private(set) var nodes: Set<NodeID> = []
  private(set) var decisions: [CostDecision] = []

  init(_ graph: Graph, shapes: ShapeInference) {
    let model = ChannelModel(graph)
    let candidates = Self.candidates(model)
    guard !candidates.isEmpty else { return }
    var best = Outcome(model, shapes)
    for members in Self.trials(candidates) {
      let trial = ChannelModel(graph, countedNorms: nodes.union(members.map(\.node)))
      let outcome = Outcome(trial, shapes)
      let pays = outcome.cost < best.cost && outcome.slots < best.slots
      decisions += members.map { $0.decision(trial, pays: pays, costs: (outcome.cost, best.cost)) }
      guard pays else { continue }
      nodes.formUnion(members.map(\.node))
      best = outcome
    }
  }

  /// Says the same of another graph, in which `others` do what `nodes` did here, or what is left of them.
  mutating func replace(_ nodes: [NodeID], by others: [NodeID]) {
    self.nodes.subtract(nodes)
    self.nodes.formUnion(others)
    // Groups have other numbers there.
    for index in decisions.indices { decisions[index].group = nil }
  }

  /// Those that are decided about together: of one group of axes, and all groups beyond the first few, as
  /// every trial is an analysis of the whole graph.
  private static func trials(_ candidates: [Candidate]) -> [[Candidate]] {
    let groups = Set(candidates.map(\.group)).sorted()
    let single = groups.prefix(maximalTrials - 1).map { group in
      candidates.filter { $0.group == group }
    }
    let rest = Set(groups.dropFirst(maximalTrials - 1))
    return single + (rest.isEmpty ? [] : [candidates.filter { rest.contains($0.group) }])
  }

  private static let maximalTrials = 16

  /// What one run costs, and how many slots linear operators still read and make.
  private struct Outcome {
    let cost: Double
    let slots: Int

    init(_ model: ChannelModel, _ shapes: ShapeInference) {
      let (costs, needs) = (CostModel(model, shapes: shapes), Needs(model))
      cost = model.order.reduce(0) { $0 + costs.cost(of: $1, needs) }
      slots = model.order.compactMap { model.links[$0].firstLinear }.reduce(0) { sum, link in
        sum + needs[link.data.axis].count + needs[link.output.axis].count
      }
    }
  }

  /// A normalisation that constant slots go into.
  struct Candidate {
    let node: NodeID
    let axis: AxisID
    let group: Int

    fileprivate func decision(
      _ trial: ChannelModel, pays: Bool, costs: (counted: Double, whole: Double)
    ) -> CostDecision {
      let constants = trial.facts(axis).count { $0 != .unknown }
      let extent = trial.axes.extent(axis) ?? 0
      return CostDecision(
        node: trial.graph.label(node),
        value: trial.graph.values[trial.axes.places[axis.index].value].name,
        needed: extent - constants, kept: extent, isNarrowed: pays, narrowCost: costs.counted,
        wideCost: costs.whole, group: group)
    }
  }

  /// The normalisations of 32-bit floats that keep constant slots only to count them.
  static func candidates(_ model: ChannelModel) -> [Candidate] {
    model.order.compactMap { node in
      guard let axis = normalizedAxis(of: node, model),
        model.facts(axis).contains(where: { $0 != .unknown })
      else { return nil }
      let value = model.axes.places[axis.index].value
      guard model.graph.values[value].elementType == .float32 else { return nil }
      return Candidate(node: node, axis: axis, group: model.groups[axis.index])
    }
  }

  /// How many normalisations constant slots go into that could be written out.
  static func countable(_ model: ChannelModel) -> Int {
    let reshaped = model.order.compactMap { ReshapedGroupNorm(around: $0, in: model.graph) }
    return candidates(model).count
      + reshaped.count { norm in
        model.graph.values[norm.data].elementType == .float32
          && model.axes.id(of: norm.data, axis: 1).map {
            model.facts($0).contains { $0 != .unknown }
          } ?? false
      }
  }

  /// The axis that `node` normalises, or takes the mean of squares of in a normalisation.
  private static func normalizedAxis(of node: NodeID, _ model: ChannelModel) -> AxisID? {
    for case .normalized(let link) in model.links[node] where link.constants == .stay {
      return link.data.axis
    }
    guard let norm = WrittenOutNorm(around: node, in: model.graph),
      model.links[node].contains(where: { if case .reduced(_, .mean) = $0 { true } else { false } })
    else { return nil }
    return model.axes.id(of: norm.data, axis: norm.axis)
  }
}
