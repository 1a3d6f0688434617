/// Shows what a network answers to pictures.
struct PicturesRendering {
  let report: PicturesReport
  let display: DisplayOptions

  /// How many elements of an answer a line has room for.
  private static let elementLimit = 6

  var lines: [String] {
    var table = Table([
      .init("picture"), .init("answer", .right), .init("probability", .right), .init(""),
    ])
    for picture in report.pictures {
      let shown = picture.values.prefix(Self.elementLimit).map {
        Quantities.fixed(Double($0), digits: 4)
      }
      let rest = picture.values.count > Self.elementLimit ? " …" : ""
      table.add([
        picture.path, shown.joined(separator: " ") + rest,
        picture.probability.map { Quantities.fixed($0, digits: 4) } ?? "", picture.error ?? "",
      ])
    }
    return display.lines(table)
  }

  /// One line for each picture: its path, the elements of the answer, the probability, and what went wrong.
  var csv: [String] {
    let width = report.pictures.map(\.values.count).max() ?? 0
    let names = (0..<width).map { width == 1 ? "answer" : "answer\($0)" }
    let head = ["picture"] + names + ["probability", "error"]
    return [head.joined(separator: ",")]
      + report.pictures.map { picture in
        let values = (0..<width).map { $0 < picture.values.count ? "\(picture.values[$0])" : "" }
        let fields =
          [quoted(picture.path)] + values
          + [picture.probability.map { "\($0)" } ?? "", quoted(picture.error ?? "")]
        return fields.joined(separator: ",")
      }
  }

  /// A field as RFC 4180 has it.
  private func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
