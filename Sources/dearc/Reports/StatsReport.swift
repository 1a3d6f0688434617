import Alignment
import Dissection

/// What `stats show` reports.
struct StatsReport: Encodable {
  /// One end of a ranking.
  struct End: Encodable {
    let closed: Int
    /// The discrepancy of the closed channel next to those that are kept; nil if none is closed.
    let lastClosed: Double?
    /// That of the kept channel next to those that are closed.
    let firstKept: Double
  }

  struct Bins: Encodable {
    let lowest: Double
    let highest: Double
    let counts: [Int]
  }

  struct Value: Encodable {
    /// Nil if the file does not say.
    let value: String?
    let axis: Int?
    let channels: Int
    /// Nil if the file does not say.
    let images: Int?
    let smallest: Double
    let median: Double
    let largest: Double
    let medianStandardError: Double?
    let histogram: Bins
    let top: End
    let bottom: End
    let closedChannels: [Int]
    let largestChannels: [ChannelAlignment]
    let smallestChannels: [ChannelAlignment]
  }

  let schema = "dearc.stats/1"
  let version = Dearc.version
  let path: String
  let modelSHA256: String?
  let tool: String?
  let preprocessing: String?
  let selection: String?
  let pictures: PictureCounts?
  /// How far an interrupted run came; nil if it was completed.
  let batchesDone: Int?
  let excludeTop: Double
  let excludeBottom: Double
  let values: [Value]

  init(
    _ path: String, _ statistics: AlignmentStatistics, _ values: [RankedValue],
    _ rule: BilateralRule, extremes: Int
  ) {
    self.path = path
    let measurement = statistics.measurement
    modelSHA256 = measurement?.modelDigest
    tool = measurement?.tool
    preprocessing = measurement?.preprocessing
    selection = measurement?.selection
    pictures = measurement.map { PictureCounts($0, try? Split($0.shards)) }
    batchesDone = measurement?.batchesDone
    excludeTop = rule.excludeTop
    excludeBottom = rule.excludeBottom
    self.values = values.map { Value($0, extremes: extremes) }
  }
}

extension StatsReport.Value {
  /// How many bins the document has, whatever a terminal has room for.
  private static let binCount = 32

  init(_ ranked: RankedValue, extremes: Int) {
    let alignment = ranked.alignment
    (value, axis) = (alignment.value, alignment.axis)
    channels = alignment.discrepancies.count
    images = alignment.moments?.count
    (largest, smallest) = (ranked.discrepancy(at: 0), ranked.discrepancy(at: channels - 1))
    median = ranked.discrepancy(at: channels / 2)
    medianStandardError = ranked.medianError
    let bins = Histogram(alignment.discrepancies, bins: Self.binCount)
    histogram = StatsReport.Bins(lowest: bins.lowest, highest: bins.highest, counts: bins.counts)
    let open = ranked.open
    top = StatsReport.End(
      closed: open.lowerBound,
      lastClosed: open.lowerBound > 0 ? ranked.discrepancy(at: open.lowerBound - 1) : nil,
      firstKept: ranked.discrepancy(at: open.lowerBound))
    bottom = StatsReport.End(
      closed: channels - open.upperBound,
      lastClosed: open.upperBound < channels ? ranked.discrepancy(at: open.upperBound) : nil,
      firstKept: ranked.discrepancy(at: open.upperBound - 1))
    closedChannels = ranked.ranking.indices.filter { !open.contains($0) }
      .map { ranked.ranking[$0] }.sorted()
    let ends = ranked.extremes(extremes)
    largestChannels = ends.top.map(ranked.channel)
    smallestChannels = ends.bottom.reversed().map(ranked.channel)
  }
}
