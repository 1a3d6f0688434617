import Alignment
public import ArgumentParser
public import Dissection
public import Executor
import Images

/// Measures how strongly each channel follows inpainted regions.
struct DissectCommand: NetworkRunning {
  static let configuration = CommandConfiguration(
    commandName: "dissect",
    abstract: "Measure how strongly each channel follows inpainted regions, for prune --stats.",
    discussion: """
      Pictures and masks go together as STEM_inpaint.* and STEM_mask.*, or by equal stems; masks are white \
      where the picture was inpainted. For each channel the mean activation inside less that outside is \
      averaged over all pictures, as DEAR does it.

      The run leaves what it has so far in OUTPUT.partial every few seconds. --resume goes on from there, and \
      is content if the output is complete already.
      """)

  @OptionGroup var input: InputOptions

  @Option(help: ArgumentHelp("The folder of pictures.", valueName: "folder"))
  var images: String

  @Option(
    help: ArgumentHelp("The folder of masks; that of pictures otherwise.", valueName: "folder"))
  var masks: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file of statistics to write.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "A value whose channels are measured, or all; may be repeated.",
      discussion: """
        Without it, the feature map that is pooled over all positions last. All are the feature maps that a \
        function was applied to.
        """, valueName: "value"))
  var target: [String] = []

  @Option(
    help: ArgumentHelp(
      "The map that the tokens of a transformer make; inferred otherwise.",
      valueName: "rows x columns"))
  var tokens: TokenGrid?

  @OptionGroup var preprocessing: PreprocessingParts

  @Option(
    help: ArgumentHelp(
      "Cut out a square of so many pixels, at a place that the picture and the seed decide.",
      valueName: "side"))
  var crop: Int?

  @Option(help: "What places are drawn from.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp("How many pictures are run together at most; by their extents otherwise."))
  var batch: Int?

  @Option(
    help: ArgumentHelp(
      "Count one share of the batches, from 0/N to N-1/N; dearc stats merge joins them.",
      valueName: "index/count"))
  var shard: Shard?

  @Flag(help: "Go on from where an interrupted run came to.")
  var resume = false

  @Flag(help: "Start anew where an interrupted run could go on.")
  var force = false

  @Option(
    help: ArgumentHelp(
      "After how many seconds what was measured is put aside.", valueName: "seconds"))
  var saveEvery = 5

  @Option(help: ArgumentHelp("Fail if more pictures than that cannot be used.", valueName: "count"))
  var maxBad = 10

  @Option(help: ArgumentHelp("How many threads work at a time; one for each processor otherwise."))
  var threads: Int?

  @OptionGroup var display: DisplayOptions

  func validate() throws {
    _ = try input.path()
    guard !(resume && force) else {
      throw ValidationError("--resume and --force exclude each other.")
    }
    for (count, name) in [(threads, "threads"), (batch, "batch"), (crop, "crop")] {
      if let count, count < 1 { throw ValidationError("--\(name) takes a positive number.") }
    }
    guard (crop ?? 1) <= ImageLimits.inputExtent, (batch ?? 1) <= 1 << 16 else {
      throw ValidationError(
        "--crop takes at most \(ImageLimits.inputExtent), --batch at most \(1 << 16).")
    }
    guard maxBad >= 0, saveEvery >= 0 else {
      throw ValidationError("--max-bad and --save-every take numbers from 0.")
    }
    guard !target.contains("all") || target.count == 1 else {
      throw ValidationError("--target all excludes others.")
    }
  }

  func run() throws {
    var progress = Progress(isQuiet: display.quiet)
    defer { progress.clear() }
    let report = try DissectionRun(self).run(&progress)
    progress.clear()
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      try display.show(DissectRendering(report: report, display: display).lines)
    }
  }
}

extension TokenGrid: ExpressibleByArgument {
  /// Reads `ROWSxCOLUMNS`.
  public init?(argument: String) {
    let extents = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard extents.count == 2, let rows = extents[0], let columns = extents[1] else { return nil }
    self.init(rows: rows, columns: columns)
  }
}

extension Shard: ExpressibleByArgument {
  /// Reads `INDEX/COUNT`.
  public init?(argument: String) { self.init(argument) }
}
