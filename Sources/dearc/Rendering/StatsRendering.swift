import Alignment

/// Shows what `stats show` found.
struct StatsRendering {
  let report: StatsReport
  let values: [RankedValue]
  /// Whether every value is shown with its histogram and channels.
  let isDetailed: Bool
  let display: DisplayOptions

  private static let usualWidth = 80
  /// From how many columns on a line has room for everything.
  private static let generousWidth = 100

  private let width = Terminal.width(of: .output)

  var lines: [String] {
    [display.style.bold(printable(report.path)), ""] + (isDetailed ? details : overview)
      + [""] + origin
  }

  /// One line for each value.
  private var overview: [String] {
    let isGenerous = width.map { $0 >= Self.generousWidth } ?? true
    let columns = ["channels", "from", "distribution", "to", "kept from", "to"]
    var table = Table(
      [.init("value")]
        + (columns + (isGenerous ? ["std. error"] : [])).map { .init($0, .right) })
    for (value, ranked) in zip(report.values, values) {
      let drawing = HistogramDrawing(discrepancies: ranked.alignment.discrepancies)
      let error = value.medianStandardError.map(Quantities.signed) ?? "–"
      table.add(
        [
          ranked.name, Quantities.grouped(value.channels), Quantities.signed(value.smallest),
          drawing.sparkline(columns: isGenerous ? 20 : 12), Quantities.signed(value.largest),
          Quantities.signed(value.bottom.firstKept), Quantities.signed(value.top.firstKept),
        ] + (isGenerous ? [error] : []))
    }
    return display.lines(table) + [
      "", "RAD of \(values.count) values; --target, or --verbose, shows their channels.",
    ]
  }

  private var details: [String] {
    zip(report.values, values).enumerated().flatMap { number, each in
      (number > 0 ? [""] : []) + detail(each.0, each.1)
    }
  }

  private func detail(_ value: StatsReport.Value, _ ranked: RankedValue) -> [String] {
    let counts = [
      value.channels == 1 ? "1 channel" : "\(Quantities.grouped(value.channels)) channels",
      value.images.map { "\(Quantities.grouped($0)) pictures" },
    ].compactMap { $0 }
    let drawing = HistogramDrawing(discrepancies: ranked.alignment.discrepancies)
    let heading = "\(printable(ranked.name)): RAD of \(counts.joined(separator: ", "))"
    return [heading, ""]
      + drawing.lines(
        within: width ?? Self.usualWidth,
        closed: (top: value.top.lastClosed, bottom: value.bottom.lastClosed))
      + [""] + display.lines(ends(value)) + [""] + display.lines(channels(value))
  }

  private func ends(_ value: StatsReport.Value) -> Table {
    var table = Table([
      .init(""), .init("share", .right), .init("closed ━", .right), .init("last closed", .right),
      .init("first kept", .right),
    ])
    for (name, share, end) in [
      ("top", report.excludeTop, value.top), ("bottom", report.excludeBottom, value.bottom),
    ] {
      table.add([
        name, "\(share)", Quantities.grouped(end.closed),
        end.lastClosed.map(Quantities.signed) ?? "–", Quantities.signed(end.firstKept),
      ])
    }
    return table
  }

  private func channels(_ value: StatsReport.Value) -> Table {
    let hasMoments = value.images != nil
    let columns =
      ["rank", "channel", "RAD"] + (hasMoments ? ["std. error", "inside", "outside"] : [])
    var table = Table(columns.map { .init($0, .right) } + [.init("")])
    for channel in value.largestChannels + value.smallestChannels.reversed() {
      let moments = [channel.standardError, channel.insideMean, channel.outsideMean]
      table.add(
        [
          Quantities.grouped(channel.rank + 1), "\(channel.channel)",
          Quantities.signed(channel.rad),
        ] + (hasMoments ? moments.map { $0.map(Quantities.signed) ?? "–" } : [])
          + [channel.isClosed ? "closed" : "kept"])
    }
    return table
  }

  /// Where the statistics come from.
  private var origin: [String] {
    guard let pictures = report.pictures else {
      return ["The file does not say how they were measured."]
    }
    var lines = [pictures.summary]
    if let done = report.batchesDone {
      lines.append("note: of an interrupted run, after \(done) batches")
    }
    lines += [pictures.missing].compactMap { $0 }
    if display.verbose {
      let facts = [
        ("model", report.modelSHA256), ("tool", report.tool),
        ("preprocessing", report.preprocessing), ("selection", report.selection),
      ]
      lines += facts.compactMap { name, text in text.map { "\(name): \(printable($0))" } }
    }
    return lines
  }
}
