internal import IR

/// Says what became of a slot, and why.
struct FateTracer {
  private let flow: SlotFlow
  private let absorbers: AbsorberTable
  private let decisions: [CostDecision]
  private var needs: Needs { flow.needs }
  private var model: ChannelModel { flow.model }

  init(_ flow: SlotFlow, decisions: [CostDecision]) {
    self.flow = flow
    self.decisions = decisions
    absorbers = AbsorberTable(flow)
  }

  /// What became of a constant slot.
  func fate(of slot: Int, on axis: AxisID) -> ChannelFate.Fate {
    if needs[axis].contains(slot) { return .kept(reason(of: slot, on: axis)) }
    let found = absorbers.absorbers(of: Spot(axis: axis, slot: slot))
    if !found.carriers.isEmpty { return .carried(by: found.carriers) }
    return found.biases.isEmpty ? .removed : .folded(into: found.biases)
  }

  /// Whether all readers of the axis's value index it by weights or by stored indices, so that
  /// an unread slot cannot be explained by what follows.
  func isReadByWeightsAlone(_ axis: AxisID) -> Bool {
    let uses = flow.readers(of: axis)
    return !uses.isEmpty
      && uses.allSatisfy {
        switch $0.link {
        case .linear(let linear): !linear.isDepthwise
        case .selected: true
        default: false
        }
      }
  }

  /// Why a slot stays: the first reader, in graph order, that keeps it.
  private func reason(of slot: Int, on axis: AxisID) -> KeptReason {
    var spot = Spot(axis: axis, slot: slot)
    while true {
      if let barrier = model.barriers[spot.axis.index] { return reason(barrier, spot.axis) }
      switch step(from: spot) {
      case .reason(let reason): return reason
      case .further(let next): spot = next
      case .nowhere: return reasonWithoutReader(spot.axis)
      }
    }
  }

  private enum Step {
    case reason(KeptReason)
    case further(Spot)
    case nowhere
  }

  private func step(from spot: Spot) -> Step {
    let isConstant = flow.isFollowed(spot)
    for reading in flow.readers(of: spot.axis) {
      if let reason = reason(spot, reading) { return .reason(reason) }
      for next in flow.destinations(of: spot, through: reading)
      where needs[next.axis].contains(next.slot) {
        let losesConstant = isConstant && !flow.isFollowed(next)
        return losesConstant
          ? .reason(reason(reading.link, losingConstantAt: reading.node)) : .further(next)
      }
    }
    return .nowhere
  }

  private func reasonWithoutReader(_ axis: AxisID) -> KeptReason {
    let group = model.groups[axis.index]
    if let wide = decisions.first(where: { !$0.isNarrowed && $0.group == group }) {
      return KeptReason(
        subject: wide.node, rule: "selecting channels there costs more than it saves")
    }
    let value = model.axes.places[axis.index].value
    if let node = normalization(making: axis) {
      let type = model.graph.nodes[node].op.type
      return KeptReason(subject: model.graph.label(node), rule: "\(type) writes all channels")
    }
    if let node = groupedOperator(around: axis) {
      return KeptReason(
        subject: model.graph.label(node), rule: "its groups keep equally many channels")
    }
    return KeptReason(
      subject: model.graph.values[value].name, rule: "a value keeps at least one channel")
  }

  private func normalization(making axis: AxisID) -> NodeID? {
    model.graph.producer(of: model.axes.places[axis.index].value).flatMap { node in
      let makes = model.links[node].contains {
        if case .normalized(let link) = $0 { link.output.axis == axis } else { false }
      }
      return makes ? node : nil
    }
  }

  /// A linear operator with several groups that reads the axis, or makes it.
  private func groupedOperator(around axis: AxisID) -> NodeID? {
    let value = model.axes.places[axis.index].value
    let makers = [model.graph.producer(of: value)].compactMap { $0 }
    let nodes = flow.readers(of: axis).map(\.node) + makers
    return nodes.first { node in
      guard let link = model.links[node].firstLinear, link.groups > 1 else { return false }
      return link.data.axis == axis || link.output.axis == axis
    }
  }

  /// Why a constant slot stays that `node` makes something else of.
  private func reason(_ link: AxisLink, losingConstantAt node: NodeID) -> KeptReason {
    let kind = model.graph.nodes[node].op.kind
    let cause =
      switch link {
      case .linear: "its windows reach into padding"
      case .aligned where kind == .maxPool || kind == .averagePool:
        "its windows reach into padding"
      case .aligned(let link) where link.transfer.isBordered: "its border holds another number"
      case .aligned(let link) where link.transfer.jumps: "it jumps, and the constant is rounded"
      case .aligned(let link) where link.transfer.isUnary: "it makes another number of it"
      case .aligned: "what it is combined with varies"
      default: "it comes together with others"
      }
    let type = model.graph.nodes[node].op.type
    return KeptReason(
      subject: model.graph.label(node), rule: "is not constant behind \(type): \(cause)")
  }

  /// Why the node itself keeps a slot, if it does.
  private func reason(_ spot: Spot, _ reading: Reading) -> KeptReason? {
    let (fact, node) = (model.fact(of: spot.slot, on: spot.axis), reading.node)
    let rule: String
    switch reading.link {
    case .linear(let linear) where linear.isDepthwise: return nil
    case .linear(let linear): return reason(spot.slot, linear, reading)
    case .contracted: rule = "multiplies it with values that are not zero"
    case .reduced(_, .mean) where fact == .unknown: rule = "averages over it"
    case .reduced where !fact.isZero: rule = "reduces it with others"
    case .normalized(let link) where link.constants == .stay || !flow.isFollowed(spot):
      rule = "\(model.graph.nodes[node].op.type) reads all channels"
    default: return nil
    }
    return KeptReason(subject: model.graph.label(node), rule: rule)
  }

  private func reason(_ slot: Int, _ link: LinearLink, _ reading: Reading) -> KeptReason? {
    guard let plan = reading.plan, plan.needed.contains(slot) else { return nil }
    let subject = model.graph.label(reading.node)
    return KeptReason(subject: subject, rule: rule(keeping: slot, link, plan))
  }

  private func rule(keeping slot: Int, _ link: LinearLink, _ plan: DataNeeds) -> String {
    if model.fact(of: slot, on: link.data.axis) != .unknown {
      return link.reader.mayTouchPadding && !link.isDepthwise
        ? "windows reach into padding: carries the other constants"
        : "cannot add a constant to its result"
    }
    guard model.ties.isTied(slot, on: link.data.axis) else { return "has a weight for it" }
    if plan.carries(slot) { return "carries others that were constant before" }
    return link.reader.mayTouchPadding
      ? "windows reach into padding, where its shift is missing"
      : "what became of its constant varies"
  }

  private func reason(_ barrier: Barrier, _ axis: AxisID) -> KeptReason {
    let graph = model.graph
    let value = graph.values[model.axes.places[axis.index].value].name
    switch barrier {
    case .graphInput: return KeptReason(subject: value, rule: "is an input of the graph")
    case .graphOutput: return KeptReason(subject: value, rule: "is an output of the graph")
    case .reader(let node):
      return KeptReason(
        subject: graph.label(node), rule: "\(graph.nodes[node].op.type) reads all channels")
    case .measured(let node):
      let rule = "\(graph.nodes[node].op.type) computes with the number of channels"
      return KeptReason(subject: graph.label(node), rule: rule)
    case .writer(let node):
      return KeptReason(
        subject: graph.label(node), rule: "\(graph.nodes[node].op.type) writes all channels")
    case .frozen: return KeptReason(subject: value, rule: "no stored weights index it")
    }
  }
}

extension AlignedLink.Transfer {
  fileprivate var isUnary: Bool { if case .unary = self { true } else { false } }

  fileprivate var isBordered: Bool { if case .bordered = self { true } else { false } }

  fileprivate var jumps: Bool {
    if case .unary(let function) = self { !function.isContinuous } else { false }
  }
}
