internal import IR

/// Stores in single precision the weights that are stored more compactly and only widened to be read.
///
/// ```
/// before: const %w_f16 : f16   %w = Cast(%w_f16) {to = f32}                     %3 = Conv(%x, %w)
///         const %v_i8 : i8     %v = DequantizeLinear(%v_i8, %v_scale) {axis}    %4 = Conv(%3, %v)
/// after:  const %w : f32       const %v : f32              %3 = Conv(%x, %w)    %4 = Conv(%3, %v)
/// ```
///
/// Nothing is rounded: each number is one of single precision.
///
/// Legal cases, for nodes whose result is no output of the graph and whose stored weights nobody else
/// reads, or a small file could ask for them in single precision many times over:
/// 1. A Cast of stored float16 or bfloat16 to single precision.
/// 2. A DequantizeLinear of stored int8 by stored scales for the slots of one axis, in single
///    precision and without zero points, or with such that are zero.
///
/// Runs before everything else where weights are to be looked at, as all others look for stored ones,
/// and notes in which form each tensor was read. `WeightNarrowing` comes last and stores it so again.
enum WeightWidening {
  static let name = "widen-weights"
  static let cast = RewriteRule(
    pass: name, number: 1, title: "store a widened half in single precision")
  static let product = RewriteRule(
    pass: name, number: 2, title: "store scaled whole numbers in single precision")

  static let pass = Pass(
    name: name, summary: "Store compact weights in single precision.", rules: [cast, product],
    run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    for node in rewriter.graph.nodeIDs {
      guard let result = rewriter.graph.nodes[node].output(0), !rewriter.graph.isOutput(result),
        let stored = rewriter.graph.nodes[node].input(0),
        rewriter.graph.soleReader(of: stored)?.node == node,
        let (constant, form, rule) = widened(node, in: rewriter.graph)
      else { continue }
      let name = rewriter.graph.values[result].name
      let operands = rewriter.graph.nodes[node].inputs.compactMap { $0 }
      rewriter.note(form, of: name)
      rewriter.apply(rule, to: name, "\(constant.count) elements of \(form.precision.rawValue)") {
        $0.supplant(node, with: constant)
      }
      for operand in operands where rewriter.graph.contains(operand) {
        removeIfUnread(operand, &rewriter)
      }
    }
  }

  private static func widened(
    _ node: NodeID, in graph: Graph
  ) -> (Constant, CompactForm, RewriteRule)? {
    if let view = CastView(node, in: graph), view.target == .float32,
      let stored = graph.constant(view.data), let wide = stored.inSinglePrecision,
      let precision = WeightPrecision(storing: stored.elementType), precision != .single
    {
      return (wide, CompactForm(precision: precision), cast)
    }
    guard let tensor = QuantizedTensor(node, in: graph), tensor.numbers.elementType == .int8,
      tensor.scales.count > 1 || tensor.hasOneSlot, tensor.zeroPoints.allSatisfy({ $0 == 0 }),
      [nil, .float32].contains(graph.elementTypeAttribute(node, "output_dtype")),
      graph.constant(graph.nodes[node].input(1))?.elementType == .float32,
      let wide = tensor.weights
    else { return nil }
    let form = CompactForm(precision: .byte, scales: tensor.scales, axis: tensor.axis)
    return (wide, form, product)
  }

  /// The name of what is gone is free again, so that the same tensor can be called so again.
  private static func removeIfUnread(_ value: ValueID, _ rewriter: inout Rewriter) {
    guard rewriter.graph.values[value].uses.isEmpty, rewriter.graph.constant(value) != nil else {
      return
    }
    let name = rewriter.graph.values[value].name
    rewriter.edit { $0.removeConstant(value) }
    rewriter.release(name)
  }
}

extension QuantizedTensor {
  /// Whether the only scale is that of the only slot of its axis.
  fileprivate var hasOneSlot: Bool {
    numbers.shape.indices.contains(axis) && numbers.shape[axis] == 1
  }
}

/// In which form a tensor was read that is in single precision now.
struct CompactForm: Hashable {
  /// How finely it was stored.
  let precision: WeightPrecision
  /// The scales of whole numbers, for the slots of `axis`.
  var scales: [Float] = []
  /// The axis that scales are for.
  var axis = 0
}
