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
      return [heading, report.sentence] + activations
    }
    return [heading, report.sentence, ""] + counts + interface + channels + nodes + weights + costs
      + activations
  }

  private var style: TextStyle { display.style }

  private var counts: [String] {
    var table = Table([
      .init(""), .init("before", .right), .init("after", .right), .init("change", .right),
    ])
    for row in report.countRows { table.add(row) }
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

  private var channels: [String] {
    let groups = report.channelGroups
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
      + singles(report.nodes.removed, "removed") + singles(report.nodes.added, "added")
      + singles(report.nodes.rewired, "reads something else") + attributes
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
        change.equal.map(Quantities.grouped) ?? "", change.largest.map(Quantities.scientific) ?? "",
        change.relative.map(Quantities.scientific) ?? "",
      ])
    }
    return [""] + display.lines(table) + omitted(changes.count) + note
  }

  // MARK: Costs

  /// What nodes of both models cost: all of them, or those that save or take the most.
  private var costs: [String] {
    let pairs = isWhole ? report.nodes.pairs : report.costChanges
    guard !pairs.isEmpty else { return [] }
    var columns: [Table.Column] = [
      .init(isWhole ? "node" : "costs of"), .init("operator"), .init("parameters", .right),
      .init("multiplications", .right), .init("result", .right),
    ]
    if isWhole { columns += [.init("after"), .init("known by")] }
    var table = Table(columns)
    for pair in shown(pairs) {
      let (old, new) = (pair.costBefore, pair.costAfter)
      let cells = [
        pair.before, pair.operator,
        step(old.parameters, new.parameters, Quantities.grouped),
        step(old.macs, new.macs, Quantities.scaled),
        step(old.activationBytes, new.activationBytes, Quantities.bytes),
      ]
      table.add(
        cells + (isWhole ? [pair.after == pair.before ? "" : pair.after, pair.foundBy] : []))
    }
    return [""] + display.lines(table) + omitted(pairs.count)
  }

  /// A number before and after, or once if it is the same.
  private func step(_ before: Int?, _ after: Int?, _ text: (Int) -> String) -> String {
    guard before != after else { return before.map { $0 == 0 ? "" : text($0) } ?? "?" }
    return "\(before.map(text) ?? "?") → \(after.map(text) ?? "?")"
  }

  private var activations: [String] {
    report.activations.map {
      ActivationsRendering(report: $0, display: display, isWhole: isWhole).lines
    } ?? []
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
