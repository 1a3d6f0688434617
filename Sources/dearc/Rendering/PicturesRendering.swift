/// Shows what a network answers to pictures.
struct PicturesRendering {
  let report: PicturesReport
  let display: DisplayOptions

  /// How many elements of an answer a line has room for.
  private static let elementLimit = 6

  private var hasMeaning: Bool { report.outputMeaning != nil }

  /// A table of the pictures that were answered, and how many of which class there are.
  var lines: [String] {
    var table =
      hasMeaning
      ? Table([
        .init("picture"), .init("logit", .right), .init("probability", .right), .init("verdict"),
      ]) : Table([.init("picture"), .init("answer", .right)])
    for picture in report.pictures where picture.error == nil { table.add(cells(picture)) }
    return display.lines(table) + ["", summary]
  }

  private func cells(_ picture: PictureAnswer) -> [String] {
    guard hasMeaning else {
      let shown = picture.values.prefix(Self.elementLimit).map { number(Double($0.value)) }
      let rest = picture.values.count > Self.elementLimit ? " …" : ""
      return [picture.path, shown.joined(separator: " ") + rest]
    }
    return [
      picture.path, logit(picture, number), picture.probability.map(number) ?? "",
      picture.verdict ?? "",
    ]
  }

  private func number(_ number: Double) -> String {
    number.isFinite ? Quantities.fixed(number, digits: 4) : text(number)
  }

  /// All digits; one that is no number has no sign.
  private func text(_ number: some BinaryFloatingPoint & CustomStringConvertible) -> String {
    number.isNaN ? "nan" : number.description
  }

  /// The logit, which is absent where it is infinite.
  private func logit(_ picture: PictureAnswer, _ text: (Double) -> String) -> String {
    guard let probability = picture.probability else { return "" }
    return picture.logit.map(text) ?? (probability > 0.5 ? "inf" : "-inf")
  }

  private var summary: String {
    let verdicts = Tally(report.pictures.compactMap(\.verdict)).entries
      .sorted { $0.entry < $1.entry }.map { "\($0.count) \($0.entry)" }
    let missing = report.unanswered == 0 ? [] : ["\(report.unanswered) without an answer"]
    let count = report.pictures.count
    let parts = (verdicts + missing).joined(separator: ", ")
    return "\(count) picture\(count == 1 ? "" : "s")" + (parts.isEmpty ? "" : ": " + parts)
  }

  /// One line for each picture: its path, what the answer means or is, and what went wrong.
  var csv: [String] {
    let width = report.pictures.map(\.values.count).max() ?? 0
    let names =
      hasMeaning
      ? ["logit", "probability", "verdict"]
      : (0..<width).map { width == 1 ? "answer" : "answer\($0)" }
    let head = ["picture"] + names + ["error"]
    return [head.joined(separator: ",")]
      + report.pictures.map { picture in
        let fields = hasMeaning ? meaning(picture) : values(picture, width)
        return ([quoted(picture.path)] + fields + [quoted(picture.error ?? "")])
          .joined(separator: ",")
      }
  }

  private func meaning(_ picture: PictureAnswer) -> [String] {
    [
      logit(picture) { "\($0)" }, picture.probability.map { "\($0)" } ?? "",
      picture.verdict ?? "",
    ]
  }

  private func values(_ picture: PictureAnswer, _ width: Int) -> [String] {
    (0..<width).map { index in
      index < picture.values.count ? text(picture.values[index].value) : ""
    }
  }

  /// A field as RFC 4180 has it.
  private func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
