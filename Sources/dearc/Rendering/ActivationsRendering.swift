/// Shows where along the network two models part.
struct ActivationsRendering {
  let report: ActivationsReport
  let display: DisplayOptions
  /// Whether every value is listed.
  let isWhole: Bool

  var lines: [String] { ["", heading, sentence] + missing + [""] + table + uncompared }

  private var heading: String {
    let pictures = report.pictures == 1 ? "1 picture" : "\(report.pictures) pictures"
    let values = Quantities.grouped(report.values.count)
    let whole = Quantities.grouped(report.values.count + report.uncompared.count)
    return display.style.bold("activations")
      + " on \(pictures): \(values) of \(whole) values that both have are compared."
  }

  private var sentence: String {
    let allowed = "\(Quantities.scientific(report.tolerance)) of a value's root mean square"
    guard let first = report.firstParting else {
      return "No value is farther away than \(allowed)."
    }
    let value = report.values[first]
    let last = first > 0 ? "; up to '\(printable(report.values[first - 1].node))' all agree" : ""
    return
      "They part first at \(value.operator) '\(printable(value.node))', beyond \(allowed)\(last)."
  }

  private var missing: [String] {
    let count = report.unreadable.count
    return count > 0 ? ["\(count) picture\(count == 1 ? "" : "s") could not be read."] : []
  }

  /// The places of the values that are listed, in order.
  private var places: [Int] {
    guard !isWhole, !report.values.isEmpty else { return Array(report.values.indices) }
    let last = report.values.count - 1
    let before = report.firstParting.map { max($0 - 1, 0) }
    let chosen = [before, report.firstParting, last].compactMap { $0 } + report.steepest
    return Set(chosen).sorted()
  }

  private var table: [String] {
    let places = places
    let areRenamed = places.contains { report.values[$0].before != report.values[$0].after }
    var table = Table(
      [.init("value"), .init("operator")] + (areRenamed ? [.init("after")] : []) + [
        .init("compared"), .init("largest", .right), .init("mean", .right), .init("of RMS", .right),
        .init("relative", .right), .init("growth", .right), .init("cosine", .right), .init(""),
      ])
    for place in places {
      let value = report.values[place]
      table.add(
        [value.before, value.operator] + (areRenamed ? [value.after] : []) + [
          compared(value), Quantities.scientific(value.largest), Quantities.scientific(value.mean),
          value.largestRelative.map(Quantities.scientific) ?? "–",
          Quantities.scientific(value.relative),
          value.growth > 0 ? Quantities.scientific(value.growth) : "",
          Quantities.fixed(value.cosine, digits: 6), mark(place),
        ])
    }
    let rest = report.values.count - places.count
    return display.lines(table)
      + (rest > 0 ? [display.style.dim("… and \(rest) more; --all shows them")] : [])
  }

  private func compared(_ value: ActivationsReport.Value) -> String {
    value.axes.map { "\($0.before.count) of \($0.extent) on axis \($0.axis)" }
      .joined(separator: ", ")
  }

  private func mark(_ place: Int) -> String {
    let value = report.values[place]
    let words = [
      place == report.firstParting ? "parts first" : nil,
      report.steepest.first == place ? "steepest" : report.steepest.contains(place) ? "steep" : nil,
      value.strays > 0 ? "\(value.strays) finite in one alone" : nil, value.mismatch,
    ]
    return words.compactMap { $0 }.joined(separator: ", ")
  }

  /// Why values are not compared, each of them if all are asked for.
  private var uncompared: [String] {
    guard !report.uncompared.isEmpty else { return [] }
    guard isWhole else {
      let tally = Tally(report.uncompared.map(\.reason))
      return tally.entries.map { reason, count in
        display.style.dim("\(count) not compared: \(reason)")
      }
    }
    var table = Table([.init("not compared"), .init("after"), .init("why")])
    for each in report.uncompared { table.add([each.before, each.after, each.reason]) }
    return [""] + display.lines(table)
  }
}
