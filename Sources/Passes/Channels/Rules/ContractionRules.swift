internal import IR

extension LinkBuilder {
  /// A product of two computed matrices, such as queries and keys: rows and columns stay apart, what is
  /// summed over is paired, and leading axes broadcast.
  func contraction() -> [AxisLink] {
    let rank = outputRank
    // A model may declare another rank than follows.
    guard let left = self.rank(ofInput: 0), let right = self.rank(ofInput: 1), left >= 2,
      right >= 2, rank == max(left, right)
    else { return [] }
    let leading: [AxisLink] = (0..<rank - 2).compactMap { position in
      output(position).flatMap { batchLink($0, ranks: [left, right]) }
    }
    let rows = alignedPlaces(output(rank - 2), [input(0, left - 2)])
    let columns = alignedPlaces(output(rank - 1), [input(1, right - 1)])
    guard let inner = input(0, left - 1), let outer = input(1, right - 2) else {
      return leading + rows + columns
    }
    let link = ContractedLink(
      left: inner, right: outer,
      ignoresConstantsOnTheRight: row.output(0).map(isOnlySoftened) ?? false)
    return leading + rows + columns + [.contracted(link)]
  }

  /// A sum of products with a letter for each axis: one that the result has keeps its slots, one that two
  /// operands have and the result lacks is paired, one that a single operand has is summed.
  func einsum() -> [AxisLink] {
    guard let view = EinsumView(node, in: graph), !row.inputs.contains(nil) else { return [] }
    let letters = view.operands.flatMap { $0 }.reduce(into: [Character]()) { seen, letter in
      if !seen.contains(letter) { seen.append(letter) }
    }
    return letters.flatMap { letter -> [AxisLink] in
      let places = view.operands.enumerated().compactMap { operand, axes in
        axes.firstIndex(of: letter).map { input(operand, $0) }
      }
      if let position = view.result.firstIndex(of: letter) {
        guard EinsumView.isImplied(letter), let result = output(position) else {
          return alignedPlaces(output(position), places)
        }
        return alignedPlaces(result, places.filter { $0.map(extent) != 1 || extent(result) == 1 })
      }
      return summed(places)
    }
  }

  /// Attention as one operator: queries and keys are paired along their width, values keep theirs, and a
  /// head goes from all of them.
  func attention() -> [AxisLink] {
    guard let view = AttentionView(node, in: graph), let query = input(0, 3), let key = input(1, 3),
      extent(query) == extent(key)
    else { return [] }
    let pairs = AxisLink.contracted(
      ContractedLink(
        left: query, right: key, ignoresConstantsOnTheRight: !view.bendsScores))
    return heads(view) + [pairs] + alignedAxes([3], transfer: .zeroAlone, input: 2)
  }

  /// Nothing where fewer heads of keys serve several of queries.
  private func heads(_ view: AttentionView) -> [AxisLink] {
    let operands = [input(0, 1), input(1, 1), input(2, 1)].compactMap { $0 }
    guard let result = output(1), operands.count == 3,
      operands.allSatisfy({ extent($0) == extent(result) }), let mask = maskHeads(view, result)
    else { return [] }
    let transfer = AlignedLink.Transfer.combine(operands.map(AlignedLink.Source.slots)) { facts in
      facts[2].isZero ? facts[2] : .unknown
    }
    return [.aligned(AlignedLink(output: result, inputs: operands + mask, transfer: transfer))]
  }

  /// The mask's axis of heads, if it has one; nil if that cannot be told.
  private func maskHeads(_ view: AttentionView, _ result: Place) -> [Place]? {
    guard view.mask != nil else { return [] }
    guard let rank = rank(ofInput: 3) else { return nil }
    guard rank >= 3 else { return [] }
    guard let place = input(3, rank - 3) else { return nil }
    if extent(place) == extent(result) { return [place] }
    return extent(place) == 1 ? [] : nil
  }

  /// Whether `scores` reach nothing but a softmax along their last axis, by nodes behind which a number
  /// that was added to a whole row still is one.
  private func isOnlySoftened(_ scores: ValueID) -> Bool {
    var value = scores
    for _ in 0..<Self.maximalStepsToSoftmax {
      guard !graph.isOutput(value), let (reader, input) = graph.soleReader(of: value),
        let rank = graph.rank(of: value), let result = graph.nodes[reader].output(0)
      else { return false }
      if let softmax = SoftmaxView(reader, in: graph) {
        return softmax.axis == rank - 1 && graph.nodes[reader].op.kind != .hardmax
      }
      guard keepsRows(reader, reading: input, rank: rank) else { return false }
      value = result
    }
    return false
  }

  /// Scaling, masking and a change of shape each way, with room to spare.
  private static let maximalStepsToSoftmax = 8

  private func keepsRows(_ reader: NodeID, reading input: Int, rank: Int) -> Bool {
    let row = graph.nodes[reader]
    let keepsRank = row.output(0).flatMap { graph.rank(of: $0) } == rank
    switch row.op.kind {
    case .identity, .add, .sub: return keepsRank
    case .mul, .div:
      let factor = graph.constant(row.input(1 - input))
      return keepsRank && factor?.count == 1 && (input == 0 || row.op.kind == .mul)
    case .reshape:
      let group = graph.axisFactorization(of: reader)?.group(ofInput: rank - 1)
      return group?.isSameAxis ?? false
    default: return false
    }
  }

  private func summed(_ places: [Place?]) -> [AxisLink] {
    let known = places.compactMap { $0 }
    guard known.count == places.count else { return [] }
    switch known.count {
    case 1: return [.reduced(data: known[0], .zeroNeutral)]
    case 2 where extent(known[0]) == extent(known[1]):
      return [.contracted(ContractedLink(left: known[0], right: known[1]))]
    default: return []
    }
  }

  private func alignedPlaces(_ result: Place?, _ places: [Place?]) -> [AxisLink] {
    let present = places.compactMap { $0 }
    guard let result, present.count == places.count,
      present.allSatisfy({ extent($0) == extent(result) })
    else { return [] }
    let transfer = AlignedLink.Transfer.combine(present.map(AlignedLink.Source.slots), zeroProduct)
    return [.aligned(AlignedLink(output: result, inputs: present, transfer: transfer))]
  }

  /// A leading axis of a product, of which either operand may have only one slot, or none.
  private func batchLink(_ result: Place, ranks: [Int]) -> AxisLink? {
    var places: [Place] = []
    for (operand, rank) in ranks.enumerated() {
      let position = result.position - (outputRank - rank)
      guard position >= 0 else { continue }
      guard let place = input(operand, position) else { return nil }
      if extent(place) == extent(result) { places.append(place) }
    }
    guard !places.isEmpty else { return nil }
    return alignedPlaces(result, places).first
  }

}

/// Zero where an operand is zero; nothing is known of other products, which are summed.
@Sendable
private func zeroProduct(_ facts: [SlotFact]) -> SlotFact {
  let zeros = facts.filter(\.isZero)
  return zeros.contains(.zero) ? .zero : zeros.first ?? .unknown
}
