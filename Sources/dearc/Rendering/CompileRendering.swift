/// Shows what `convert` and `prune` did.
struct CompileRendering {
  let report: CompileReport
  let display: DisplayOptions

  /// Reasons for channels and nodes that stayed are shown up to this number, all with `--verbose`.
  private static let reasonLimit = 8

  var lines: [String] {
    var lines = [heading, ""] + comparison
    if let channels = report.channels {
      lines += [""] + closed(channels) + [fates(channels)] + whereToLook(channels)
      lines += keptChannels(channels)
    }
    lines += flushed + precision + report.remarks.map(printable)
    lines += refusals + weights + notes + (display.verbose ? changes : [])
    return lines + ["", verification, cost]
  }

  private var style: TextStyle { display.style }

  private var heading: String {
    style.bold(printable(report.input.path)) + " → " + style.bold(printable(report.output.path))
  }

  private var comparison: [String] {
    let (before, after) = (report.original, report.result)
    var table = Table([
      .init(""), .init("original", .right), .init("result", .right), .init("change", .right),
    ])
    func add(_ title: String, _ old: Int, _ new: Int, _ text: (Int) -> String) {
      table.add([title, text(old), text(new), Quantities.change(from: old, to: new)])
    }
    add("nodes", before.nodes, after.nodes, Quantities.grouped)
    add("parameters", before.parameters, after.parameters, Quantities.grouped)
    if let old = before.macs, let new = after.macs {
      add("multiplications" + countedAt, old, new, Quantities.scaled)
    }
    add("bytes", before.fileBytes, after.fileBytes, Quantities.bytes)
    if let channels = report.channels {
      table.add(["channels removed", "", Quantities.grouped(channels.fates.gone)])
    }
    return display.lines(table)
  }

  /// The shape that work was counted for, if there is one input.
  private var countedAt: String {
    guard report.countedAt.count == 1, let shape = report.countedAt.first?.value else { return "" }
    return " at " + shape.map(String.init).joined(separator: "×")
  }

  /// What was closed on request, a line for each value.
  private func closed(_ channels: ChannelReport) -> [String] {
    channels.values.compactMap { value in
      let count = value.fates.count { $0.cause == "closed" }
      guard count > 0 else { return nil }
      return
        "Closed \(Quantities.grouped(count)) of the \(Quantities.grouped(value.channels)) channels "
        + "of \(printable(value.value))."
    }
  }

  private func whereToLook(_ channels: ChannelReport) -> [String] {
    guard channels.fates.total > 0 else { return [] }
    return [style.dim("--json, or --report FILE, lists every channel and what became of it.")]
  }

  private var flushed: [String] {
    guard let flushed = report.flushed else { return [] }
    return [
      "Took \(Quantities.grouped(flushed.weights)) of \(Quantities.grouped(flushed.of)) weights for "
        + "zero, the largest \(flushed.largest): the answers may differ by that."
    ]
  }

  private var precision: [String] {
    report.precision.map { PrecisionRendering(summary: $0, display: display).lines } ?? []
  }

  private func fates(_ channels: ChannelReport) -> String {
    let fates = channels.fates
    guard fates.total > 0 else { return "No channel is constant or unread: nothing to remove." }
    let parts = [
      (fates.removed, "removed"), (fates.folded, "folded into biases"),
      (fates.carried, "carried by another"), (fates.kept, "kept"),
    ]
    let tally = parts.filter { $0.0 > 0 }.map { "\(Quantities.grouped($0)) \($1)" }
    return "Channels in question: \(Quantities.grouped(fates.total)). "
      + tally.joined(separator: ", ") + "."
  }

  private func keptChannels(_ channels: ChannelReport) -> [String] {
    let reasons = Tally(
      channels.values.flatMap { value in
        value.fates.filter { $0.fate == "kept" }.map {
          [value.value, $0.keptBy ?? "", $0.because ?? ""]
        }
      })
    guard !reasons.isEmpty else { return [] }
    var table = Table([
      .init("value"), .init("channels", .right), .init("kept by"), .init("because"),
    ])
    for (reason, count) in shown(reasons.entries) {
      table.add([reason[0], String(count), reason[1], reason[2]])
    }
    return ["", "Not removed"] + display.lines(table) + omitted(reasons.entries.count)
  }

  private var refusals: [String] {
    let reasons = Tally(report.refusals.map { [$0.pass, $0.reason] })
    guard !reasons.isEmpty else { return [] }
    var table = Table([
      .init("pass"), .init("times", .right), .init("first at"), .init("because"),
    ])
    for (reason, count) in shown(reasons.entries) {
      let first = report.refusals.first { [$0.pass, $0.reason] == reason }
      table.add([reason[0], String(count), first?.subject ?? "", reason[1]])
    }
    return ["", "Left as it was"] + display.lines(table) + omitted(reasons.entries.count)
  }

  /// How many initializers have other elements; the names with `--verbose`.
  private var weights: [String] {
    guard let weights = report.weights else { return [] }
    var table = Table([.init("weights"), .init("count", .right), .init("initializers")])
    for (title, names) in [("matched", weights.matched), ("missing, as before", weights.missing)] {
      let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
      table.add([title, Quantities.grouped(names.count), display.verbose ? "" : shown])
      guard display.verbose else { continue }
      for name in names { table.add(["", "", name]) }
    }
    return [""] + display.lines(table)
  }

  private var notes: [String] {
    guard !report.notes.isEmpty else { return [] }
    let shown = display.verbose ? report.notes[...] : report.notes.prefix(Self.reasonLimit)
    let lines = shown.map { note in
      "  " + (note.entity.map { printable($0) + ": " } ?? "") + printable(note.message)
    }
    return ["", "About the input"] + lines + omitted(report.notes.count)
  }

  private var changes: [String] {
    guard !report.changes.isEmpty else { return [] }
    var table = Table([.init("pass"), .init("rule"), .init("at"), .init("")])
    for change in report.changes {
      table.add([change.pass, "\(change.rule) \(change.title)", change.subject, change.detail])
    }
    return ["", "Changes"] + display.lines(table)
  }

  private var verification: String {
    report.verification.summary
  }

  private var cost: String {
    let seconds = Quantities.fixed(report.seconds, digits: 2)
    return style.dim("\(seconds) s, peak memory \(Quantities.bytes(report.peakMemoryBytes))")
  }

  private func shown<Entry>(_ entries: [Entry]) -> ArraySlice<Entry> {
    display.verbose ? entries[...] : entries.prefix(Self.reasonLimit)
  }

  private func omitted(_ count: Int) -> [String] {
    guard !display.verbose, count > Self.reasonLimit else { return [] }
    return [style.dim("… and \(count - Self.reasonLimit) more; --verbose shows all")]
  }
}

/// Counts equal entries, keeping the order in which they first came.
struct Tally<Entry: Hashable> {
  private(set) var entries: [(entry: Entry, count: Int)] = []

  init(_ sequence: some Sequence<Entry>) {
    var places: [Entry: Int] = [:]
    for entry in sequence {
      if let place = places[entry] {
        entries[place].count += 1
      } else {
        places[entry] = entries.count
        entries.append((entry, 1))
      }
    }
  }

  var isEmpty: Bool { entries.isEmpty }
}
