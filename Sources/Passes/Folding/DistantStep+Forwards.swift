internal import IR

// Folding a per-channel step into the layers whose data it makes.

extension DistantStep {
  /// `axes` may be older than the graph: folding gives no value another shape.
  func foldForwards(_ rewriter: inout Rewriter, _ axes: AxisTable) -> Bool {
    guard let place = axes.id(of: result, axis: axis) else { return false }
    var plans: [ForwardPlan] = []
    for use in rewriter.graph.values[result].uses {
      guard case .node(let reader, _) = use,
        let plan = plan(for: reader, reading: result, place, &rewriter, axes)
      else { return false }
      plans.append(plan)
    }
    guard !plans.isEmpty, isSmaller(plans, rewriter.graph) else { return false }
    let rule = affine.isShifted ? GateFolding.shifting : GateFolding.forwards
    for plan in plans {
      let detail = "\(plan.scale.count) channels into \(rewriter.label(plan.layer.node))"
      rewriter.apply(rule, to: rewriter.label(node), detail) { _ in }
      plan.install(&rewriter)
      rewriter.note(rescaled: plan.passed)
    }
    return true
  }

  /// Whether new biases of several layers take no more room than the numbers they replace.
  private func isSmaller(_ plans: [ForwardPlan], _ graph: Graph) -> Bool {
    let added = plans.filter { $0.bias != nil && $0.layer.biasOperand == nil }
      .reduce(0) { $0 + $1.layer.extent }
    let freed = affine.parameters.filter { graph.values[$0].uses.count == 1 }
      .reduce(0) { $0 + (graph.constant($1)?.count ?? 0) }
    return plans.count == 1 || added <= freed
  }

  /// What folding into the first layer from `reader` on takes; nil if something stands in the way.
  private func plan(
    for reader: NodeID, reading value: ValueID, _ place: AxisID, _ rewriter: inout Rewriter,
    _ axes: AxisTable
  ) -> ForwardPlan? {
    let graph = rewriter.graph
    var (reader, value, place, slots) = (reader, value, place, Array(affine.scale.indices))
    var passed: [ValueID] = []
    while true {
      if let layer = LinearLayer(reader, in: graph), graph.nodes[reader].input(0) == value {
        guard let form = layer.inputForm(in: graph), form.extent == slots.count,
          axes.id(of: value, axis: form.dataAxis) == place
        else { return nil }
        let (scale, shift) = (slots.map { affine.scale[$0] }, slots.map { affine.shift[$0] })
        return plan(scale, shift, into: layer, passed, &rewriter)
      }
      let links = ChannelRules.links(of: reader, in: graph, axes: axes)
      guard isTransparent(reader, graph), let next = graph.nodes[reader].output(0),
        let step = Self.step(slots, on: place, through: links),
        let following = graph.soleReader(of: next)?.node
      else { return nil }
      (place, slots) = step
      (value, reader) = (next, following)
      passed.append(next)
    }
  }

  private func plan(
    _ scale: [Double], _ shift: [Double], into layer: LinearLayer, _ passed: [ValueID],
    _ rewriter: inout Rewriter
  ) -> ForwardPlan? {
    let graph = rewriter.graph
    if let obstacle = obstacle(to: layer, graph) {
      rewriter.refuse(GateFolding.name, rewriter.label(node), because: obstacle)
      return nil
    }
    guard let weights = layer.weights(scalingInputs: scale, in: graph) else { return nil }
    guard affine.isShifted else {
      return ForwardPlan(
        layer: layer, scale: scale, weights: weights, bias: nil, passed: passed)
    }
    let ones = Array(repeating: 1.0, count: layer.extent)
    guard let sums = layer.sums(of: shift, in: graph), sums.allSatisfy(\.isFinite) else {
      return nil
    }
    let bias = layer.bias(scaledBy: ones, shiftedBy: sums, in: graph)
    return ForwardPlan(
      layer: layer, scale: scale, weights: weights, bias: bias, passed: passed)
  }

  /// Why the step cannot become part of `layer`.
  private func obstacle(to layer: LinearLayer, _ graph: Graph) -> String? {
    if graph.values[layer.weight].uses.count > 1 { return "the weights behind it are shared" }
    guard affine.isShifted else { return nil }
    if !layer.takesShift { return "MatMul takes no bias" }
    return layer.seesWholeWindows(in: graph)
      ? nil : "windows behind it touch padding, which it would not shift"
  }

  private func isTransparent(_ node: NodeID, _ graph: Graph) -> Bool {
    switch graph.nodes[node].op.kind {
    case .reshape, .flatten, .squeeze, .unsqueeze, .transpose, .reduceMean: true
    default: commutes(node, graph)
    }
  }

  /// Where the slots of an axis are behind a node, and which of them each is.
  private static func step(
    _ slots: [Int], on axis: AxisID, through links: [AxisLink]
  ) -> (AxisID, [Int])? {
    for link in links {
      switch link {
      case .aligned(let link) where link.inputs.first?.axis == axis:
        return (link.output.axis, slots)
      case .regrouped(let regrouping):
        guard let member = regrouping.inputs.first(where: { $0.place.axis == axis }),
          let output = regrouping.outputs.first(where: {
            $0.factors.clamped(to: member.factors) == member.factors
          })
        else { continue }
        let keys = regrouping.coordinates(of: output.factors, onto: member.factors)
        return (output.place.axis, keys.map { slots[$0] })
      default: continue
      }
    }
    return nil
  }
}

/// A layer, and what it stores once it does the work of a step before it.
private struct ForwardPlan {
  let layer: LinearLayer
  let scale: [Double]
  let weights: Constant
  /// Nil if nothing is added.
  let bias: Constant?
  /// The values between the step and the layer, which the step no longer reaches.
  let passed: [ValueID]

  func install(_ rewriter: inout Rewriter) {
    let stored = bias.map { bias in
      layer.biasOperand.map { rewriter.store(bias, over: $0) }
        ?? rewriter.addBias(bias, of: layer.node)
    }
    rewriter.edit {
      $0.replaceConstant(layer.weight, with: weights)
      layer.install(weights: layer.weight, bias: stored, in: &$0)
    }
  }
}
