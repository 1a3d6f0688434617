import ArgumentParser
import Importers
import Passes

/// Removes every channel that cannot change any output, after closing some on request.
struct PruneCommand: NetworkRunning {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Remove channels: those DEAR gives up, and all that cannot change any output.",
    usage: "dearc prune <input> --output <output> [<options>]",
    discussion: """
      Without --stats or --keep, only channels that are constant, such as those a gate multiplies \
      by zero, or that nobody reads are removed, and the answers stay the same. With them, channels \
      are closed first, as DEAR does by a gate; the result answers like the network with that gate. \
      Whatever cannot be proved stays, and the report says why.
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup(title: "Channels to close") var closing: ClosingOptions
  @OptionGroup var precision: PrecisionOptions
  @OptionGroup var passes: PassOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup(title: "What the file states") var preprocessing: PreprocessingOptions
  @OptionGroup(title: "What the file states") var outputMeaning: OutputMeaningOptions

  @OptionGroup var display: DisplayOptions

  @Option(help: "Also write the report, as --json prints it, to this file.")
  var report: String?

  @Flag(
    help: ArgumentHelp(
      "Let layer and group normalisations lose constant channels, where that pays.",
      discussion: """
        They are written out in basic operators that count what is gone, so the answers stay the same.
        """))
  var exactNorm = false

  @Flag(help: "Fail, and write no model, if any channel in question has to stay.")
  var strict = false

  func validate() throws {
    if passes.passList { return }
    try Compilation.validate(
      input: input, output: output, precision: precision,
      statements: preprocessing.given + outputMeaning.given,
      further: [report, closing.emitMarked])
    if let marked = closing.emitMarked { _ = try OutputFile(marked) }
  }

  func run() throws {
    if passes.passList {
      let pipeline = Pipeline.prune.storingWeights(in: precision.dtype)
      return try PassListing(passes: pipeline.passes).show(display)
    }
    let compilation = Compilation(
      name: "prune", flags: closing.flags + (exactNorm ? ["--exact-norm"] : []), input: input,
      output: output, passes: passes, precision: precision, verification: verification,
      preprocessing: preprocessing, outputMeaning: outputMeaning, display: display,
      reportPath: report,
      markedPath: closing.emitMarked,
      furtherSources: closing.sources, remarks: closing.remarks)
    try compilation.run(rewrite)
  }

  private func rewrite(_ imported: ImportedModel, _ options: PipelineOptions) throws -> Rewriting {
    let closed = ClosedChannels(
      options: closing, imported: imported,
      digest: closing.stats == nil ? "" : try ModelFiles.digests(of: [try input.path()])[0],
      isForced: output.force)
    let marks = try closed.marks()
    let head = try closed.head(closing: marks)
    let pipeline = Pipeline.prune(
      closing: marks, head: head, flushingBelow: closing.flushBelow, exactNorm: exactNorm
    ).storingWeights(in: precision.dtype)
    let result = try pipeline.run(imported.model, options: options)
    if strict { try requireAllGone(result) }
    let isOther = !marks.isEmpty || head != nil
    let marked =
      try isOther || closing.emitMarked != nil
      ? Pipeline.mark(marks, head: head).storingWeights(in: nil).run(imported.model).model : nil
    return Rewriting(
      result: result, marked: marked, isApproximate: closing.flushBelow != nil,
      remarks: remarks(on: result))
  }

  private func remarks(on result: PipelineResult) -> [String] {
    let count = result.pruning?.countingNorms ?? 0
    guard !exactNorm, count > 0 else { return [] }
    let subject = count == 1 ? "1 normalisation reads" : "\(count) normalisations read"
    return ["\(subject) constant channels, which --exact-norm can remove where that pays."]
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
