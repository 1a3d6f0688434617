import Alignment
import Dissection

/// What `dissect` reports.
struct DissectReport: Encodable {
  /// The channels of one value.
  struct Value: Encodable {
    let value: String
    let channels: Int
    let images: Int
    let largest: Double
    let smallest: Double
    /// The median over channels of the standard error; nil if it is not known.
    let standardError: Double?
  }

  let schema = "dearc.dissect/1"
  let version = Dearc.version
  let model: String
  let output: String
  /// The pictures that were counted.
  let images: Int
  let unreadable: Int
  let unmasked: Int
  let repeated: Int
  let shards: [String]
  /// Whether the output was complete already.
  let wasComplete: Bool
  /// The variance at the first normalisation, in proportion to that in training; nil if there is none.
  let normalizationFactor: Double?
  let seconds: Double
  let peakMemory: Int
  let values: [Value]

  init(
    _ command: DissectCommand, _ statistics: AlignmentStatistics, _ elapsed: Duration,
    isResumed: Bool, check: NormalizationCheck? = nil
  ) {
    normalizationFactor = check.map(\.factor)
    model = command.input.input ?? ""
    output = command.output
    let measurement = statistics.measurement
    images = measurement?.imageHashes.count ?? 0
    unreadable = measurement?.leftOut.unreadable ?? 0
    unmasked = measurement?.leftOut.unmasked ?? 0
    repeated = measurement?.leftOut.repeated ?? 0
    shards = measurement?.shards ?? []
    wasComplete = isResumed
    seconds = Quantities.milliseconds(elapsed) / 1000
    peakMemory = ProcessUsage.peakMemoryBytes
    values = statistics.values.map { value in
      Value(
        value: value.value ?? "", channels: value.discrepancies.count,
        images: value.moments?.count ?? 0, largest: value.discrepancies.max() ?? 0,
        smallest: value.discrepancies.min() ?? 0, standardError: value.standardErrors?.median)
    }
  }
}

extension [Double] {
  /// The element in the middle of their order; nil if there is none.
  var median: Double? { isEmpty ? nil : sorted()[count / 2] }
}
