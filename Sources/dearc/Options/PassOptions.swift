import ArgumentParser
import Passes

/// Which passes run, and what is said about them.
struct PassOptions: ParsableArguments {
  @Flag(help: "List the passes in the order they run, and stop.")
  var passList = false

  @Option(name: .customLong("skip-pass"), help: "Leave out this pass; may be repeated.")
  var skippedPasses: [String] = []

  @Option(
    help: ArgumentHelp(
      "How many bytes a folded constant may add to the file; 1024 if not given.",
      discussion: """
        Counted as what is stored for folded nodes less what nothing reads any more, for each constant \
        that is stored.
        """, valueName: "bytes"))
  var foldLimit: Int?

  @Flag(help: "Show the time each pass took.")
  var timePasses = false

  /// What of it decides the result, for the output's provenance.
  var flags: [String] {
    (foldLimit.map { ["--fold-limit", String($0)] } ?? [])
      + skippedPasses.flatMap { ["--skip-pass", $0] }
  }

  func validate() throws {
    if let foldLimit, foldLimit < 0 {
      throw ValidationError("--fold-limit takes a number of bytes, 0 or more.")
    }
    let known = Pipeline.prune.storingWeights(in: nil).passes.map(\.name)
    for name in skippedPasses where !known.contains(name) {
      throw ValidationError(
        "There is no pass '\(name)'. The passes are: \(known.joined(separator: ", ")).")
    }
  }
}
