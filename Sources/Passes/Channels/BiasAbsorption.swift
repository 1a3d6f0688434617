internal import IR

/// Moves constant data slots that a linear operator is no longer given into its stored numbers.
///
/// Legal cases:
/// 1. No window may touch padding: `Σ v_c·W[o, c]` is added to the bias of output o.
/// 2. Windows may touch padding: the weights of slot c move to the carrier k, another constant
///    slot that stays, as `W[:, k] += v_c/v_k · W[:, c]`; both slots look alike at every border.
///
/// Sums are taken in double precision and rounded once.
struct BiasAbsorption {
  private let node: NodeID
  private let needs: Needs
  private let link: LinearLink
  private let absorbed: SlotSet
  private let carried: SlotSet
  private let carrier: Int?

  /// Nil unless `node` is a linear operator that loses non-zero constant slots.
  init?(_ node: NodeID, needs: Needs) {
    guard let link = needs.model.links[node].firstLinear else { return nil }
    let plan = needs.dataNeeds(of: link)
    let kept = needs[link.data.axis]
    absorbed = plan.absorbed.subtracting(kept)
    carried = plan.carried.subtracting(kept)
    carrier = plan.carrier
    guard !absorbed.isEmpty || !carried.isEmpty else { return nil }
    self.node = node
    self.needs = needs
    self.link = link
  }

  /// The elements that operand `input` holds afterwards, at the original extents; nil if unchanged.
  func edited(_ input: Int) -> Constant? {
    guard let constant = constant(input) else { return nil }
    if input == link.weightOutput.input { return carriedWeights(constant) }
    if input == link.bias?.input, !absorbed.isEmpty {
      return Constant(rounding: shifts(adding: constant), like: constant, shape: constant.shape)
    }
    return nil
  }

  /// Gives the operator a bias for every output, or an Add behind it, where it had none.
  func addBias(_ rewriter: inout Rewriter) {
    guard !absorbed.isEmpty else { return }
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
    let detail = "\(absorbed.count) constant slots"
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

  /// The bias of every output slot, with the absorbed slots' share.
  private func shifts(adding bias: Constant?) -> [Double] {
    let facts = needs.model.facts(link.data.axis)
    let values = facts.indices.map { absorbed.contains($0) ? facts[$0].value ?? 0 : 0 }
    let shares = link.reader.weightedSums(of: values)
    let old = bias?.doubles
    return shares.enumerated().map { output, share in
      let base = old.map { $0[output] } ?? link.reader.uniformBias
      return base * link.reader.biasScale + share
    }
  }

  private func carriedWeights(_ weights: Constant) -> Constant? {
    let facts = needs.model.facts(link.data.axis)
    guard !carried.isEmpty, let carrier, let pivot = facts[carrier].value else { return nil }
    let ratios = carried.slots.map { (slot: $0, ratio: (facts[$0].value ?? 0) / pivot) }
    return weights.accumulating(ratios, into: carrier, axis: link.weightInput.position)
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
  /// Adds multiples of other slots of `axis` to slot `target`, in double precision.
  fileprivate func accumulating(
    _ sources: [(slot: Int, ratio: Double)], into target: Int, axis: Int
  ) -> Constant? {
    guard var elements = doubles else { return nil }
    let inner = shape[(axis + 1)...].reduce(1, *)
    for block in 0..<shape[..<axis].reduce(1, *) {
      let base = block * shape[axis] * inner
      for offset in 0..<inner {
        for (slot, ratio) in sources {
          elements[base + target * inner + offset] += ratio * elements[base + slot * inner + offset]
        }
      }
    }
    return Constant(rounding: elements, like: self, shape: shape)
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
