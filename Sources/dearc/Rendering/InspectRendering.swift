/// Shows what a model holds.
struct InspectRendering {
  let report: InspectReport
  let display: DisplayOptions

  var lines: [String] {
    var table = Table([.init(""), .init("")])
    for (title, content) in facts where !content.isEmpty { table.add([title, content]) }
    return display.lines(table) + signature + operators + notes + channels
  }

  private var facts: [(String, String)] {
    let counts = report.counts
    return [
      ("file", report.file.path),
      ("format", "\(report.file.format), IR version \(report.irVersion)"),
      ("graph", report.name),
      ("producer", report.producer),
      (
        "operator sets",
        report.operatorSets.map { "\($0.domain) \($0.version)" }.joined(separator: ", ")
      ),
      ("nodes", Quantities.grouped(counts.nodes)),
      ("parameters", Quantities.grouped(counts.parameters)),
      ("multiplications", multiplications),
      (
        "bytes",
        "\(Quantities.bytes(counts.fileBytes)), of which weights "
          + Quantities.bytes(counts.weightBytes)
      ),
      ("pictures", report.preprocessing ?? ""),
      ("answer", report.outputMeaning ?? ""),
    ]
  }

  private var multiplications: String {
    guard let macs = report.counts.macs else { return "unknown: some shape is open" }
    let shapes = report.inputs.compactMap { input in
      report.countedAt[input.name].map {
        "\(input.name) \($0.map(String.init).joined(separator: "×"))"
      }
    }
    return Quantities.scaled(macs) + " at " + shapes.joined(separator: ", ")
  }

  private var signature: [String] {
    var table = Table([.init(""), .init("name"), .init("type")])
    for value in report.inputs { table.add(["input", value.name, value.type]) }
    for value in report.outputs { table.add(["output", value.name, value.type]) }
    return [""] + display.lines(table)
  }

  private var operators: [String] {
    var table = Table([.init("operator"), .init("nodes", .right)])
    for entry in report.operators { table.add([entry.operator, String(entry.count)]) }
    return [""] + display.lines(table)
  }

  private var notes: [String] {
    guard !report.notes.isEmpty else { return [] }
    return ["", "Notes"]
      + report.notes.map { note in
        "  " + (note.entity.map { printable($0) + ": " } ?? "") + printable(note.message)
      }
  }

  private var channels: [String] {
    guard let channels = report.channels else { return [] }
    guard !channels.values.isEmpty else { return ["", "No channel is constant or unread."] }
    var table = Table([
      .init("value"), .init("channels", .right), .init("constant", .right),
      .init("unread", .right), .init("can go", .right), .init("must stay", .right),
      .init("because"),
    ])
    for value in channels.values { table.add(row(value)) }
    return [""] + display.lines(table)
  }

  private func row(_ value: ValueReport) -> [String] {
    let kept = value.fates.filter { $0.fate == "kept" }
    let reasons = Tally(
      kept.map { [$0.because, $0.keptBy].compactMap { $0 }.joined(separator: ": ") })
    return [
      value.value, String(value.channels),
      String(value.fates.count { $0.cause == "constant" }),
      String(value.fates.count { $0.cause == "unread" }),
      String(value.fates.count - kept.count), String(kept.count),
      reasons.entries.map(\.entry).prefix(2).joined(separator: "; "),
    ]
  }
}
