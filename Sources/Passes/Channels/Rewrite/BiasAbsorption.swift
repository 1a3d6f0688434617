internal import IR

/// Moves data slots that a linear operator is no longer given, although it has weights for them, into its
/// stored numbers.
///
/// Legal cases:
/// 1. The slot is constant and no window may touch padding: `Σ v_c·W[o, c]` is added to the bias of
///    output o.
/// 2. The slot is constant and windows may touch padding: its weights move to the carrier k, another
///    constant slot that stays, as `W[:, k] += v_c/v_k · W[:, c]`; both slots look alike at every border.
/// 3. The slot is tied to one or two that stay, by a normalisation or a border: its weights move to them
///    in proportion, and what differs goes into the bias, for which no window may touch padding.
///
/// Sums are taken in double precision and rounded once.
struct BiasAbsorption {
  private let node: NodeID
  private let needs: Needs
  private let link: LinearLink
  private let carried: [CarriedSlot]
  /// The number that takes the place of each data slot in the bias.
  private let values: [Double]
  /// The slots whose number is not 0.
  private let shifted: Int

  /// Nil unless `node` is a linear operator that loses such slots.
  init?(_ node: NodeID, needs: Needs) {
    guard let link = needs.model.links[node].firstLinear else { return nil }
    let plan = needs.dataNeeds(of: link)
    let kept = needs[link.data.axis]
    carried = plan.carried.filter { !kept.contains($0.slot) }
    let facts = needs.model.facts(link.data.axis)
    var values = Array(repeating: 0.0, count: facts.count)
    for slot in plan.absorbed.subtracting(kept).slots { values[slot] = facts[slot].value ?? 0 }
    for each in carried { values[each.slot] = each.shift }
    self.values = values
    shifted = values.count { $0 != 0 }
    guard shifted > 0 || !carried.isEmpty else { return nil }
    self.node = node
    self.needs = needs
    self.link = link
  }

  /// The elements that operand `input` holds afterwards, at the original extents; nil if unchanged.
  func edited(_ input: Int) -> Constant? {
    guard let constant = constant(input) else { return nil }
    if input == link.weightOutput.input { return carriedWeights(constant) }
    if input == link.bias?.input, shifted > 0 {
      return Constant(rounding: shifts(adding: constant), like: constant, shape: constant.shape)
    }
    return nil
  }

  /// Gives the operator a bias for every output, or an Add behind it, where it had none.
  func addBias(_ rewriter: inout Rewriter) {
    guard shifted > 0 else { return }
    unscaleBias(&rewriter)
    guard link.bias == nil else { return }
    let kept = needs[link.output.axis].slots
    let all = shifts(adding: nil)
    guard let weight = link.weightOutput.input.flatMap({ constant($0) }),
      let bias = Constant(
        rounding: kept.map { all[$0] }, like: weight,
        shape: [kept.count] + Array(repeating: 1, count: link.trailingAxes))
    else { return }
    let label = rewriter.label(node)
    let value = rewriter.addBias(bias, of: node)
    let detail = "\(shifted) constant slots"
    guard link.takesBias else {
      guard let result = rewriter.graph.nodes[node].output(0) else { return }
      rewriter.append(.add, value, behind: result, rule: ChannelPruning.absorbing, detail)
      return
    }
    rewriter.apply(ChannelPruning.absorbing, to: label, detail) { graph in
      graph.setInputs(of: node, to: Array(graph.nodes[node].inputs.prefix(2)) + [value])
    }
  }

  private func constant(_ input: Int) -> Constant? {
    needs.model.graph.constant(needs.model.graph.nodes[node].input(input))
  }

  /// A factor of the bias alone is part of the stored numbers from here on.
  private func unscaleBias(_ rewriter: inout Rewriter) {
    guard link.reader.biasScale != 1 else { return }
    rewriter.edit { graph in
      graph.setAttributes(
        of: node, to: graph.nodes[node].attributes.filter { $0.name != "beta" })
    }
  }

  /// The bias of every output slot, with the missing slots' share.
  private func shifts(adding bias: Constant?) -> [Double] {
    let shares = link.reader.weightedSums(of: values)
    let old = bias?.doubles
    return shares.enumerated().map { output, share in
      let base = old.map { $0[output] } ?? link.reader.uniformBias
      return base * link.reader.biasScale + share
    }
  }

  private func carriedWeights(_ weights: Constant) -> Constant? {
    carried.isEmpty
      ? nil
      : weights.moving(
        carried, axis: link.weightInput.position, of: needs.kept[link.data.axis.index].extent)
  }
}

extension [AxisLink] {
  /// The weighted sum among the links, of which a node has at most one.
  var firstLinear: LinearLink? {
    for case .linear(let link) in self { return link }
    return nil
  }
}

extension Constant {
  /// Adds to slots of `axis` their shares of slots that they carry, in double precision.
  ///
  /// If the axis is shorter than the data's `extent`, it holds positions within one of several groups, of
  /// which equal runs of outputs, the first axis, read one each.
  fileprivate func moving(_ carried: [CarriedSlot], axis: Int, of extent: Int) -> Constant? {
    guard let old = doubles else { return nil }
    var new = old
    let (width, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
    let blocks = shape[..<axis].reduce(1, *)
    let blocksPerGroup = blocks / (extent / width)
    for each in carried {
      let group = each.slot / width
      for block in group * blocksPerGroup..<(group + 1) * blocksPerGroup {
        let base = block * width * inner
        for (carrier, ratio) in each.terms {
          let (target, source) = (carrier % width, each.slot % width)
          for offset in 0..<inner {
            new[base + target * inner + offset] += ratio * old[base + source * inner + offset]
          }
        }
      }
    }
    return Constant(rounding: new, like: self, shape: shape)
  }
}

extension Rewriter {
  /// Inserts a two-operand elementwise node behind what computes `value`.
  ///
  /// Everyone who read the value reads the new node's result; an output keeps its name.
  mutating func append(
    _ kind: OperatorKind, _ operand: ValueID, behind value: ValueID, rule: RewriteRule,
    _ detail: String
  ) {
    guard let node = graph.producer(of: value) else { return }
    let row = graph.values[value]
    let inner = freshName(row.name + "_\(kind.rawValue.lowercased())")
    let draft = NodeDraft(
      Operator(kind), name: inner, inputs: [value, operand], origin: .pass(rule.pass))
    let next = graph.next(after: node)
    apply(rule, to: label(node), detail) { graph in
      let added = graph.insert(draft, results: [(inner, row.type)], before: next)
      guard let result = graph.nodes[added].outputs[0] else { return }
      graph.replaceUses(of: value, with: result)
      graph.replaceInput(of: added, at: 0, with: value)
      if graph.isOutput(value) {
        graph.transferOutputs(of: value, to: result, retiring: inner)
      }
    }
  }
}
