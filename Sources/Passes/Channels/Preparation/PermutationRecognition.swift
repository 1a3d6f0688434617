internal import IR

/// Writes a permutation of one axis as what it is: a Gather.
///
/// ```
/// before: %2 = Reshape(%1, [0, 2, 4, H, W])  %3 = Transpose(%2) {perm = [0, 2, 1, 3, 4]}
///         %4 = Reshape(%3, [0, 8, H, W])
/// after:  %4 = Gather(%1, [0, 4, 1, 5, 2, 6, 3, 7]) {axis = 1}
/// ```
///
/// Legal case:
/// 1. Reshape, Transpose, Reshape, of which each but the last is read by the next alone and no output,
///    where the first divides one axis of known extent and keeps all others, the Transpose moves
///    nothing but the parts, and the last joins them again.
///
/// Channel analysis follows single slots through a Gather; regrouped axes it can only keep or cut in
/// whole factors. Runs right before it and in no other place: with nothing to remove, runtimes may
/// take longer for a Gather. Whether other axes are kept is told by `AxisFactorization`, so that their
/// extents need not be known.
enum PermutationRecognition {
  static let name = "recognize-permutations"
  static let permutation = RewriteRule(
    pass: name, number: 1, title: "write a channel shuffle as a Gather")

  static let pass = Pass(
    name: name, summary: "Write channel shuffles as a Gather.", rules: [permutation], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs {
      guard let shuffle = Shuffle(endingAt: node, rewriter) else { continue }
      shuffle.rewrite(&rewriter)
    }
  }

  /// A list of more slots would take too much room in the file.
  private static let slotLimit = 1 << 16

  private struct Shuffle {
    let nodes: [NodeID]
    let data: ValueID
    let axis: Int
    /// The slot of the data that each slot of the result is.
    let indices: [Int]

    /// Nil unless `last` is the end of a legal case.
    init?(endingAt last: NodeID, _ rewriter: Rewriter) {
      let graph = rewriter.graph
      guard graph.nodes[last].op.kind == .reshape,
        let middle = rewriter.exclusiveProducer(of: graph.nodes[last].input(0)),
        let view = TransposeView(middle, in: graph),
        let first = rewriter.exclusiveProducer(of: view.data),
        graph.nodes[first].op.kind == .reshape, let data = graph.nodes[first].input(0),
        let (axis, parts) = Self.divided(by: graph.axisFactorization(of: first)),
        let extents = graph.shape(of: view.data).flatMap({ Shape($0[parts]).counts }),
        let count = extents.checkedProduct, (1...slotLimit).contains(count),
        let (joined, whole) = Self.divided(by: graph.axisFactorization(of: last)?.inverted),
        joined == axis, whole == parts, Self.moves(view.permutation, only: parts)
      else { return nil }
      nodes = [first, middle, last]
      self.data = data
      self.axis = axis
      let order = parts.map { view.permutation[$0] - parts.lowerBound }
      indices = StridedView(contiguous: extents).transposed(order).positions
    }

    /// The one axis that is divided, and what into; nil if another axis is not kept as it is.
    private static func divided(
      by factorization: AxisFactorization?
    ) -> (axis: Int, parts: Range<Int>)? {
      guard let groups = factorization?.groups,
        let group = groups.first(where: { !$0.isSameAxis }), group.inputAxes.count == 1,
        groups.count(where: { !$0.isSameAxis }) == 1
      else { return nil }
      return (group.inputAxes.lowerBound, group.outputAxes)
    }

    /// Whether all axes but `parts` stay where they are.
    private static func moves(_ permutation: [Int], only parts: Range<Int>) -> Bool {
      permutation.indices.allSatisfy { parts.contains($0) || permutation[$0] == $0 }
    }

    func rewrite(_ rewriter: inout Rewriter) {
      guard let last = nodes.last else { return }
      let stored = rewriter.addIntegers(indices, name: rewriter.label(last) + "_indices")
      let draft = NodeDraft(
        Operator(.gather), inputs: [data, stored],
        attributes: [Attribute("axis", .int(Int64(axis)))],
        origin: rewriter.graph.nodes[last].origin)
      rewriter.replace(last, with: draft, permutation, "\(indices.count) slots of axis \(axis)")
      for node in nodes.dropLast().reversed() { rewriter.remove(node) }
    }
  }
}
