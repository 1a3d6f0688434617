/// What is known of the factors that axes are split into and joined from.
struct FactorMaps {
  private let own: [Int]
  private let others: [Int]
  private var single: [ChannelMap?]
  private var joined: [Range<Int>: ChannelMap] = [:]

  init(_ own: [Int], _ others: [Int]) {
    self.own = own
    self.others = others
    single = Array(repeating: nil, count: own.count)
  }

  /// Takes in what is known of an axis that `range` of the factors make up.
  mutating func learn(_ map: ChannelMap, _ range: Range<Int>) {
    joined[range] = map
    var inner = 1
    for factor in range.reversed() {
      single[factor] = part(map, own[factor], others[factor], inner, othersInner(factor, range))
      inner *= own[factor]
    }
  }

  private func othersInner(_ factor: Int, _ range: Range<Int>) -> Int {
    others[(factor + 1)..<range.upperBound].reduce(1, *)
  }

  /// The map of one factor, if the others have no say in it.
  private func part(
    _ map: ChannelMap, _ extent: Int, _ original: Int, _ inner: Int, _ originalInner: Int
  ) -> ChannelMap? {
    var slots = [ChannelOrigin](repeating: .unknown, count: extent)
    for (place, slot) in map.slots.enumerated() {
      guard case .channel(let old) = slot else { return nil }
      let (coordinate, value) = (place / inner % extent, old / originalInner % original)
      guard slots[coordinate].channel ?? value == value else { return nil }
      slots[coordinate] = .channel(value)
    }
    return ChannelMap(slots: slots, extent: original, evidence: map.evidence)
  }

  /// The map of an axis that `range` of the factors make up.
  func map(of range: Range<Int>) -> ChannelMap? {
    if let known = joined[range] { return known }
    var (slots, extent, evidence) = ([ChannelOrigin.channel(0)], 1, ChannelEvidence.equal)
    for factor in range {
      guard let map = single[factor] else { return nil }
      slots = slots.flatMap { outer in
        map.slots.map { inner in
          guard case .channel(let outer) = outer else { return outer }
          return inner.renumbered { outer * map.extent + $0 }
        }
      }
      extent *= map.extent
      evidence = max(evidence, map.evidence)
    }
    return ChannelMap(slots: slots, extent: extent, evidence: evidence)
  }
}
