/// Shows what `stats merge` joined.
struct MergeRendering {
  let report: MergeReport
  let display: DisplayOptions

  var lines: [String] {
    var table = Table([.init("file"), .init("shard"), .init("pictures", .right)])
    for part in report.parts {
      table.add([
        part.path, part.shards.isEmpty ? "all" : part.shards.joined(separator: " "),
        Quantities.grouped(part.images),
      ])
    }
    table.add(["→ " + report.output, "", Quantities.grouped(report.pictures?.counted ?? 0)])
    let values = report.values == 1 ? "one value" : "\(report.values) values"
    let summary = report.pictures.map { ["\($0.summary)"] } ?? []
    return display.lines(table) + ["", "Statistics of \(values)."] + summary
      + [report.pictures?.missing].compactMap { $0 }
  }
}
