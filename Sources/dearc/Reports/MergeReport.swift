import Alignment
import Dissection

/// What `stats merge` reports.
struct MergeReport: Encodable {
  struct Part: Encodable {
    let path: String
    let shards: [String]
    let images: Int
  }

  let schema = "dearc.stats-merge/1"
  let version = Dearc.version
  let output: String
  let parts: [Part]
  let values: Int
  let pictures: PictureCounts?

  init(
    output: String, parts: [(path: String, statistics: AlignmentStatistics)],
    _ merged: AlignmentStatistics, _ split: Split
  ) {
    self.output = output
    self.parts = parts.map { path, statistics in
      Part(
        path: path, shards: statistics.measurement?.shards ?? [],
        images: statistics.measurement?.imageHashes.count ?? 0)
    }
    values = merged.values.count
    pictures = merged.measurement.map { PictureCounts($0, split) }
  }
}

/// Which pictures statistics count.
struct PictureCounts: Encodable {
  /// How many shards are named that are missing.
  private static let missingLimit = 8

  let counted: Int
  let unreadable: Int
  let unmasked: Int
  let repeated: Int
  let shards: [String]
  /// The first of the shards that are not counted.
  let missingShards: [String]
  let missingShardCount: Int

  init(_ measurement: AlignmentStatistics.Measurement, _ split: Split?) {
    counted = measurement.imageHashes.count
    unreadable = measurement.leftOut.unreadable
    unmasked = measurement.leftOut.unmasked
    repeated = measurement.leftOut.repeated
    shards = measurement.shards
    missingShards = split?.missing(limit: Self.missingLimit).map(\.description) ?? []
    missingShardCount = split?.missingCount ?? 0
  }

  /// How many were counted, and why others were not.
  var summary: String {
    DissectRendering.counts(counted, DissectRendering.reasons(unreadable, unmasked, repeated))
  }

  /// What is not counted of a split; nil if nothing is missing.
  var missing: String? {
    guard missingShardCount > 0 else { return nil }
    let rest = missingShardCount - missingShards.count
    let names = missingShards.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    return "note: \(names) \(missingShardCount == 1 ? "is" : "are") missing"
  }
}
