internal import IR

/// Takes packed queries, keys and values apart, and heads that an operator keeps in one axis with their
/// width, where that frees channels.
///
/// ```
/// before: %r = Reshape(%x, [0, T, 3, h, d])  %t = Transpose(%r)  %q = Gather(%t, 0)  …
/// after:  %x0, %x1, %x2 = Split(%x)   %r0 = Reshape(%x0, [0, T, h, d])  %q = Transpose(%r0)  …
///
/// before: %y = Attention(%q, %k, %v) {q_num_heads = h, kv_num_heads = g}
/// after:  %q0 = Transpose(Reshape(%q, [0, 0, h, d]))  …  %y0 = Attention(%q0, %k0, %v0)
///         %y = Reshape(Transpose(%y0), [0, 0, h·e])
/// ```
///
/// Legal cases:
/// 1. A Reshape that splits one axis into parts and further factors, outermost first, whose result
///    is read, through changes of layout that leave the parts apart, by nodes that take one part and
///    drop its axis.
/// 2. An Attention of operands of rank 3, of known width, that keeps nothing between runs and yields no
///    scores: the operator's own definition of what it does with heads.
///
/// In one tensor all parts keep the same channels, and what is known of one part is not seen. So each
/// is taken apart only if, by the channel analysis of the graph with all of them apart, fewer channels
/// are kept of its parts together than of the whole as it is.
///
/// Runs right before channels are pruned, of which it is a part in all but name.
enum ProjectionUnpacking {
  static let name = "unpack-projections"
  static let unpacking = RewriteRule(
    pass: name, number: 1, title: "take a packed projection apart")
  static let unfolding = RewriteRule(
    pass: name, number: 2, title: "give the heads of an attention an axis")

  static let pass = Pass(
    name: name, summary: "Take packed projections and heads apart where that frees channels.",
    rules: [unpacking, unfolding], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    let packed = rewriter.graph.nodeIDs.compactMap { node -> (any Unpackable)? in
      PackedProjection(node, in: rewriter.graph) ?? FlatAttention(node, in: rewriter.graph)
    }
    guard !packed.isEmpty else { return }
    for each in worthwhile(packed, in: rewriter) { _ = each.unpack(&rewriter) }
  }

  /// Those of whose parts fewer channels are kept than of them as they are.
  private static func worthwhile(
    _ packed: [any Unpackable], in rewriter: Rewriter
  ) -> [any Unpackable] {
    var trial = rewriter
    let parts = packed.map { $0.unpack(&trial) }
    trial.edit { _ = $0.inferShapes() }
    let apart = Needs(ChannelModel(trial.graph))
    let narrowed = zip(packed, parts).compactMap { whole, parts in
      apart.keptCount(of: parts).map { (whole, $0) }
    }.filter { whole, kept in kept < whole.axes.reduce(0) { $0 + $1.extent } }
    guard !narrowed.isEmpty else { return [] }
    let together = Needs(ChannelModel(rewriter.graph))
    return narrowed.filter { whole, kept in
      kept < together.keptCount(of: whole.axes) ?? 0
    }.map(\.0)
  }
}

/// What holds several things in one axis.
protocol Unpackable {
  /// The axes that hold them.
  var axes: [PackedAxis] { get }

  /// Gives each an axis of its own.
  ///
  /// Returns the axes that hold what `axes` held.
  func unpack(_ rewriter: inout Rewriter) -> [PackedAxis]
}

/// An axis of a value, and its slots.
struct PackedAxis {
  let value: ValueID
  let axis: Int
  let extent: Int
}

extension Needs {
  /// The number of slots kept of all `axes` together, if their extents are known.
  fileprivate func keptCount(of axes: [PackedAxis]) -> Int? {
    axes.reduce(0) { sum, packed in
      guard let sum, let axis = model.axes.id(of: packed.value, axis: packed.axis),
        model.axes.extent(axis) != nil
      else { return nil }
      return sum + self[axis].count
    }
  }
}
