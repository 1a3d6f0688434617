/// Shows which tensors are stored in fewer bits, and why others are not.
struct PrecisionRendering {
  let summary: PrecisionSummary
  let display: DisplayOptions

  var lines: [String] { [stored + kept] + error + (display.verbose ? tensors : []) }

  private var stored: String {
    let types = Tally(summary.tensors.filter { $0.reason == nil }.map(\.dtype)).entries
    let origin = summary.dtype == nil ? " as they were read" : ""
    guard !types.isEmpty else { return "No tensor stored in fewer bits" }
    let parts = types.enumerated().map { index, each in
      let noun = index > 0 ? "" : each.count == 1 ? " tensor stored" : " tensors stored"
      return "\(Quantities.grouped(each.count))\(noun) as \(each.entry)"
    }
    return parts.joined(separator: ", ") + origin
  }

  private var kept: String {
    let reasons = Tally(summary.tensors.compactMap(\.reason)).entries
    guard !reasons.isEmpty else { return "." }
    let parts = reasons.map { "\(Quantities.grouped($0.count)) × \($0.entry)" }
    return ", \(Quantities.grouped(summary.kept)) kept as they are: "
      + parts.joined(separator: "; ") + "."
  }

  private var error: [String] {
    let errors = summary.tensors.filter { $0.reason == nil }.compactMap(\.relativeError)
    guard let largest = errors.max(), largest > 0 else { return [] }
    return [
      "Rounding moved a tensor by at most \(Quantities.scientific(largest)) of its length: the answers "
        + "differ accordingly."
    ]
  }

  private var tensors: [String] {
    var table = Table([
      .init("tensor"), .init("elements", .right), .init("stored as"), .init("error", .right),
      .init("kept because"),
    ])
    for tensor in summary.tensors {
      let error = tensor.relativeError.map { $0 == 0 ? "0" : Quantities.scientific($0) }
      table.add([
        tensor.name, Quantities.grouped(tensor.elements), tensor.dtype, error ?? "",
        tensor.reason ?? "",
      ])
    }
    return display.lines(table)
  }
}
