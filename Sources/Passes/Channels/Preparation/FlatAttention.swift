internal import IR

/// An Attention whose heads share an axis with their width, taken apart by the operator itself.
///
/// ```
/// %y = Attention(%q, %k, %v) {q_num_heads = h, kv_num_heads = g}
/// ```
///
/// Queries have shape [batch, positions, h·d], keys [batch, positions, g·d], values
/// [batch, positions, g·e] and the result [batch, positions, h·e]
/// (https://onnx.ai/onnx/operators/onnx__Attention.html).
struct FlatAttention {
  let node: NodeID
  let operands: [Operand]
  let mask: ValueID?
  let result: ValueID
  /// What of the attributes says nothing of heads.
  let attributes: [Attribute]

  /// Queries, keys or values.
  struct Operand {
    let value: ValueID
    let heads: Int
    let width: Int
  }

  private static let headCounts = ["q_num_heads", "kv_num_heads"]
  private static let packedAxis = 2

  /// Nil for other operators, for widths that are open or do not divide by the heads, and for nodes that
  /// keep keys and values between runs or yield their scores.
  init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .attention, let result = row.output(0),
      AttentionView.isStateless(node, in: graph),
      let heads = graph.attribute(node, Self.headCounts[0], default: 0),
      let sharedHeads = graph.attribute(node, Self.headCounts[1], default: 0)
    else { return nil }
    let counts = [heads, sharedHeads, sharedHeads]
    let operands = counts.enumerated().compactMap { position, count -> Operand? in
      guard let value = row.input(position), let shape = graph.shape(of: value), shape.count == 3,
        let extent = shape[Self.packedAxis].count, count > 0, extent > 0, extent % count == 0
      else { return nil }
      return Operand(value: value, heads: count, width: extent / count)
    }
    guard operands.count == 3, operands[0].width == operands[1].width else { return nil }
    self.node = node
    self.operands = operands
    self.result = result
    mask = row.input(3)
    attributes = row.attributes.filter { !Self.headCounts.contains($0.name) }
  }
}

extension FlatAttention: Unpackable {
  var axes: [PackedAxis] {
    let values = operands.map { ($0.value, $0.heads * $0.width) }
    return (values + [(result, operands[0].heads * operands[2].width)]).map { value, extent in
      PackedAxis(value: value, axis: Self.packedAxis, extent: extent)
    }
  }

  /// Gives heads an axis of their own, and back.
  func unpack(_ rewriter: inout Rewriter) -> [PackedAxis] {
    let chain = NodeChain(
      before: node, label: rewriter.label(node), origin: ProjectionUnpacking.name)
    rewriter.apply(
      ProjectionUnpacking.unfolding, to: chain.label, "\(operands[0].heads) heads"
    ) { _ in }
    let apart = operands.map { operand in
      turned(
        reshaped(operand.value, [operand.heads, operand.width], chain, &rewriter), chain, &rewriter)
    }
    let mixed = chain.add(
      .attention, apart + (mask.map { [$0] } ?? []), attributes: attributes, &rewriter)
    let joined = reshaped(
      turned(mixed, chain, &rewriter), [operands[0].heads * operands[2].width], chain, &rewriter)
    guard rewriter.redirect(result, to: joined) else { return axes }
    rewriter.remove(node)
    return axes.dropLast() + [
      PackedAxis(value: joined, axis: Self.packedAxis, extent: axes[3].extent)
    ]
  }

  /// Batch and positions stay as they are.
  private func reshaped(
    _ value: ValueID, _ extents: [Int], _ chain: NodeChain, _ rewriter: inout Rewriter
  ) -> ValueID {
    chain.add(
      .reshape, [value, chain.integers([0, 0] + extents, as: "shape", &rewriter)], &rewriter)
  }

  /// Swaps positions and heads.
  private func turned(
    _ value: ValueID, _ chain: NodeChain, _ rewriter: inout Rewriter
  ) -> ValueID {
    chain.add(.transpose, [value], attributes: [Attribute("perm", .ints([0, 2, 1, 3]))], &rewriter)
  }
}
