internal import IR

/// Lets a window pad for itself what a Pad before it adds.
///
/// ```
/// before: %2 = Pad(%1, [0, 0, 1, 1, 0, 0, 1, 1])  %3 = Conv(%2, %w)
/// after:                                          %3 = Conv(%1, %w) {pads = [1, 1, 1, 1]}
/// ```
///
/// Legal cases, for a Pad by stored amounts ≥ 0 of one stored number, on spatial axes only, whose
/// result the window alone reads and which is no output; the window states its padding, none of it
/// below 0:
/// 1. Zeros before a Conv, of any number of groups.
/// 2. Zeros before an AveragePool that has no padding yet or counts it: it counts all of it afterwards.
/// 3. Negative infinity before a MaxPool whose positions nobody asks for: it never is a maximum.
///
/// Pooling must not be dilated or round its extents up, as a last window may then start in padding
/// that had been data; and runtimes take no padding as large as the window.
enum PadFolding {
  static let name = "fold-pads"
  static let convolution = RewriteRule(
    pass: name, number: 1, title: "let a convolution pad its data")
  static let average = RewriteRule(pass: name, number: 2, title: "let AveragePool pad its data")
  static let maximum = RewriteRule(pass: name, number: 3, title: "let MaxPool pad its data")

  static let pass = Pass(
    name: name, summary: "Let convolutions and pooling pad their data.",
    rules: [convolution, average, maximum], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs where rewriter.graph.nodes[node].op.kind == .pad {
      guard rewriter.exclusiveProducer(of: rewriter.graph.nodes[node].output(0)) == node,
        let reader = PaddedReader(of: node, in: rewriter.graph)
      else { continue }
      if let reason = reader.obstacle {
        rewriter.refuse(name, rewriter.label(node), because: reason)
      } else {
        fold(node, into: reader, &rewriter)
      }
    }
  }

  private static func fold(_ node: NodeID, into reader: PaddedReader, _ rewriter: inout Rewriter) {
    let detail = "into \(rewriter.label(reader.node))"
    rewriter.apply(reader.rule, to: rewriter.label(node), detail) { graph in
      graph.replaceInput(of: reader.node, at: 0, with: reader.pad.data)
      let attributes = graph.nodes[reader.node].attributes.filter { $0.name != "auto_pad" }
      graph.setAttributes(of: reader.node, to: attributes)
      graph.setAttribute(
        of: reader.node, "pads", to: .ints(reader.jointPads.map(Int64.init)))
      if reader.rule == average {
        graph.setAttribute(of: reader.node, "count_include_pad", to: .int(1))
      }
      graph.remove(node)
    }
  }
}

/// A window that reads what a Pad makes, and nobody else does.
private struct PaddedReader {
  let node: NodeID
  let pad: PadView
  let rule: RewriteRule
  private let window: SlidingWindow
  private let pool: PoolView?
  private let asksForPositions: Bool

  /// Nil unless a convolution or pooling stands behind `pad`.
  init?(of pad: NodeID, in graph: Graph) {
    guard let view = PadView(pad, in: graph),
      let (node, input) = graph.nodes[pad].output(0).flatMap({ graph.soleReader(of: $0) }),
      input == 0
    else { return nil }
    switch graph.nodes[node].op.kind {
    case .conv: rule = PadFolding.convolution
    case .averagePool: rule = PadFolding.average
    case .maxPool: rule = PadFolding.maximum
    default: return nil
    }
    pool = PoolView(node, in: graph)
    guard let window = ConvolutionView(node, in: graph)?.window ?? pool?.window,
      view.begins.count == window.rank + 2
    else { return nil }
    self.node = node
    self.pad = view
    self.window = window
    asksForPositions = graph.nodes[node].output(1) != nil
  }

  /// What the window and the Pad add together, all begins before all ends.
  var jointPads: [Int] {
    zip(window.pads, pad.begins.dropFirst(2) + pad.ends.dropFirst(2)).map { $0 + $1 }
  }

  /// Why the window cannot pad for itself; nil if it can.
  var obstacle: String? {
    let amounts = pad.begins + pad.ends
    if pad.mode != .constant { return "no window pads by \(pad.mode.rawValue)" }
    if amounts.contains(where: { $0 < 0 }) { return "it takes elements away" }
    if pad.begins[..<2].contains(where: { $0 > 0 }) || pad.ends[..<2].contains(where: { $0 > 0 }) {
      return "it adds more than positions"
    }
    if window.autoPad.isSame || window.pads.contains(where: { $0 < 0 }) {
      return "the window behind it has padding that depends on the extents"
    }
    if jointPads.contains(where: { $0 > Int(Int32.max) }) { return "it adds too much" }
    guard let pool else { return pad.value == 0 ? nil : "a convolution pads with zeros" }
    return poolObstacle(pool)
  }

  private func poolObstacle(_ pool: PoolView) -> String? {
    if rule == PadFolding.maximum {
      if pad.value != -.infinity { return "MaxPool leaves padding out" }
      if asksForPositions { return "positions of maxima count what is added" }
    } else {
      if pad.value != 0 { return "AveragePool pads with zeros" }
      if !pool.countIncludePad, pool.window.pads.contains(where: { $0 > 0 }) {
        return "AveragePool does not count its own padding"
      }
    }
    if pool.ceilMode { return "the pooling behind it rounds its extents up" }
    if pool.window.dilations.contains(where: { $0 > 1 }) { return "the pooling is dilated" }
    let kernel = pool.window.kernel ?? []
    let fits = zip(jointPads, kernel + kernel).allSatisfy { $0 < $1 }
    return fits ? nil : "it adds as much as the window is large"
  }
}
