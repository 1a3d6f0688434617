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
  private let label: String

  /// The constants that one group has lost.
  private struct RemovedSlots {
    let kept: Int
    let values: [Double]

    var width: Double { Double(kept + values.count) }
    var sum: Double { values.reduce(0, +) }
    var mean: Double { values.isEmpty ? 0 : sum / Double(values.count) }
    /// The sum of squared distances from their mean.
    var spread: Double { values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } }
  }

  /// Nil unless `node` loses slots that it has to count.
  init?(_ node: NodeID, _ link: NormalizedLink, needs: Needs) {
    let graph = needs.model.graph
    guard link.constants == .counted, needs.isNarrowed(link.output.axis),
      let epsilon = LayerNormalizationView(node, in: graph)?.epsilon
        ?? GroupNormalizationView(node, in: graph)?.epsilon
    else { return nil }
    let (kept, facts) = (needs[link.output.axis], needs.model.facts(link.data.axis))
    let width = kept.extent / link.groups
    groups = (0..<link.groups).compactMap { group in
      let slots = group * width..<(group + 1) * width
      let gone = slots.filter { !kept.contains($0) }
      guard gone.count < width else { return nil }
      return RemovedSlots(kept: width - gone.count, values: gone.map { facts[$0].value ?? 0 })
    }
    guard groups.contains(where: { !$0.values.isEmpty }) else { return nil }
    self.node = node
    self.needs = needs
    self.link = link
    self.epsilon = Double(epsilon)
    label = graph.label(node)
  }

  func run(on rewriter: inout Rewriter) {
    let row = rewriter.graph.nodes[node]
    guard let data = row.input(0), let scale = row.input(1), let result = row.output(0),
      let rank = rewriter.graph.rank(of: data)
    else { return }
    let runs = link.groups > 1 || row.op.kind == .groupNormalization
    let grouped =
      runs ? add(.reshape, [data, integers([0, groups.count, -1], &rewriter)], &rewriter) : data
    var normal = normalized(grouped, axis: runs ? 2 : rank - 1, &rewriter)
    if runs { normal = add(.reshape, [normal, add(.shape, [data], &rewriter)], &rewriter) }
    let trailing = rank - 1 - link.output.position
    var parameters = [(OperatorKind.mul, scale)]
    if let shift = row.input(2) { parameters.append((.add, shift)) }
    for (kind, parameter) in parameters.dropLast() {
      normal = add(kind, [normal, spread(parameter, over: trailing, &rewriter)], &rewriter)
    }
    let (kind, last) = parameters[parameters.count - 1]
    let draft = NodeDraft(
      Operator(kind), inputs: [normal, spread(last, over: trailing, &rewriter)],
      origin: .pass(ChannelPruning.name))
    narrowType(of: result, &rewriter)
    rewriter.replace(node, with: draft, ChannelPruning.counting, detail)
  }

  private var detail: String {
    let gone = groups.reduce(0) { $0 + $1.values.count }
    return "counts \(gone) constant slots that it is no longer given"
  }

  /// The data, less their mean, over their deviation, both taken along `axis`.
  private func normalized(_ data: ValueID, axis: Int, _ rewriter: inout Rewriter) -> ValueID {
    let share = groups.map { Double($0.kept) / $0.width }
    var average = add(
      .mul, [mean(of: data, axis: axis, &rewriter), numbers(share, &rewriter)], &rewriter)
    if groups.contains(where: { $0.sum != 0 }) {
      average = add(
        .add, [average, numbers(groups.map { $0.sum / $0.width }, &rewriter)], &rewriter)
    }
    let centred = add(.sub, [data, average], &rewriter)
    let squares = add(.mul, [centred, centred], &rewriter)
    let square = mean(of: squares, axis: axis, &rewriter)
    let own = add(.mul, [square, numbers(share, &rewriter)], &rewriter)
    var variance = add(.add, [own, others(average, &rewriter)], &rewriter)
    let least = groups.map { $0.spread / $0.width + epsilon }
    variance = add(.add, [variance, numbers(least, &rewriter)], &rewriter)
    return add(.div, [centred, add(.sqrt, [variance], &rewriter)], &rewriter)
  }

  /// What the distance of the mean from that of the missing slots adds to the variance.
  private func others(_ mean: ValueID, _ rewriter: inout Rewriter) -> ValueID {
    var distance = mean
    if groups.contains(where: { $0.mean != 0 }) {
      distance = add(.sub, [mean, numbers(groups.map(\.mean), &rewriter)], &rewriter)
    }
    let shares = groups.map { Double($0.values.count) / $0.width }
    return add(
      .mul, [add(.mul, [distance, distance], &rewriter), numbers(shares, &rewriter)], &rewriter)
  }

  /// One number a group, or one for all where they agree.
  private func numbers(_ numbers: [Double], _ rewriter: inout Rewriter) -> ValueID {
    let isUniform = numbers.allSatisfy { $0 == numbers[0] }
    let (stored, shape) = isUniform ? ([numbers[0]], []) : (numbers, [numbers.count, 1])
    return rewriter.addConstant(
      Constant(stored.map { Float($0) }, shape: shape), name: label + "_counted")
  }

  private func narrowType(of result: ValueID, _ rewriter: inout Rewriter) {
    guard var type = rewriter.graph.values[result].type?.tensor else { return }
    type.shape?[link.output.position] = .known(needs[link.output.axis].count)
    rewriter.edit { $0.setType(of: result, to: .tensor(type)) }
  }
}

// New nodes, in order before the normalisation and named after it.
extension NormExpansion {
  /// The only result of a new node.
  private func add(
    _ kind: OperatorKind, _ inputs: [ValueID], attributes: [Attribute] = [],
    _ rewriter: inout Rewriter
  ) -> ValueID {
    let name = rewriter.freshName("\(label)_\(kind.rawValue.lowercased())")
    let draft = NodeDraft(
      Operator(kind), name: name, inputs: inputs, attributes: attributes,
      origin: .pass(ChannelPruning.name))
    return rewriter.edit { graph in
      let added = graph.insert(draft, results: [(name, nil)], before: node)
      return graph.nodes[added].outputs[0] ?? inputs[0]
    }
  }

  /// The mean along `axis`, which stays with extent 1; axes are operands since version 18.
  private func mean(of data: ValueID, axis: Int, _ rewriter: inout Rewriter) -> ValueID {
    guard rewriter.graph.version >= 18 else {
      return add(
        .reduceMean, [data], attributes: [Attribute("axes", .ints([Int64(axis)]))], &rewriter)
    }
    return add(.reduceMean, [data, integers([axis], &rewriter)], &rewriter)
  }

  private func integers(_ integers: [Int], _ rewriter: inout Rewriter) -> ValueID {
    rewriter.addIntegers(integers, name: label + "_axes")
  }

  /// A parameter with one number a slot, shaped to run along the channels' axis.
  private func spread(
    _ parameter: ValueID, over trailing: Int, _ rewriter: inout Rewriter
  ) -> ValueID {
    guard trailing > 0, let stored = rewriter.graph.constant(parameter) else { return parameter }
    let shape = stored.shape + Array(repeating: 1, count: trailing)
    return rewriter.storeBeside(stored.reshaped(shape), parameter)
  }
}
