internal import IR

/// Stores weights in fewer bits, and widens them where they are read.
///
/// ```
/// before: const %w : f32                                     %3 = Conv(%x, %w)
/// after:  const %w_f16 : f16   %w = Cast(%w_f16) {to = f32}  %3 = Conv(%x, %w)
///     or  const %w_i8 : i8     const %w_scale : f32[outputs]
///         %w = DequantizeLinear(%w_i8, %w_scale) {axis = 0}  %3 = Conv(%x, %w)
/// ```
///
/// This rounds weights, and so changes answers, which is why it is done on request alone. The report
/// states for every tensor by how much, or why it stays. Whatever nodes read of a tensor, bodies
/// included, they read one widened value that has its name.
///
/// Legal cases, for stored tensors of float32 that nodes read:
/// 1. f16 and bf16: at least 1024 elements, all finite; for f16 none beyond 65504; rounded to the
///    nearest number, of two equally near ones the even one; further from what they were than 1e-3
///    (f16) or 4e-3 (bf16) of their length, they stay.
/// 2. i8: the same, where every reader takes them for the weights of a Conv, ConvTranspose, Gemm or
///    MatMul (operand 1 of rank 2 and more) with its output channels along the same axis, on which
///    each slot has its scale. The outputs of a ConvTranspose with groups share scales between groups.
///    The bound is 2e-2, and scales must not take up what whole numbers save.
/// 3. Without a precision asked for, or where it must not be used: what `WeightWidening` found in a compact form and still holds
///    nothing that the form does not hold exactly. Nothing is rounded.
///
/// All else stays: what the caller receives, what is stored in bodies, in Constant nodes or sparsely,
/// and what is no float32. Runs last, as no other pass computes with what is not stored in single
/// precision.
enum WeightNarrowing {
  static let name = "narrow-weights"
  static let half = RewriteRule(pass: name, number: 1, title: "store weights in half precision")
  static let byte = RewriteRule(
    pass: name, number: 2, title: "store weights as scaled whole numbers")
  static let restoring = RewriteRule(
    pass: name, number: 3, title: "store weights as they were read")

  /// Smaller tensors are not worth a node.
  static let smallestCount = 1024

  /// The pass that stores weights in `precision`; nil for the forms in which they were read.
  static func pass(to precision: WeightPrecision?) -> Pass {
    Pass(
      name: name, summary: "Store weights in fewer bits.", rules: [half, byte, restoring],
      run: { run(precision, &$0) })
  }

  private static func run(_ precision: WeightPrecision?, _ rewriter: inout Rewriter) {
    guard precision != nil || !rewriter.compactForms.isEmpty else { return }
    var report = PrecisionReport(precision: precision)
    let readers = rewriter.graph.firstReaders
    for value in rewriter.graph.constantIDs {
      let row = rewriter.graph.values[value]
      guard let constant = row.constant,
        let decision = decide(precision, value, constant, rewriter)
      else { continue }
      report.weights.append(decision.record(row.name, constant))
      guard case .store(let tensor) = decision, let reader = readers[value] else { continue }
      let rule = precision == nil ? restoring : tensor.scales == nil ? half : byte
      rewriter.store(tensor, for: value, before: reader, rule)
      constant.payload?.discard()
    }
    if precision != nil { report.weights += rewriter.graph.storedElsewhere }
    rewriter.report(report)
  }

  /// Nil for tensors that nobody asked about.
  private static func decide(
    _ precision: WeightPrecision?, _ value: ValueID, _ constant: Constant, _ rewriter: Rewriter
  ) -> PrecisionDecision? {
    let graph = rewriter.graph
    let restored = rewriter.compactForms[ExactName(graph.values[value].name)].map {
      PrecisionDecision(restoring: constant, value, as: $0, in: graph)
    }
    guard let precision else { return restored }
    guard constant.elementType.isFloatingPoint || constant.count >= smallestCount else {
      return nil
    }
    let decision = PrecisionDecision(constant, value, to: precision, in: graph)
    // What was compact before does not become larger because it cannot become smaller.
    if case .keep = decision, case .store? = restored { return restored }
    return decision
  }
}

extension Graph {
  /// The first node that reads each value.
  fileprivate var firstReaders: [ValueID: NodeID] {
    var readers: [ValueID: NodeID] = [:]
    for node in nodeIDs {
      for value in nodes[node].inputs.compactMap({ $0 }) + nodes[node].captures
      where readers[value] == nil {
        readers[value] = node
      }
    }
    return readers
  }

  /// Tensors in single precision that stand where no widening node can be put beside them.
  fileprivate var storedElsewhere: [StoredWeight] {
    nodeIDs.flatMap { node -> [StoredWeight] in
      let label = label(node)
      func kept(_ name: String, _ constant: Constant, _ reason: PrecisionDecision) -> [StoredWeight]
      {
        constant.elementType == .float32 ? [reason.record(name, constant)] : []
      }
      let own = ConstantView(node, in: self).map { kept(label, $0.constant, .keep(.constantNode)) }
      return (own ?? [])
        + nodes[node].bodies.flatMap { body in
          body.constantIDs.flatMap { value in
            body.constant(value).map { kept(body.values[value].name, $0, .keep(.body)) } ?? []
          } + body.storedElsewhere.map(\.inBody)
        }
    }
  }
}

extension StoredWeight {
  /// The same, said of a body.
  fileprivate var inBody: StoredWeight {
    StoredWeight(
      name: name, count: count, elementType: elementType, relativeError: nil,
      reason: PrecisionDecision.Reason.body.description)
  }
}

extension Rewriter {
  /// Stores `tensor` in the place of `value`, whose name what widens it takes over.
  fileprivate mutating func store(
    _ tensor: CompactTensor, for value: ValueID, before reader: NodeID, _ rule: RewriteRule
  ) {
    let row = graph.values[value]
    let stored = freshName("\(row.name)_\(tensor.stored.elementType)")
    let scales = tensor.scales.map { Constant($0, shape: [$0.count]) }
      .map { addConstant($0, name: row.name + "_scale") }
    let draft = tensor.widening(named: freshName(row.name + "_widened"), by: scales)
    let detail = "\(row.constant?.count ?? 0) elements, relative error \(tensor.relativeError)"
    apply(rule, to: row.name, detail) { graph in
      var compact = tensor.stored
      compact.annotations = row.constant?.annotations
      graph.replaceConstant(value, with: compact)
      graph.rename(value, to: stored)
      let node = graph.insert(draft, results: [(row.name, row.type)], before: reader)
      if let wide = graph.nodes[node].output(0) { graph.replaceUses(of: value, with: wide) }
      graph.replaceInput(of: node, at: 0, with: value)
    }
  }
}

extension CompactTensor {
  /// The node that makes floats in single precision of the tensor, which it does not read yet.
  fileprivate func widening(named name: String, by scales: ValueID?) -> NodeDraft {
    let origin = Origin.pass(WeightNarrowing.name)
    guard let scales else {
      let target = Attribute("to", .int(Int64(ElementType.float32.rawValue)))
      return NodeDraft(
        Operator(.cast), name: name, inputs: [nil], attributes: [target], origin: origin)
    }
    return NodeDraft(
      Operator(.dequantizeLinear), name: name, inputs: [nil, scales],
      attributes: [Attribute("axis", .int(Int64(axis)))], origin: origin)
  }
}
