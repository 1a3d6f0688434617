import Alignment

/// Shows what `dissect` measured.
struct DissectRendering {
  let report: DissectReport
  let display: DisplayOptions

  /// How many values are listed unless more are asked for.
  private static let limit = 24

  var lines: [String] {
    let style = display.style
    let heading = style.bold(printable(report.model)) + " → " + style.bold(printable(report.output))
    return [heading, ""] + display.lines(table) + more + ["", counts, usage]
  }

  private var table: Table {
    var table = Table([
      .init("value"), .init("channels", .right), .init("largest", .right),
      .init("smallest", .right),
      .init("standard error", .right),
    ])
    for value in shown {
      table.add([
        value.value, Quantities.grouped(value.channels), Quantities.signed(value.largest),
        Quantities.signed(value.smallest), value.standardError.map(Quantities.signed) ?? "–",
      ])
    }
    return table
  }

  private var shown: ArraySlice<DissectReport.Value> {
    display.verbose ? report.values[...] : report.values.prefix(Self.limit)
  }

  private var more: [String] {
    let count = report.values.count - shown.count
    return count > 0 ? ["and \(count) more; --verbose shows all"] : []
  }

  private var counts: String {
    Self.counts(
      report.images, Self.reasons(report.unreadable, report.unmasked, report.repeated))
  }

  /// How many pictures were counted, and why others were not.
  static func counts(_ images: Int, _ reasons: String) -> String {
    let pictures = images == 1 ? "1 picture" : "\(Quantities.grouped(images)) pictures"
    return "Counted \(pictures)" + (reasons.isEmpty ? "." : "; left out: \(reasons).")
  }

  private var usage: String {
    if report.wasComplete { return "The output was complete already." }
    let time = Quantities.duration(.seconds(report.seconds))
    return "\(time), peak memory \(Quantities.bytes(report.peakMemory))"
  }

  /// Why pictures were not counted, as a list.
  static func leftOut(_ statistics: AlignmentStatistics) -> String {
    let leftOut = statistics.measurement?.leftOut ?? .init()
    return reasons(leftOut.unreadable, leftOut.unmasked, leftOut.repeated)
  }

  /// Why so many pictures were not counted, as a list.
  static func reasons(_ unreadable: Int, _ unmasked: Int, _ repeated: Int) -> String {
    let reasons = [
      (unreadable, "unusable"), (unmasked, "with nothing of the region left"),
      (repeated, "the same as another"),
    ]
    return reasons.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }
}
