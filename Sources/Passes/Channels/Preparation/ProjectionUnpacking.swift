internal import IR

/// Takes packed queries, keys and values apart where they are to lose different channels.
///
/// ```
/// before: %r = Reshape(%x, [0, T, 3, h, d])  %t = Transpose(%r)  %q = Gather(%t, 0)  …
/// after:  %x0, %x1, %x2 = Split(%x)   %r0 = Reshape(%x0, [0, T, h, d])  %q = Transpose(%r0)  …
/// ```
///
/// Legal case:
/// 1. A Reshape that splits one axis into parts and further factors, outermost first, whose result
///    is read, through changes of layout that leave the parts apart, by nodes that take one part and
///    drop its axis.
///
/// In one tensor all parts keep the same channels, and what is known of one part is not seen. So a
/// projection is taken apart only if, by the channel analysis of the graph with all of them apart, its
/// parts keep fewer channels together than the whole does as it is.
///
/// Runs right before channels are pruned, of which it is a part in all but name.
enum ProjectionUnpacking {
  static let name = "unpack-projections"
  static let unpacking = RewriteRule(
    pass: name, number: 1, title: "take a packed projection apart")

  static let pass = Pass(
    name: name, summary: "Take packed projections apart where parts lose different channels.",
    rules: [unpacking], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    let packed = rewriter.graph.nodeIDs.compactMap { PackedProjection($0, in: rewriter.graph) }
    guard !packed.isEmpty else { return }
    for projection in worthwhile(packed, in: rewriter) {
      _ = projection.unpack(&rewriter, under: unpacking)
    }
  }

  /// The projections whose parts keep fewer channels than they do as one.
  private static func worthwhile(
    _ packed: [PackedProjection], in rewriter: Rewriter
  ) -> [PackedProjection] {
    var trial = rewriter
    let parts = packed.map { $0.unpack(&trial, under: unpacking) }
    trial.edit { _ = $0.inferShapes() }
    let apart = Needs(ChannelModel(trial.graph))
    let narrowed = zip(packed, parts).compactMap { projection, parts in
      let kept = parts.compactMap { apart.keptCount(of: $0, axis: projection.packedAxis) }
      return kept.count == parts.count ? (projection, kept.reduce(0, +)) : nil
    }.filter { $1 < $0.extent }
    guard !narrowed.isEmpty else { return [] }
    let together = Needs(ChannelModel(rewriter.graph))
    return narrowed.filter { projection, kept in
      kept < together.keptCount(of: projection.data, axis: projection.packedAxis) ?? 0
    }.map(\.0)
  }
}

extension Needs {
  /// The number of slots kept of an axis of `value`, if its extent is known.
  fileprivate func keptCount(of value: ValueID, axis: Int) -> Int? {
    model.axes.id(of: value, axis: axis).flatMap { axis in
      model.axes.extent(axis) == nil ? nil : self[axis].count
    }
  }
}
