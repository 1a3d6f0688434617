import IR

/// Gives nodes of operator sets before 7, which have no known kind, the meaning that they have today.
///
/// Views read the version of the graph, so they go on reading attributes as the old set has them. The cases:
///
/// 1. An operator whose meaning has not changed since, such as Conv, Relu or Transpose.
/// 2. An operator that lists `consumed_inputs`, a hint about memory that is dropped.
/// 3. One that says by attributes what operands say today: Reshape, Slice, Pad, Clip, Split, Squeeze, TopK.
/// 4. Dropout and BatchNormalization, whose kernels refuse them unless `is_test` is set.
/// 5. Selu before version 6, with the constants of that time.
/// 6. Arithmetic and comparisons with `broadcast` and `axis`, and PRelu: what they do is decided when shapes
///    are known, see `Planner.legacyBroadcast`.
/// 7. If and Loop, whose bodies are treated alike.
///
/// Everything else is refused.
enum OldOperators {
  /// The first operator set whose operators have known kinds.
  static let firstKnown: Int64 = 7

  static func retyped(_ graph: Graph) throws(ExecutionError) -> Graph {
    let version = graph.version
    guard version < firstKnown else { return graph }
    var target = Graph(name: graph.name, operatorSets: graph.operatorSets)
    var captured: [ValueID: ValueID] = [:]
    for value in graph.valueIDs {
      let row = graph.values[value]
      guard case .captured(let index) = row.definition else { continue }
      captured[value] = target.addCaptured(row.name, index: index, type: row.type)
    }
    var copy = GraphCopy(graph, captured)
    copy.addInputs(to: &target)
    _ = try copy.addNodes(to: &target) { draft throws(ExecutionError) in
      try retype(&draft, version)
    }
    for output in try copy.outputs(in: &target) { target.addOutput(output) }
    return target
  }

  private static func retype(_ draft: inout NodeDraft, _ version: Int64) throws(ExecutionError) {
    guard draft.op.kind == nil, draft.op.domain.isEmpty,
      let kind = OperatorKind(rawValue: draft.op.type)
    else { return }
    guard let first = since[kind], version >= first else {
      throw ExecutionError(
        .unsupported, "has no kernel for what it means in operator set \(version)")
    }
    draft.op = Operator(kind)
    draft.attributes.removeAll { $0.name == "consumed_inputs" }
    if kind == .selu, version < 6 { addConstants(ofOldSelu: &draft) }
    for index in draft.attributes.indices {
      guard case .graph(let body) = draft.attributes[index].value else { continue }
      draft.attributes[index].value = .graph(try retyped(body))
    }
  }

  private static func addConstants(ofOldSelu draft: inout NodeDraft) {
    for (name, value) in [("alpha", Float(1.6732)), ("gamma", Float(1.0507))]
    where !draft.attributes.contains(where: { $0.name == name }) {
      draft.attributes.append(Attribute(name, .float(value)))
    }
  }

  /// The first operator set in which an operator means what it means today.
  private static let since: [OperatorKind: Int64] = {
    var table: [OperatorKind: Int64] = [:]
    for kind in unchanged { table[kind] = 1 }
    for kind in [OperatorKind.lpPool, .globalLpPool, .split] { table[kind] = 2 }
    for kind in [OperatorKind.cast, .tile] { table[kind] = 6 }
    return table
  }()

  private static let unchanged: [OperatorKind] = [
    .abs, .add, .and, .argMax, .argMin, .averagePool, .batchNormalization, .ceil, .clip, .concat,
    .constant, .conv, .convTranspose, .depthToSpace, .div, .dropout, .elu, .equal, .exp, .flatten,
    .floor, .gather, .gemm, .globalAveragePool, .globalMaxPool, .greater, .hardSigmoid, .hardmax,
    .identity, .if, .instanceNormalization, .leakyRelu, .less, .log, .logSoftmax, .loop,
    .lpNormalization, .lrn, .matMul, .max, .maxPool, .mean, .min, .mul, .neg, .not, .or, .pad, .pow,
    .prelu, .reciprocal, .reduceL1, .reduceL2, .reduceLogSum, .reduceLogSumExp, .reduceMax,
    .reduceMean, .reduceMin, .reduceProd, .reduceSum, .reduceSumSquare, .relu, .reshape, .selu,
    .shape, .sigmoid, .size, .slice, .softmax, .softplus, .softsign, .spaceToDepth, .sqrt, .squeeze,
    .sub, .sum, .tanh, .topK, .transpose, .unsqueeze, .xor,
  ]
}

extension Planner {
  /// The right operand of `node` such that broadcasting from the right does what its operator set means.
  ///
  /// Before operator set 7 operands are as large, unless `broadcast` lets the right one have one element or
  /// some of the left one's axes in a row: from `axis` on, or the last ones. An axis of one element fits any,
  /// as exporters took for granted. PRelu has a slope per channel.
  mutating func legacyBroadcast(
    _ node: NodeID, _ left: Operand, _ right: Operand
  ) throws(ExecutionError) -> Operand {
    guard graph.version < OldOperators.firstKnown, left.shape != right.shape else { return right }
    let isSlope = graph.nodes[node].op.kind == .prelu
    let (rank, width) = (left.shape.count, right.shape.count)
    guard let broadcasts = graph.attribute(node, "broadcast", default: isSlope),
      let axis = graph.attribute(
        node, "axis", default: isSlope && width == 1 ? min(1, rank - 1) : rank - width)
    else { throw .noBroadcast(left, right) }
    guard broadcasts, width <= rank else { throw .noBroadcast(left, right) }
    let plain = try self.plain(right)
    if right.count == 1 { return view(plain, as: TensorInfo(right.elementType, [])) }
    guard axis >= 0, axis <= rank - width,
      zip(left.shape[axis...], right.shape).allSatisfy({ $0 == $1 || $1 == 1 })
    else { throw .noBroadcast(left, right) }
    let shape = right.shape + Array(repeating: 1, count: rank - width - axis)
    return view(plain, as: TensorInfo(right.elementType, shape))
  }
}

extension ExecutionError {
  fileprivate static func noBroadcast(_ left: Operand, _ right: Operand) -> ExecutionError {
    ExecutionError(
      .invalidOperands,
      "an operand of shape \(right.shape) does not broadcast to \(left.shape) in its operator set")
  }
}
