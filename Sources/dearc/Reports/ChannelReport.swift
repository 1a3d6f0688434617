import Passes

/// What became of channels.
struct ChannelReport: Encodable {
  /// How many of the channels in question met each fate.
  let fates: FateCounts
  /// The channels in question, by value.
  let values: [ValueReport]
  /// Values that lost channels.
  let narrowed: [NarrowedReport]
  /// Where the cost of a gathered use was weighed against a wider value.
  let decisions: [DecisionReport]

  init(_ report: PruningReport) {
    fates = FateCounts(report.fates)
    values = report.requests.map(ValueReport.init)
    narrowed = report.narrowed.map(NarrowedReport.init)
    decisions = report.decisions.map(DecisionReport.init)
  }
}

/// A tally of fates.
struct FateCounts: Encodable, Equatable {
  var removed = 0
  var folded = 0
  var carried = 0
  var kept = 0

  init(_ fates: [ChannelFate]) {
    for fate in fates {
      switch fate.fate {
      case .removed: removed += 1
      case .folded: folded += 1
      case .carried: carried += 1
      case .kept: kept += 1
      }
    }
  }

  var total: Int { removed + folded + carried + kept }
  /// The channels that are gone.
  var gone: Int { total - kept }
}

/// The channels in question of one value.
struct ValueReport: Encodable {
  let value: String
  let axis: Int
  let channels: Int
  let fates: [FateReport]

  init(_ request: ValueRequest) {
    value = request.value
    axis = request.axis
    channels = request.extent
    fates = request.fates.map(FateReport.init)
  }
}

/// What became of one channel.
struct FateReport: Encodable {
  let channel: Int
  /// `constant`, `unread` or, on request, `closed`.
  let cause: String
  /// The constant, if it is one.
  let constant: Double?
  /// `removed`, `folded`, `carried` or `kept`.
  let fate: String
  /// The nodes that took over what the channel gave.
  let into: [String]?
  /// The node or value that keeps the channel, and the rule by which it does.
  let keptBy: String?
  let because: String?

  init(_ fate: ChannelFate) {
    channel = fate.channel
    switch fate.cause {
    case .constant(let value): (cause, constant) = ("constant", value)
    case .unread: (cause, constant) = ("unread", nil)
    case .closed: (cause, constant) = ("closed", nil)
    }
    switch fate.fate {
    case .removed: (self.fate, into, keptBy, because) = ("removed", nil, nil, nil)
    case .folded(let nodes): (self.fate, into, keptBy, because) = ("folded", nodes, nil, nil)
    case .carried(let nodes): (self.fate, into, keptBy, because) = ("carried", nodes, nil, nil)
    case .kept(let reason):
      (self.fate, into, keptBy, because) = ("kept", nil, reason.subject, reason.rule)
    }
  }
}

/// An axis that lost slots.
struct NarrowedReport: Encodable {
  let value: String
  let axis: Int
  let before: Int
  let after: Int
  /// The original indices that remain, as pairs of first and last.
  let kept: [[Int]]

  init(_ narrowed: NarrowedAxis) {
    value = narrowed.value
    axis = narrowed.axis
    before = narrowed.extent
    after = narrowed.keptCount
    kept = narrowed.kept.map { [$0.lowerBound, $0.upperBound - 1] }
  }
}

/// A choice of the cost model.
struct DecisionReport: Encodable {
  let node: String
  let value: String
  let needed: Int
  let kept: Int
  let isNarrowed: Bool
  /// Estimated bytes moved in each case, by the nodes that the choice concerns.
  let narrowCost: Double
  let wideCost: Double

  init(_ decision: CostDecision) {
    node = decision.node
    value = decision.value
    needed = decision.needed
    kept = decision.kept
    isNarrowed = decision.isNarrowed
    narrowCost = decision.narrowCost
    wideCost = decision.wideCost
  }
}
