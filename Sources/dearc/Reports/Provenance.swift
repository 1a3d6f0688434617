import Passes

/// What an output file says about how it was made.
///
/// It holds nothing that differs between two runs on the same input: no time, no path.
struct Provenance: Encodable {
  let schema = "dearc.provenance/1"
  let version = Dearc.version
  /// The command and the options that matter to the result.
  let command: [String]
  /// The SHA-256 of each input file, the model first.
  let inputs: [String]
  /// The passes that changed something, in the order they first did.
  let passes: [String]
  /// For every value that lost channels, those of the input model that remain.
  let kept: [KeptChannels]

  struct KeptChannels: Encodable {
    let value: String
    let axis: Int
    /// How many there were.
    let of: Int
    /// Pairs of first and last.
    let channels: [[Int]]
  }

  init(command: [String], inputs: [String], result: PipelineResult?) {
    self.command = command
    self.inputs = inputs
    passes = result?.timings.filter { $0.changes > 0 }.map(\.pass) ?? []
    kept = (result?.pruning?.narrowed ?? []).map {
      KeptChannels(
        value: $0.value, axis: $0.axis, of: $0.extent,
        channels: $0.kept.map { [$0.lowerBound, $0.upperBound - 1] })
    }
  }
}
