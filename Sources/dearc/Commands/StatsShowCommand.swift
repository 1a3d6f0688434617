import Alignment
import ArgumentParser

/// Shows what alignment statistics say.
struct StatsShowCommand: NetworkRunning {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show how channels are aligned with inpainted regions, and which ones a rule closes.",
    discussion: """
      With several values, one line for each; --target shows the histogram and the channels of some, and \
      --verbose of all. With --model and --images the page that --html writes has heat maps of the most \
      extreme channels over the pictures on which they are strongest.
      """)

  @Argument(help: "The statistics: what dissect wrote, HDF5 with one list of floats, or JSON.")
  var stats: String

  @Option(
    help: ArgumentHelp("A value to show; may be repeated. All otherwise.", valueName: "value"))
  var target: [String] = []

  @Option(
    help: ArgumentHelp(
      "The share of channels to close that follow inpainted regions most.", valueName: "share"))
  var excludeTop = BilateralShares.usual

  @Option(
    help: ArgumentHelp(
      "The share of channels to close that follow them least.", valueName: "share"))
  var excludeBottom = BilateralShares.usual

  @Option(help: ArgumentHelp("How many channels at each end are listed.", valueName: "count"))
  var extremes = 5

  @Option(
    help: ArgumentHelp("Also write a page to look at in a browser.", valueName: "file"))
  var html: String?

  @OptionGroup var heatMaps: HeatMapOptions

  @OptionGroup var display: DisplayOptions

  func validate() throws {
    _ = try BilateralShares.rule(excludeTop, excludeBottom)
    guard extremes >= 0 else { throw ValidationError("--extremes takes a number from 0.") }
    guard Set(target).count == target.count else {
      throw ValidationError("--target names a value twice.")
    }
    guard heatMaps.model == nil || html != nil else {
      throw ValidationError("--model and --images are for the page that --html writes.")
    }
  }

  func run() throws {
    let statistics = try StatisticsFiles.read(stats)
    let rule = try BilateralShares.rule(excludeTop, excludeBottom)
    let values = try StatisticsFiles.values(target, of: statistics, stats)
      .map { RankedValue($0, rule) }
    let report = StatsReport(stats, statistics, values, rule, extremes: extremes)
    if let html { try writePage(html, statistics, report, values) }
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      let isDetailed = values.count == 1 || !target.isEmpty || display.verbose
      try display.show(
        StatsRendering(report: report, values: values, isDetailed: isDetailed, display: display)
          .lines)
    }
  }

  private func writePage(
    _ path: String, _ statistics: AlignmentStatistics, _ report: StatsReport,
    _ values: [RankedValue]
  ) throws {
    var progress = Progress(isQuiet: display.quiet)
    defer { progress.clear() }
    let run = try heatMaps.model.map { model in
      try HeatMapRun(heatMaps, model: model, statistics, path: stats)
    }
    let shown = try run?.run(values, &progress)
    let page = StatsPageReport(report, values, heatMaps: shown, extremes: extremes)
    let sources = [stats] + (run?.inputs ?? [])
    let file = try ModelFiles.prepare(
      try EmbeddedPage.html(PackageResources.StatsPage_html, page), for: path, keeping: sources)
    try ModelFiles.commit([], with: [file])
  }
}
