/// Shows what changed between two models, the most important first.
struct DiffRendering {
  let report: DiffReport
  let display: DisplayOptions
  /// Whether every node and layer is listed.
  let isWhole: Bool

  /// How many lines a table has unless everything is asked for.
  private static let rowLimit = 12

  var lines: [String] {
    let heading =
      style.bold(printable(report.before.file.path)) + " → "
      + style.bold(printable(report.after.file.path))
    guard report.verdict != .identical, report.verdict != .unrelated else {
      return [heading, verdict]
    }
    return [heading, verdict, ""] + counts + interface + channels + nodes + weights
  }

  private var style: TextStyle { display.style }

  // MARK: Verdict

  private var verdict: String {
    switch report.verdict {
    case .identical: "The models are the same."
    case .weights: "The same architecture with other weights."
    case .changed: changed
    case .unrelated:
      "The models have little in common: \(Quantities.grouped(report.nodes.pairs.count)) of "
        + "\(Quantities.grouped(report.before.counts.nodes)) nodes are in both."
    }
  }

  /// One sentence for what happened to the network.
  private var changed: String {
    let kept = report.nodes.pairs.count
    var parts: [String] = []
    let removed = groups.reduce(0) { $0 + $1.removedCount }
    if removed > 0 { parts.append("\(Quantities.grouped(removed)) channels removed") }
    func part(_ count: Int, _ text: String) {
      if count > 0 { parts.append("\(Quantities.grouped(count)) \(text)") }
    }
    part(report.nodes.folded.count, "nodes folded")
    part(report.nodes.unfolded.count, "nodes taken apart")
    part(report.nodes.removed.count, "nodes removed")
    part(report.nodes.added.count, "nodes added")
    part(report.nodes.attributes.count, "attributes changed")
    return
      "\(Quantities.grouped(kept)) of \(Quantities.grouped(report.before.counts.nodes)) nodes are in "
      + "both" + (parts.isEmpty ? "." : "; " + parts.joined(separator: ", ") + ".")
  }

  private var counts: [String] {
    let (before, after) = (report.before.counts, report.after.counts)
    var table = Table([
      .init(""), .init("before", .right), .init("after", .right), .init("change", .right),
    ])
    func add(_ title: String, _ old: Int, _ new: Int, _ text: (Int) -> String) {
      table.add([title, text(old), text(new), Quantities.change(from: old, to: new)])
    }
    add("nodes", before.nodes, after.nodes, Quantities.grouped)
    add("parameters", before.parameters, after.parameters, Quantities.grouped)
    if let old = before.macs, let new = after.macs {
      add("multiplications", old, new, Quantities.scaled)
    }
    add("bytes", before.fileBytes, after.fileBytes, Quantities.bytes)
    return display.lines(table)
  }

  private var interface: [String] {
    guard !report.interface.isEmpty else { return [] }
    var table = Table([.init("interface"), .init("before"), .init("after")])
    for change in report.interface {
      table.add([change.subject, change.before ?? "–", change.after ?? "–"])
    }
    return [""] + display.lines(table)
  }

  // MARK: Channels

  /// Layers that keep the same channels, such as those whose results are added.
  private struct ChannelGroup {
    let first: LayerReport
    var layers: [String]

    var removedCount: Int { first.channelsBefore - first.channelsAfter }
  }

  private var groups: [ChannelGroup] {
    var groups: [ChannelGroup] = []
    var places: [[Int?]: Int] = [:]
    for layer in report.layers where layer.isChanged {
      if layer.unknownCount == 0, let place = places[layer.channels],
        groups[place].first.channelsBefore == layer.channelsBefore
      {
        groups[place].layers.append(layer.before)
      } else {
        places[layer.channels] = groups.count
        groups.append(ChannelGroup(first: layer, layers: [layer.before]))
      }
    }
    return groups
  }

  private var channels: [String] {
    guard !groups.isEmpty else { return [] }
    var table = Table([
      .init("channels of"), .init("kept", .right), .init("of", .right), .init("removed"),
      .init("known by"),
    ])
    for group in shown(groups) {
      let more = group.layers.count > 1 ? " and \(group.layers.count - 1) more" : ""
      table.add([
        group.first.before + more, Quantities.grouped(group.first.channelsAfter),
        Quantities.grouped(group.first.channelsBefore), removed(group.first), group.first.knownBy,
      ])
    }
    return [""] + display.lines(table) + omitted(groups.count)
  }

  private func removed(_ layer: LayerReport) -> String {
    if let removed = layer.removed { return removed.isEmpty ? "none, moved" : ranges(removed) }
    return layer.unknownCount == layer.channels.count
      ? "cannot be told: the weights are others"
      : "cannot be told for \(layer.unknownCount) of \(layer.channels.count)"
  }

  /// Ascending numbers as ranges, cut off where a line would get too long.
  private func ranges(_ numbers: [Int]) -> String {
    var parts: [String] = []
    var start = 0
    while start < numbers.count {
      var end = start
      while end + 1 < numbers.count, numbers[end + 1] == numbers[end] + 1 { end += 1 }
      parts.append(start == end ? "\(numbers[start])" : "\(numbers[start])–\(numbers[end])")
      start = end + 1
    }
    let limit = isWhole ? parts.count : 10
    return parts.prefix(limit).joined(separator: " ") + (parts.count > limit ? " …" : "")
  }

  // MARK: Nodes

  private var nodes: [String] {
    folds(report.nodes.folded, "folded into") + folds(report.nodes.unfolded, "taken out of")
      + singles(report.nodes.removed, "removed") + singles(report.nodes.added, "added") + attributes
  }

  /// Folds of one operator into another on one line each, or each by itself if all are asked for.
  private func folds(_ folds: [NodeDiffReport.Fold], _ title: String) -> [String] {
    guard !folds.isEmpty else { return [] }
    guard !isWhole else {
      var table = Table([.init("node"), .init("operator"), .init(title), .init("operator")])
      for fold in folds {
        table.add([fold.node, fold.operator, fold.into ?? "nothing", fold.intoOperator ?? ""])
      }
      return [""] + display.lines(table)
    }
    var table = Table([.init("count", .right), .init("operator"), .init(title), .init("first")])
    let tally = Tally(folds.map(kind))
    for (kind, count) in shown(tally.entries) {
      let first = folds.first { self.kind($0) == kind }
      let example = first.map { $0.node + ($0.into.map { " into " + $0 } ?? "") } ?? ""
      table.add([Quantities.grouped(count), kind[0], kind[1], example])
    }
    return [""] + display.lines(table) + omitted(tally.entries.count)
  }

  private func kind(_ fold: NodeDiffReport.Fold) -> [String] {
    switch fold.sort {
    case "stored": [fold.operator, "initializers"]
    case "shapes": ["arithmetic on shapes", "stored numbers"]
    default: [fold.operator, fold.intoOperator ?? "nothing"]
    }
  }

  private func singles(_ nodes: [NodeDiffReport.Single], _ title: String) -> [String] {
    guard !nodes.isEmpty else { return [] }
    var table = Table([.init(title), .init("operator"), .init("")])
    for node in shown(nodes) {
      table.add([node.node, node.operator, node.takes.map { "takes " + $0 } ?? ""])
    }
    return [""] + display.lines(table) + omitted(nodes.count)
  }

  private var attributes: [String] {
    let changes = report.nodes.attributes
    guard !changes.isEmpty else { return [] }
    var table = Table([.init("node"), .init("attribute"), .init("before"), .init("after")])
    for change in shown(changes) {
      table.add([change.node, change.name, change.before ?? "–", change.after ?? "–"])
    }
    return [""] + display.lines(table) + omitted(changes.count)
  }

  // MARK: Weights

  private var weights: [String] {
    let rounded = report.weights.count(where: \.isRounding)
    let note =
      rounded > 0
      ? ["", "\(Quantities.grouped(rounded)) weights differ by rounding alone."] : []
    let changes = isWhole ? report.weights : report.weights.filter { !$0.isRounding }
    guard !changes.isEmpty else { return note }
    var table = Table([
      .init("weights changed"), .init("elements", .right), .init("equal", .right),
      .init("largest", .right), .init("relative", .right),
    ])
    for change in shown(changes) {
      table.add([
        change.name, change.elements.map(Quantities.grouped) ?? "",
        change.equal.map(Quantities.grouped) ?? "", change.largest.map(scientific) ?? "",
        change.relative.map(scientific) ?? "",
      ])
    }
    return [""] + display.lines(table) + omitted(changes.count) + note
  }

  /// A number in two digits and a power of ten.
  private func scientific(_ number: Double) -> String {
    guard number > 0, number.isFinite else { return "\(number)" }
    var (mantissa, exponent) = (number, 0)
    while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    let sign = exponent < 0 ? "−" : ""
    return Quantities.fixed(mantissa, digits: 1) + "e" + sign + String(exponent.magnitude)
  }

  // MARK: Limits

  private func shown<Entry>(_ entries: [Entry]) -> ArraySlice<Entry> {
    isWhole ? entries[...] : entries.prefix(Self.rowLimit)
  }

  private func omitted(_ count: Int) -> [String] {
    guard !isWhole, count > Self.rowLimit else { return [] }
    return [style.dim("… and \(count - Self.rowLimit) more; --all shows them")]
  }
}
