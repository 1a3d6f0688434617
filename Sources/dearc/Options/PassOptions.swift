import ArgumentParser
import Passes

/// Which passes run, and what is said about them.
struct PassOptions: ParsableArguments {
  @Flag(help: "List the passes in the order they run, and stop.")
  var passList = false

  @Option(name: .customLong("skip-pass"), help: "Leave out this pass; may be repeated.")
  var skippedPasses: [String] = []

  @Flag(help: "Show the time each pass took.")
  var timePasses = false

  func validate() throws {
    let known = Pipeline.prune.storingWeights(in: nil).passes.map(\.name)
    for name in skippedPasses where !known.contains(name) {
      throw ValidationError(
        "There is no pass '\(name)'. The passes are: \(known.joined(separator: ", ")).")
    }
  }
}
