import ArgumentParser
import Passes

/// Removes every channel that cannot change any output.
struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Remove every channel that cannot change any output, then fold.",
    usage: "dearc prune <input> --output <output> [<options>]",
    discussion: """
      Only channels that are constant, such as those a gate multiplies by zero, or that nobody \
      reads are removed. Whatever cannot be proved stays, and the report says why.
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var passes: PassOptions
  @OptionGroup var display: DisplayOptions

  @Option(help: "Also write the report, as --json prints it, to this file.")
  var report: String?

  @Flag(help: "Fail, and write no model, if any channel in question has to stay.")
  var strict = false

  func validate() throws {
    if passes.passList { return }
    try Compilation.validate(input: input, output: output, report: report)
  }

  func run() throws {
    if passes.passList { return try PassListing(passes: Pipeline.prune.passes).show(display) }
    let compilation = Compilation(
      name: "prune", flags: [], input: input, output: output, passes: passes, display: display,
      reportPath: report)
    try compilation.run { model, options in
      let result = try Pipeline.prune.run(model, options: options)
      if strict { try requireAllGone(result) }
      return result
    }
  }

  private func requireAllGone(_ result: PipelineResult) throws {
    let fates = FateCounts(result.pruning?.fates ?? [])
    guard fates.kept > 0 else { return }
    throw Failure(
      status: .comparisonFailed, file: input.input,
      message: "\(fates.kept) of \(fates.total) channels in question have to stay",
      hints: ["Run without --strict to see which node keeps each of them, and why."])
  }
}
