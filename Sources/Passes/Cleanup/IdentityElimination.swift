internal import IR

/// Removes nodes that hand on their operand unchanged.
///
/// ```
/// before: %2 = Identity(%1)   %3 = Relu(%2)      after: %3 = Relu(%1)
/// ```
///
/// Legal cases; the result has the operand's shape and element type in each:
/// 1. Identity, and Dropout in inference whose mask nobody reads.
/// 2. Cast to the element type the operand has.
/// 3. Mul or Div by stored ones that do not broadcast the operand to a larger shape.
/// 4. Transpose that keeps the order, Concat of one operand, Slice or Gather that takes everything
///    in order, Reshape to the shape the operand has, Pad that adds nothing.
///
/// The graph's inputs and outputs are a contract: a node between an input, or another output, and
/// an output stays.
enum IdentityElimination {
  static let name = "eliminate-identities"
  static let copy = RewriteRule(pass: name, number: 1, title: "remove Identity and Dropout")
  static let cast = RewriteRule(pass: name, number: 2, title: "remove a Cast to the same type")
  static let unit = RewriteRule(pass: name, number: 3, title: "remove a product with one")
  static let layout = RewriteRule(
    pass: name, number: 4, title: "remove a layout change to the same")

  static let pass = Pass(
    name: name, summary: "Remove nodes that hand on their operand unchanged.",
    rules: [copy, cast, unit, layout], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs {
      guard let (rule, source) = identity(node, in: rewriter.graph),
        let result = rewriter.graph.nodes[node].output(0),
        rewriter.graph.nodes[node].outputs.dropFirst().allSatisfy({ $0 == nil })
          || !rewriter.graph.readsFurtherResults(of: node)
      else { continue }
      let subject = rewriter.label(node)
      guard rewriter.redirect(result, to: source) else { continue }
      rewriter.apply(rule, to: subject, rewriter.graph.nodes[node].op.type) { $0.remove(node) }
    }
  }

  /// The rule by which `node` hands on an operand, and that operand.
  private static func identity(_ node: NodeID, in graph: Graph) -> (RewriteRule, ValueID)? {
    let row = graph.nodes[node]
    switch row.op.kind {
    case .identity: return row.input(0).map { (copy, $0) }
    case .dropout:
      return DropoutView(node, in: graph).flatMap { $0.isInference ? (copy, $0.data) : nil }
    case .cast:
      guard let view = CastView(node, in: graph), graph.values[view.data].elementType == view.target
      else { return nil }
      return (cast, view.data)
    case .mul, .div: return unitFactor(node, in: graph).map { (unit, $0) }
    default: return unchangedLayout(node, in: graph).map { (layout, $0) }
    }
  }

  /// The operand of a Mul or Div whose other operand is all ones.
  private static func unitFactor(_ node: NodeID, in graph: Graph) -> ValueID? {
    let row = graph.nodes[node]
    guard let left = row.input(0), let right = row.input(1) else { return nil }
    if isUnit(right, beside: left, of: node, graph) { return left }
    if row.op.kind == .mul, isUnit(left, beside: right, of: node, graph) { return right }
    return nil
  }

  /// Whether `value` is stored ones that leave the shape of `other` alone.
  private static func isUnit(
    _ value: ValueID, beside other: ValueID, of node: NodeID, _ graph: Graph
  ) -> Bool {
    guard let constant = graph.constant(value), let shape = graph.shape(of: other),
      constant.shape.count <= shape.count, constant.doubles?.allSatisfy({ $0 == 1 }) ?? false
    else { return false }
    return zip(constant.shape.reversed(), shape.reversed()).allSatisfy { extent, dimension in
      extent == 1 || dimension == .known(extent)
    }
  }

  private static func unchangedLayout(_ node: NodeID, in graph: Graph) -> ValueID? {
    let row = graph.nodes[node]
    guard let data = row.input(0), let result = row.output(0) else { return nil }
    switch row.op.kind {
    case .transpose:
      return TransposeView(node, in: graph).flatMap {
        $0.permutation == Array($0.permutation.indices) ? data : nil
      }
    case .concat: return row.inputs.count == 1 ? data : nil
    case .slice:
      // A reversed axis has the same extent.
      guard let view = SliceView(node, in: graph), view.slices.allSatisfy({ $0.step > 0 }) else {
        return nil
      }
      return hasSameKnownShape(data, result, graph) ? data : nil
    case .gather:
      // Indices in one dimension leave the axis where it is.
      guard let view = GatherView(node, in: graph), graph.rank(of: view.indices) == 1,
        let extent = graph.shape(of: data)?[view.axis].count, extent > 0,
        view.constantIndices(in: graph) == Array(0..<extent)
      else { return nil }
      return data
    case .pad:
      return PadView(node, in: graph).flatMap {
        ($0.begins + $0.ends).allSatisfy { $0 == 0 } ? data : nil
      }
    case .reshape, .flatten, .squeeze, .unsqueeze, .expand:
      return hasSameKnownShape(data, result, graph) ? data : nil
    default: return nil
    }
  }

  /// Whether both shapes are known and equal; one symbol in the same place may stand in both.
  private static func hasSameKnownShape(
    _ data: ValueID, _ result: ValueID, _ graph: Graph
  ) -> Bool {
    guard let source = graph.shape(of: data), let target = graph.shape(of: result),
      source == target, !source.contains(.unknown)
    else { return false }
    return true
  }
}

extension Graph {
  /// Whether anyone reads a result of `node` other than the first.
  func readsFurtherResults(of node: NodeID) -> Bool {
    nodes[node].outputs.dropFirst().contains { $0.map { !values[$0].uses.isEmpty } ?? false }
  }
}
