/// Shows how far the answers of two models are apart.
struct VerifyRendering {
  let report: VerifyReport
  let display: DisplayOptions

  var lines: [String] {
    let heading =
      style.bold(printable(report.before)) + " ↔ " + style.bold(printable(report.after))
    return [heading, ""] + display.lines(table) + mismatches + ["", verdict] + parting
  }

  private var style: TextStyle { display.style }

  private var table: Table {
    var table = Table([
      .init("inputs"), .init("shape"), .init("output"), .init("largest", .right),
      .init("mean", .right), .init("99 %", .right), .init("relative", .right),
      .init("allowed", .right), .init("cosine", .right),
      .init("worst at"), .init(""),
    ])
    for trial in report.verification.trials {
      for output in trial.outputs {
        table.add([
          trial.inputs, shape(trial), output.name, Quantities.scientific(output.largest),
          Quantities.scientific(output.mean), Quantities.scientific(output.percentile99),
          output.relative.map(Quantities.scientific) ?? "–",
          Quantities.scientific(trial.relativeTolerance),
          Quantities.fixed(output.cosine, digits: 6),
          output.worst.map(String.init).joined(separator: ","), output.passed ? "ok" : "FAILED",
        ])
      }
    }
    return table
  }

  private func shape(_ trial: VerificationReport.Trial) -> String {
    trial.shapes.sorted { $0.key < $1.key }
      .map { $0.value.map(String.init).joined(separator: "×") }.joined(separator: ", ")
  }

  private var mismatches: [String] {
    report.verification.trials.flatMap(\.outputs).flatMap { output in
      let strays =
        output.strays > 0
        ? ["\(printable(output.name)): \(output.strays) elements are finite in one model alone"]
        : []
      return strays + (output.mismatch.map { ["\(printable(output.name)) \($0)"] } ?? [])
    }
  }

  private var verdict: String {
    let needed =
      report.verification.relative.map {
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
