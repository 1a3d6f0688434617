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
/// 5. Add of stored zeros, or Sub of them, that do not broadcast the operand to a larger shape. The
///    sign of a zero may change.
/// 6. Expand before arithmetic, a comparison or a Where whose other operand has the result's shape
///    and so broadcasts by itself; other readers keep the Expand.
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

  static let zero = RewriteRule(pass: name, number: 5, title: "remove a sum with zero")
  static let expansion = RewriteRule(
    pass: name, number: 6, title: "let an operator broadcast its operand")

  static let pass = Pass(
    name: name, summary: "Remove nodes that hand on their operand unchanged.",
    rules: [copy, cast, unit, layout, zero, expansion], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs {
      if rewriter.graph.nodes[node].op.kind == .expand { skipExpansion(node, &rewriter) }
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
    case .mul, .div: return neutral(1, of: node, in: graph).map { (unit, $0) }
    case .add, .sub: return neutral(0, of: node, in: graph).map { (zero, $0) }
    default: return unchangedLayout(node, in: graph).map { (layout, $0) }
    }
  }

  /// The operand of a node that the other operand, all `number`, leaves alone.
  private static func neutral(_ number: Double, of node: NodeID, in graph: Graph) -> ValueID? {
    let row = graph.nodes[node]
    guard row.inputs.count == 2, let left = row.input(0), let right = row.input(1) else {
      return nil
    }
    if isFilled(right, with: number, beside: left, graph) { return left }
    let commutes = row.op.kind == .mul || row.op.kind == .add
    return commutes && isFilled(left, with: number, beside: right, graph) ? right : nil
  }

  /// Whether `value` is stored, always `number`, and leaves the shape of `other` alone.
  private static func isFilled(
    _ value: ValueID, with number: Double, beside other: ValueID, _ graph: Graph
  ) -> Bool {
    guard let constant = graph.constant(value), let shape = graph.shape(of: other),
      constant.shape.count <= shape.count,
      constant.doubles?.allSatisfy({ $0 == number }) ?? false
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

  /// Lets the readers of an Expand that broadcast by themselves read what it expands.
  private static func skipExpansion(_ node: NodeID, _ rewriter: inout Rewriter) {
    let graph = rewriter.graph
    guard let data = graph.nodes[node].input(0), let expanded = graph.nodes[node].output(0),
      let rank = graph.rank(of: expanded), (graph.rank(of: data) ?? .max) <= rank
    else { return }
    for case .node(let reader, let input) in graph.values[expanded].uses
    where broadcasts(reader, beside: input, in: graph) {
      rewriter.apply(expansion, to: rewriter.label(node), "before \(rewriter.label(reader))") {
        $0.replaceInput(of: reader, at: input, with: data)
      }
    }
  }

  /// Whether the shape of the result is that of an operand other than number `input`.
  private static func broadcasts(_ node: NodeID, beside input: Int, in graph: Graph) -> Bool {
    let row = graph.nodes[node]
    guard let kind = row.op.kind, broadcasting.contains(kind), let result = row.output(0) else {
      return false
    }
    return row.inputs.indices.contains { index in
      index != input && row.inputs[index] != row.inputs[input]
        && row.inputs[index].map { hasSameKnownShape($0, result, graph) } ?? false
    }
  }

  /// Operators whose operands are aligned from the right.
  private static let broadcasting: Set<OperatorKind> = [
    .add, .sub, .mul, .div, .pow, .equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or,
    .xor, .where,
  ]

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
