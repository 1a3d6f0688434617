internal import IR

extension LinkBuilder {
  /// Reshape, Flatten, Squeeze and Unsqueeze: axes split into and join from common factors.
  ///
  /// A Reshape whose requested extents cannot be adapted is a barrier. So is a Squeeze that names no axes: it would take an axis as well that has one slot left.
  func regrouping() -> [AxisLink] {
    guard let factorization = graph.axisFactorization(of: node) else { return [] }
    if row.op.kind == .squeeze {
      guard SqueezeView(node, in: graph)?.areAxesStated ?? false else { return [] }
    }
    if row.op.kind == .reshape {
      guard canAdaptShape else { return [] }
    }
    return factorization.groups.compactMap(link)
  }

  private func link(_ group: AxisFactorization.Group) -> AxisLink? {
    guard let factors = group.factors, !factors.isEmpty else { return nil }
    if group.isSameAxis, let data = input(0, group.inputAxes.lowerBound),
      let result = output(group.outputAxes.lowerBound)
    {
      return .aligned(AlignedLink(output: result, inputs: [data], transfer: .copy))
    }
    let inputs = members(group.inputAxes, group.inputFactors) { input(0, $0) }
    let outputs = members(group.outputAxes, group.outputFactors) { output($0) }
    guard let inputs, let outputs else { return nil }
    return .regrouped(Regrouping(factors: factors, inputs: inputs, outputs: outputs))
  }

  /// The axes of a group that have more than one slot.
  private func members(
    _ positions: Range<Int>, _ factors: [Range<Int>], place: (Int) -> Place?
  ) -> [Regrouping.Member]? {
    var members: [Regrouping.Member] = []
    for (position, range) in zip(positions, factors) where !range.isEmpty {
      guard let place = place(position) else { return nil }
      members.append(Regrouping.Member(place: place, factors: range))
    }
    return members
  }
}
