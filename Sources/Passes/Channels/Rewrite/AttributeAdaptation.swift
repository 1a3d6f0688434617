internal import IR

/// Brings the parameters of a node in line with the slots its operands have now.
struct AttributeAdaptation {
  let node: NodeID
  let needs: Needs

  init(_ node: NodeID, needs: Needs) {
    self.node = node
    self.needs = needs
  }

  func run(on rewriter: inout Rewriter) {
    for link in needs.model.links[node] {
      switch link {
      case .linear(let link): setGroups(link, &rewriter)
      case .reduced(let data, .mean): rescale(data, isSum: false, &rewriter)
      case .reduced(let data, .sum): rescale(data, isSum: true, &rewriter)
      case .reduced(let data, .variance(let axis, let norm)):
        restoreVariance(data, of: axis, norm, &rewriter)
      case .normalized(let link): adapt(link, &rewriter)
      case .concatenated(let output, let inputs): dropOperands(inputs, of: output, &rewriter)
      case .bordered(let link): setBorders(link, &rewriter)
      case .divided(let outputs, let input): setSizes(outputs, input, &rewriter)
      case .selected(let output, let input, let indices):
        reselect(indices, output, input, &rewriter)
      case .contracted(let link): stateScale(link.left, &rewriter)
      case .regrouped, .aligned, .reduced: break
      }
    }
    ExtentOverride(node, needs: needs)?.run(on: &rewriter)
  }

  private var kind: OperatorKind? { needs.model.graph.nodes[node].op.kind }

  private func setGroups(_ link: LinearLink, _ rewriter: inout Rewriter) {
    let live = needs.groups(of: link).live.count
    guard link.groups > 1, live < link.groups else { return }
    setAttribute("group", .int(Int64(live)), &rewriter)
  }

  private func adapt(_ link: NormalizedLink, _ rewriter: inout Rewriter) {
    switch link.constants {
    case .stay: setNormGroups(link, &rewriter)
    case .zerosGo: restoreCount(link, &rewriter)
    case .counted:
      if let expansion = NormExpansion(node, link, needs: needs) {
        expansion.run(on: &rewriter)
      } else {
        setNormGroups(link, &rewriter)
      }
    }
  }

  /// With L of C slots, x/√(Σx²/C + ε) = √(C/L) · x/√(Σx²/L + ε·C/L).
  private func restoreCount(_ link: NormalizedLink, _ rewriter: inout Rewriter) {
    let kept = needs[link.output.axis]
    guard needs.isNarrowed(link.output.axis), let scale = rewriter.graph.nodes[node].input(1),
      let view = LayerNormalizationView(node, in: rewriter.graph),
      let stored = rewriter.graph.constant(scale)
    else { return }
    let ratio = Double(kept.extent) / Double(kept.count)
    let factors = Array(repeating: ratio.squareRoot(), count: kept.count)
    guard let scaled = stored.scaled(by: factors, along: 0) else { return }
    setAttribute("epsilon", .float(Float(Double(view.epsilon) * ratio)), &rewriter)
    let value = rewriter.store(scaled, over: scale)
    rewriter.edit { $0.replaceInput(of: node, at: 1, with: value) }
  }

  private func setNormGroups(_ link: NormalizedLink, _ rewriter: inout Rewriter) {
    guard needs.isNarrowed(link.output.axis), link.groups > 1 else { return }
    let kept = needs[link.output.axis]
    let live = kept.count / (kept.extent / link.groups)
    setAttribute("num_groups", .int(Int64(live)), &rewriter)
  }

  /// Attention divides by the root of the width it sees, unless it is told the factor.
  private func stateScale(_ width: Place, _ rewriter: inout Rewriter) {
    guard let view = AttentionView(node, in: needs.model.graph), view.scale == nil,
      needs.isNarrowed(width.axis), let extent = needs.model.axes.extent(width.axis)
    else { return }
    setAttribute("scale", .float(1 / Float(extent).squareRoot()), &rewriter)
  }

  /// A mean over fewer slots is scaled back to the original count; constants are added.
  private func rescale(_ data: Place, isSum: Bool, _ rewriter: inout Rewriter) {
    guard needs.isNarrowed(data.axis), let extent = needs.model.axes.extent(data.axis) else {
      return
    }
    let kept = needs[data.axis]
    let facts = needs.model.facts(data.axis)
    let sum = kept.complement.slots.reduce(0) { $0 + (facts[$1].value ?? 0) }
    let shift = Float(isSum ? sum : sum / Double(extent))
    let label = rewriter.label(node)
    guard let result = rewriter.graph.nodes[node].output(0) else { return }
    // The Add is placed first: each new node goes right behind the reduction.
    if shift != 0 {
      let value = rewriter.addConstant(Constant([shift], shape: []), name: label + ".shift")
      rewriter.append(
        .add, value, behind: result, rule: ChannelPruning.absorbing, "constant slots of the mean")
    }
    if !isSum {
      let ratio = Float(Double(kept.count) / Double(extent))
      let value = rewriter.addConstant(Constant([ratio], shape: []), name: label + ".ratio")
      rewriter.append(
        .mul, value, behind: result, rule: ChannelPruning.removal, "mean over the original count")
    }
  }

  /// The mean of squares again covers all slots: v·L/C + (m − k̄)²·n/C + Σ(k − k̄)²/C.
  private func restoreVariance(
    _ data: Place, of axis: AxisID, _ norm: WrittenOutNorm, _ rewriter: inout Rewriter
  ) {
    guard needs.isNarrowed(data.axis), let result = rewriter.graph.nodes[node].output(0),
      let mean = rewriter.graph.nodes[norm.centring].input(1),
      let removed = RemovedSlots.groups(1, keeping: needs[data.axis], of: axis, needs: needs)
        .first
    else { return }
    let chain = NodeChain(before: node, label: rewriter.label(node))
    let distance = chain.squaredDistances(of: [removed], from: mean, &rewriter)
    let share = chain.numbers([removed.share], &rewriter)
    var steps = [(OperatorKind.add, distance), (.mul, share)]
    if removed.spread != 0 {
      steps.insert((.add, chain.numbers([removed.spread / removed.width], &rewriter)), at: 0)
    }
    let detail = "counts \(removed.values.count) constant slots"
    // The last goes right behind the reduction, before the others.
    for (kind, operand) in steps {
      rewriter.append(kind, operand, behind: result, rule: ChannelPruning.counting, detail)
    }
  }

  /// An operand of a Concat that gives no slot is left out.
  private func dropOperands(_ inputs: [Place], of output: Place, _ rewriter: inout Rewriter) {
    let parts = needs.parts(of: needs[output.axis], among: inputs)
    guard parts.contains(where: \.isEmpty) else { return }
    let remaining = zip(inputs, parts).filter { !$1.isEmpty }.compactMap(\.0.input)
    rewriter.apply(
      ChannelPruning.removal, to: rewriter.label(node),
      "leaves out \(parts.count - remaining.count) operands"
    ) { graph in
      graph.setInputs(of: node, to: remaining.map { graph.nodes[node].inputs[$0] })
    }
  }

  /// A border keeps as many slots of its own as are needed of it.
  private func setBorders(_ link: BorderedLink, _ rewriter: inout Rewriter) {
    // Another axis of the same node may have been adapted already.
    guard needs.isNarrowed(link.output.axis), let view = PadView(node, in: rewriter.graph) else {
      return
    }
    let end = link.before + needs[link.data.axis].extent
    let kept = needs[link.output.axis].slots
    var (begins, ends) = (view.begins, view.ends)
    begins[link.output.position] = kept.count { $0 < link.before }
    ends[link.output.position] = kept.count { $0 >= end }
    let pads = (begins + ends).map(Int64.init)
    guard rewriter.graph.version >= 11 else {
      return setAttribute(rewriter.graph.version < 2 ? "paddings" : "pads", .ints(pads), &rewriter)
    }
    let label = rewriter.label(node)
    let value = rewriter.addConstant(Constant(pads, shape: [pads.count]), name: label + "_pads")
    rewriter.apply(ChannelPruning.removal, to: label, "borders adapted") { graph in
      // All axes are stated, so none need be listed.
      let inputs = graph.nodes[node].inputs
      graph.setInputs(of: node, to: [inputs[0], value] + inputs.dropFirst(2).prefix(1))
    }
  }

  private func setSizes(_ outputs: [Place], _ input: Place, _ rewriter: inout Rewriter) {
    guard outputs.contains(where: { needs.isNarrowed($0.axis) }) else { return }
    let sizes = outputs.map { needs[$0.axis].count }
    guard rewriter.graph.version >= 13 else {
      setAttribute("split", .ints(sizes.map(Int64.init)), &rewriter)
      return
    }
    let label = rewriter.label(node)
    let value = rewriter.addIntegers(sizes, name: label + "_split")
    rewriter.apply(ChannelPruning.removal, to: label, "splits into \(sizes)") { graph in
      let data = graph.nodes[node].inputs[0]
      graph.setInputs(of: node, to: [data, value])
      graph.setAttributes(
        of: node, to: graph.nodes[node].attributes.filter { $0.name != "num_outputs" })
    }
  }

  /// Points a selection at the places where its slots are now.
  private func reselect(
    _ indices: [Int], _ output: Place?, _ input: Place, _ rewriter: inout Rewriter
  ) {
    guard needs.isNarrowed(input.axis) || output.map({ needs.isNarrowed($0.axis) }) ?? false
    else { return }
    let ranks = needs[input.axis].ranks
    let selected = output.map { needs[$0.axis].slots.map { indices[$0] } } ?? indices
    let moved = selected.compactMap { ranks[$0] }
    let label = rewriter.label(node)
    if kind == .gather {
      let shape = output == nil ? [] : [moved.count]
      let list = rewriter.addConstant(
        Constant(moved.map(Int64.init), shape: shape), name: label + "_indices")
      rewriter.apply(ChannelPruning.removal, to: label, "selects \(moved.count) slots") {
        $0.replaceInput(of: node, at: 1, with: list)
      }
    } else {
      resliceAsSelection(moved, input, output, &rewriter)
    }
  }

  /// A Slice keeps its other axes; the narrowed one is taken over by a selection before it.
  private func resliceAsSelection(
    _ indices: [Int], _ input: Place, _ output: Place?, _ rewriter: inout Rewriter
  ) {
    guard let data = rewriter.graph.nodes[node].input(0) else { return }
    let selected = rewriter.insertSelection(
      of: data, axis: input.position, indices: indices, before: node)
    rewriter.edit { $0.replaceInput(of: node, at: 0, with: selected) }
    rewriter.releaseSlice(node, axis: input.position, reading: selected)
  }

  private func setAttribute(_ name: String, _ value: AttributeValue, _ rewriter: inout Rewriter) {
    let label = rewriter.label(node)
    rewriter.apply(ChannelPruning.removal, to: label, "\(name) adapted") {
      $0.setAttribute(of: node, name, to: value)
    }
  }
}
