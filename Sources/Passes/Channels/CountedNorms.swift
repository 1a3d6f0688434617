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
    let data: Place
    let group: Int

    fileprivate func decision(
      _ trial: ChannelModel, pays: Bool, costs: (counted: Double, whole: Double)
    ) -> CostDecision {
      let constants = trial.facts(data.axis).count { $0 != .unknown }
      let extent = trial.axes.extent(data.axis) ?? 0
      return CostDecision(
        node: trial.graph.label(node),
        value: trial.graph.values[trial.axes.places[data.axis.index].value].name,
        needed: extent - constants, kept: extent, isNarrowed: pays, narrowCost: costs.counted,
        wideCost: costs.whole, group: group)
    }
  }

  /// The normalisations of 32-bit floats that keep constant slots only to count them.
  static func candidates(_ model: ChannelModel) -> [Candidate] {
    model.order.flatMap { node in
      model.links[node].compactMap { link -> Candidate? in
        let value = model.graph.nodes[node].input(0)
        guard case .normalized(let link) = link, link.constants == .stay,
          value.flatMap({ model.graph.values[$0].elementType }) == .float32,
          model.facts(link.data.axis).contains(where: { $0 != .unknown })
        else { return nil }
        return Candidate(node: node, data: link.data, group: model.groups[link.data.axis.index])
      }
    }
  }

  private static func totalCost(_ model: ChannelModel, _ shapes: ShapeInference) -> Double {
    let (cost, needs) = (CostModel(model, shapes: shapes), Needs(model))
    return model.order.reduce(0) { $0 + cost.cost(of: $1, needs) }
  }
}
