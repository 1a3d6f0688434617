import Alignment

/// The statistics of a value, its channels ranked and divided by a rule.
struct RankedValue {
  let alignment: ValueAlignment
  /// The channels, the largest discrepancy first.
  let ranking: [Int]
  /// The ranks that the rule leaves open.
  let open: Range<Int>
  private let errors: [Double]?

  init(_ alignment: ValueAlignment, _ rule: BilateralRule) {
    self.alignment = alignment
    ranking = BilateralRule.ranking(of: alignment.discrepancies)
    open = rule.openRanks(of: ranking.count)
    errors = alignment.standardErrors
  }

  /// What it is called; a value without a name is called so.
  var name: String { alignment.value ?? "(a value without a name)" }

  /// The discrepancy at a rank.
  func discrepancy(at rank: Int) -> Double { alignment.discrepancies[ranking[rank]] }

  /// The standard error in the middle of all; nil if there are none.
  var medianError: Double? { errors?.median }

  /// The first and the last ranks, at most `limit` of each and none twice.
  func extremes(_ limit: Int) -> (top: Range<Int>, bottom: Range<Int>) {
    let top = min(limit, (ranking.count + 1) / 2)
    let bottom = min(limit, ranking.count / 2)
    return (0..<top, ranking.count - bottom..<ranking.count)
  }

  /// What is known of the channel at a rank.
  func channel(at rank: Int) -> ChannelAlignment {
    let channel = ranking[rank]
    return ChannelAlignment(
      rank: rank, channel: channel, isClosed: !open.contains(rank), rad: discrepancy(at: rank),
      standardError: errors?[channel], insideMean: alignment.moments?.insideMeans[channel],
      outsideMean: alignment.moments?.outsideMeans[channel])
  }
}

/// What is known of a channel.
struct ChannelAlignment: Encodable {
  /// From 0, the largest discrepancy first.
  let rank: Int
  let channel: Int
  let isClosed: Bool
  let rad: Double
  let standardError: Double?
  let insideMean: Double?
  let outsideMean: Double?
}
