/// Shows how far the answers of two models are apart.
struct VerifyRendering {
  let report: VerifyReport
  let display: DisplayOptions

  var lines: [String] {
    let heading =
      style.bold(printable(report.before)) + " ↔ " + style.bold(printable(report.after))
    return [heading, ""] + display.lines(table) + mismatches + pictures + ["", verdict] + parting
  }

  private var style: TextStyle { display.style }

  private var table: Table {
    var table = Table([
      .init("inputs"), .init("shape"), .init("output"), .init("largest", .right),
      .init("mean", .right), .init("99 %", .right), .init("relative", .right),
      .init("mean", .right), .init("allowed", .right), .init("cosine", .right),
      .init("worst at"), .init(""),
    ])
    for trial in report.verification.trials {
      for output in trial.outputs {
        table.add([trial.inputs, shape(trial)] + cells(output, trial.relativeTolerance))
      }
    }
    for output in report.pictures?.outputs ?? [] {
      let pictures = report.pictures
      table.add(
        ["pictures", "\(pictures?.compared ?? 0) of them"]
          + cells(output, pictures?.relativeTolerance ?? 0))
    }
    return table
  }

  private func cells(_ output: VerificationReport.Output, _ allowed: Double) -> [String] {
    [
      output.name, scientific(output.largest), scientific(output.mean),
      scientific(output.percentile99), scientific(output.relative),
      scientific(output.meanRelative), Quantities.scientific(allowed),
      output.cosine.map { Quantities.fixed($0, digits: 6) } ?? "–",
      output.worst.map(String.init).joined(separator: ","), output.passed ? "ok" : "FAILED",
    ]
  }

  private func scientific(_ number: Double?) -> String {
    number.map(Quantities.scientific) ?? "–"
  }

  /// Which pictures show the most, how many fail, and how many are missing.
  private var pictures: [String] {
    guard let pictures = report.pictures else { return [] }
    let worst = zip(pictures.outputs, pictures.worstPictures).filter { $0.0.largest != 0 }.map {
      "'\(printable($0.name))' is farthest away on \(printable($1))."
    }
    let failed =
      pictures.failed > 0 ? ["\(pictures.failed) of \(pictures.compared) pictures fail."] : []
    let count = pictures.unreadable.count
    let missing =
      count > 0 ? ["\(count) picture\(count == 1 ? "" : "s") could not be read."] : []
    let lines = worst + failed + missing
    return lines.isEmpty ? [] : [""] + lines
  }

  private func shape(_ trial: VerificationReport.Trial) -> String {
    trial.shapes.sorted { $0.key < $1.key }
      .map { $0.value.map(String.init).joined(separator: "×") }.joined(separator: ", ")
  }

  private var mismatches: [String] {
    let outputs = report.verification.trials.flatMap(\.outputs) + (report.pictures?.outputs ?? [])
    return outputs.flatMap { output in
      let counts = [
        (output.strays, "finite in one model alone"),
        (output.nonFinite, "no finite numbers in both models"),
      ]
      let strays = counts.filter { $0.0 > 0 }.map { count, what in
        "\(printable(output.name)): \(count) elements are \(what)"
      }
      return strays + (output.mismatch.map { ["\(printable(output.name)) \($0)"] } ?? [])
    }
  }

  private var verdict: String {
    let needed =
      report.relative.map {
        "A tolerance of \(Quantities.scientific($0)) of the largest would just pass."
      } ?? "No tolerance would pass."
    let word = report.verification.verdict == .passed ? "PASSED" : "FAILED"
    return "\(style.bold(word)). \(needed)"
  }

  private var parting: [String] {
    guard let parting = report.parting else { return [] }
    let difference = parting.relative.map { ", \(Quantities.scientific($0)) of the largest" } ?? ""
    let last = parting.lastAgreeing.map { " The last node that agrees is \(printable($0))." } ?? ""
    return [
      "They part at \(parting.operator) '\(printable(parting.node))'\(difference).\(last)"
    ]
  }
}
