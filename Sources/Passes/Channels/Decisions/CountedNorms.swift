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
    var cost = Self.totalCost(model, shapes)
    for group in Set(candidates.map(\.group)).sorted() {
      let members = candidates.filter { $0.group == group }
      let trial = ChannelModel(graph, countedNorms: nodes.union(members.map(\.node)))
      let trialCost = Self.totalCost(trial, shapes)
      let pays = trialCost < cost
      decisions += members.map { $0.decision(trial, pays: pays, costs: (trialCost, cost)) }
      guard pays else { continue }
      nodes.formUnion(members.map(\.node))
      cost = trialCost
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

  private static func totalCost(_ model: ChannelModel, _ shapes: ShapeInference) -> Double {
    let (cost, needs) = (CostModel(model, shapes: shapes), Needs(model))
    return model.order.reduce(0) { $0 + cost.cost(of: $1, needs) }
  }
}
