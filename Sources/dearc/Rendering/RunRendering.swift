/// Shows what a run yielded.
struct RunRendering {
  let report: RunReport
  let display: DisplayOptions

  var lines: [String] {
    var table = Table([
      .init("output"), .init("type"), .init("shape"), .init("least", .right),
      .init("greatest", .right),
    ])
    for output in report.outputs {
      table.add([
        output.name, output.type, output.shape.map(String.init).joined(separator: "×"),
        output.least.map { "\(Float($0))" } ?? "", output.greatest.map { "\(Float($0))" } ?? "",
      ])
    }
    return display.lines(table) + memory + times
  }

  private var memory: [String] {
    guard display.verbose else { return [] }
    return [
      "Activations take \(Quantities.bytes(report.arenaBytes)); at most "
        + "\(Quantities.bytes(report.leastBytes)) are alive at a time."
    ]
  }

  private var times: [String] {
    guard let times = report.milliseconds?.sorted(), let first = times.first, let last = times.last
    else { return [] }
    func text(_ time: Double) -> String { Quantities.fixed(time, digits: 2) }
    return [
      "\(times.count) runs: median \(text(times[times.count / 2])) ms, \(text(first))–\(text(last)) ms"
    ]
  }
}
