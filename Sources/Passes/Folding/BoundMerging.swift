internal import IR

/// Lets one node bound what two bound one after the other.
///
/// ```
/// before: %2 = Relu(%1)   %3 = Clip(%2, -1, 6)      after: %3 = Clip(%1, 0, 6)
/// ```
///
/// Legal cases, for Relu, Clip, Min or Max with one stored number behind another of them whose result
/// nobody else reads and which is no output:
/// 1. One of both has the joint bounds itself: it stays alone.
/// 2. The joint bounds are those of neither: a Clip with both of them, if Clip takes the type.
///
/// A node with the bounds a and b makes `min(max(x, a), b)` of x, also where a > b. Maxima and minima
/// distribute over each other, so that bounds c and d behind it make `min(max(x, a'), b')` with
/// `a' = max(a, c)` and `b' = min(max(b, c), d)`, for all numbers alike. Nothing is rounded.
enum BoundMerging {
  static let name = "merge-bounds"
  static let kept = RewriteRule(pass: name, number: 1, title: "drop bounds that others imply")
  static let joined = RewriteRule(pass: name, number: 2, title: "join bounds to one Clip")

  static let pass = Pass(
    name: name, summary: "Join neighbouring Relu, Clip, Min and Max.", rules: [kept, joined],
    run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs {
      guard let second = Bounds(node, in: rewriter.graph),
        let producer = rewriter.exclusiveProducer(of: second.data),
        let first = Bounds(producer, in: rewriter.graph)
      else { continue }
      join(first, second, &rewriter)
    }
  }

  private static func join(_ first: Bounds, _ second: Bounds, _ rewriter: inout Rewriter) {
    let (lower, upper) = first.followed(by: second)
    let (label, other) = (rewriter.label(second.node), rewriter.label(first.node))
    if second.isBounded(by: lower, upper) {
      rewriter.apply(kept, to: label, "implies \(other)") { graph in
        graph.replaceInput(of: second.node, at: second.operand, with: first.data)
        graph.remove(first.node)
      }
    } else if first.isBounded(by: lower, upper) {
      rewriter.apply(kept, to: label, "\(other) implies it") { _ in }
      rewriter.bypass(second.node, with: second.data)
    } else if let draft = rewriter.clip(first.data, lower, upper, like: second.node) {
      rewriter.replace(second.node, with: draft, joined, "takes over from \(other)")
      rewriter.remove(first.node)
    }
  }

  /// A node that makes `min(max(x, lower), upper)` of every element.
  private struct Bounds {
    let node: NodeID
    let data: ValueID
    /// Which operand the data is.
    let operand: Int
    let lower: Double
    let upper: Double

    init?(_ node: NodeID, in graph: Graph) {
      let row = graph.nodes[node]
      self.node = node
      switch row.op.kind {
      case .relu:
        guard let data = row.input(0) else { return nil }
        (self.data, operand, lower, upper) = (data, 0, 0, .infinity)
      case .clip:
        guard let view = ClipView(node, in: graph) else { return nil }
        (data, operand) = (view.data, 0)
        (lower, upper) = (view.minimum ?? -.infinity, view.maximum ?? .infinity)
      case .max, .min:
        guard let (data, operand, number) = Self.number(beside: row, in: graph) else { return nil }
        (self.data, self.operand) = (data, operand)
        (lower, upper) = row.op.kind == .max ? (number, .infinity) : (-.infinity, number)
      default: return nil
      }
      guard !lower.isNaN, !upper.isNaN else { return nil }
    }

    /// The operand of a Min or Max whose other operand is one stored number that does not give the
    /// result more axes.
    private static func number(
      beside row: Node, in graph: Graph
    ) -> (data: ValueID, operand: Int, number: Double)? {
      guard row.inputs.count == 2 else { return nil }
      for operand in 0..<2 {
        guard let data = row.inputs[operand], graph.constant(data) == nil,
          let rank = graph.rank(of: data), let stored = graph.constant(row.inputs[1 - operand]),
          stored.shape.count <= rank, let number = graph.storedScalar(row.inputs[1 - operand])
        else { continue }
        return (data, operand, number)
      }
      return nil
    }

    /// The bounds of both together; where nothing is left between them, the upper one twice, as some
    /// runtimes insist on their order.
    func followed(by next: Bounds) -> (lower: Double, upper: Double) {
      let upper = min(max(upper, next.lower), next.upper)
      return (min(max(lower, next.lower), upper), upper)
    }

    func isBounded(by lower: Double, _ upper: Double) -> Bool {
      self.lower == lower && self.upper == upper
    }
  }
}

extension Rewriter {
  /// A Clip of `data` in the place of `node`; nil for a type that not every runtime clips.
  fileprivate mutating func clip(
    _ data: ValueID, _ lower: Double, _ upper: Double, like node: NodeID
  ) -> NodeDraft? {
    guard let type = graph.values[data].elementType,
      type == .float32 || type == .float64 && graph.version >= 12,
      lower < .infinity, upper > -.infinity
    else { return nil }
    let bounds = [("min", lower), ("max", upper)]
    var draft = NodeDraft(Operator(.clip), inputs: [data], origin: graph.nodes[node].origin)
    guard graph.version >= 11 else {
      draft.attributes = bounds.filter { $0.1.isFinite }.map {
        Attribute($0, .float(Float($1)))
      }
      return draft
    }
    let base = label(node)
    for (role, bound) in bounds {
      let constant = Constant(rounding: [bound], as: type, shape: [])
      let stored = bound.isFinite ? constant.map { addConstant($0, name: "\(base)_\(role)") } : nil
      draft.inputs.append(stored)
    }
    while draft.inputs.last == .some(nil) { draft.inputs.removeLast() }
    return draft
  }
}
