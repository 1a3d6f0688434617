/// The weights of a layer in both graphs.
struct WeightPair {
  let after: WeightRows
  let before: WeightRows
  /// The data slot before that each one after is; negative where there is none.
  private let keys: [Int]
  /// Whether they hold the same elements in the same places, of the same data.
  let areSame: Bool

  /// Puts the weights of both graphs in order, unless they are the same ones.
  init(_ after: WeightRows, _ before: WeightRows, inputs: ChannelMap) {
    keys = inputs.keys
    areSame = inputs.isIdentity && after.isEqual(to: before)
    (self.after, self.before) =
      areSame
      ? (after, before)
      : both(pays: after.paysToShare, { after.outputsFirst }, { before.outputsFirst })
  }

  /// Which rows are which; where as many are left as there were and nothing speaks against it, those that
  /// have changed are taken to be where they were.
  func outputs(tolerance: Double) -> ChannelMap {
    var outputs = ChannelMap.identity(before.outputCount)
    guard !areSame else {
      outputs.evidence = .equal
      return outputs
    }
    let matching = RowMatching(after, before, keys: keys, tolerance: tolerance)
    let isInPlace = matching.rows.enumerated().allSatisfy { place, row in
      row.channel.map { $0 == place } ?? true
    }
    if after.outputCount == before.outputCount, isInPlace, matching.rows.contains(.unknown) {
      return outputs
    }
    return ChannelMap(
      slots: matching.rows, extent: before.outputCount, evidence: matching.evidence)
  }

  /// How far the rows of `outputs` are from what they were; nil if nothing could be compared.
  func difference(_ outputs: ChannelMap) -> WeightDifference? {
    guard !(outputs.evidence == .equal && outputs.isComplete && keys.allSatisfy { $0 >= 0 }) else {
      return .none(of: after.elementCount)
    }
    let difference = after.difference(from: before, map: outputs.slots, keys: keys)
    return difference.count == 0 ? nil : difference
  }

  /// Gives back the memory that elements were read into.
  func discard() {
    after.discard()
    before.discard()
  }
}
