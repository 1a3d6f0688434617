import IR

// Which kernel runs which operator.

extension Planner {
  /// Adds the steps that do a node's work.
  typealias Kernel = @Sendable (inout Planner, NodeID) throws(ExecutionError) -> Void

  /// The kernel of each operator that can be run.
  static let kernels: [OperatorKind: Kernel] = {
    var table: [OperatorKind: Kernel] = [:]
    for (kinds, kernel) in families + selectionFamilies + samplingFamilies {
      for kind in kinds { table[kind] = kernel }
    }
    return table
  }()

  private static let families: [([OperatorKind], Kernel)] = [
    (
      [.conv, .convTranspose],
      { (planner, node) throws(ExecutionError) in try planner.convolution(node) }
    ),
    ([.matMul], { (planner, node) throws(ExecutionError) in try planner.matMul(node) }),
    ([.gemm], { (planner, node) throws(ExecutionError) in try planner.gemm(node) }),
    (
      [.averagePool, .maxPool, .lpPool],
      { (planner, node) throws(ExecutionError) in try planner.pool(node) }
    ),
    (
      [.globalAveragePool, .globalMaxPool, .globalLpPool],
      { (planner, node) throws(ExecutionError) in try planner.globalPool(node) }
    ),
    (
      [.batchNormalization],
      { (planner, node) throws(ExecutionError) in try planner.batchNormalization(node) }
    ),
    (
      [.layerNormalization, .rmsNormalization],
      { (planner, node) throws(ExecutionError) in try planner.layerNormalization(node) }
    ),
    (
      [.instanceNormalization, .groupNormalization],
      { (planner, node) throws(ExecutionError) in try planner.instanceNormalization(node) }
    ),
    (
      [.softmax, .logSoftmax, .hardmax],
      { (planner, node) throws(ExecutionError) in try planner.softmax(node) }
    ),
    (
      [
        .abs, .acos, .acosh, .asin, .asinh, .atan, .atanh, .ceil, .celu, .cos, .cosh, .elu, .erf,
        .exp,
        .floor, .gelu, .hardSigmoid, .hardSwish, .leakyRelu, .log, .mish, .neg, .reciprocal, .relu,
        .round,
        .selu, .shrink, .sigmoid, .sign, .sin, .sinh, .softplus, .softsign, .sqrt, .swish, .tan,
        .tanh,
        .thresholdedRelu,
      ], { (planner, node) throws(ExecutionError) in try planner.unary(node) }
    ),
    (
      [.not, .isInf, .isNaN, .bitwiseNot],
      { (planner, node) throws(ExecutionError) in try planner.test(node) }
    ),
    ([.clip], { (planner, node) throws(ExecutionError) in try planner.clip(node) }),
    ([.cast, .castLike], { (planner, node) throws(ExecutionError) in try planner.castNode(node) }),
    (
      [
        .add, .and, .bitShift, .bitwiseAnd, .bitwiseOr, .bitwiseXor, .div, .equal, .greater,
        .greaterOrEqual, .less, .lessOrEqual, .mod, .mul, .or, .pow, .prelu, .sub, .xor,
      ], { (planner, node) throws(ExecutionError) in try planner.binary(node) }
    ),
    (
      [.max, .mean, .min, .sum],
      { (planner, node) throws(ExecutionError) in try planner.variadic(node) }
    ),
    ([.where], { (planner, node) throws(ExecutionError) in try planner.choose(node) }),
    (
      [
        .reduceL1, .reduceL2, .reduceLogSum, .reduceLogSumExp, .reduceMax, .reduceMean, .reduceMin,
        .reduceProd, .reduceSum, .reduceSumSquare,
      ], { (planner, node) throws(ExecutionError) in try planner.reduce(node) }
    ),
    (
      [.argMax, .argMin], { (planner, node) throws(ExecutionError) in try planner.argReduce(node) }
    ),
    (
      [.reshape, .flatten, .squeeze, .unsqueeze],
      { (planner, node) throws(ExecutionError) in try planner.reshape(node) }
    ),
    ([.transpose], { (planner, node) throws(ExecutionError) in try planner.transpose(node) }),
    ([.slice], { (planner, node) throws(ExecutionError) in try planner.slice(node) }),
    ([.expand], { (planner, node) throws(ExecutionError) in try planner.expand(node) }),
    ([.tile], { (planner, node) throws(ExecutionError) in try planner.tile(node) }),
    (
      [.depthToSpace, .spaceToDepth],
      { (planner, node) throws(ExecutionError) in try planner.depthSpace(node) }
    ),
    ([.concat], { (planner, node) throws(ExecutionError) in try planner.concat(node) }),
    ([.split], { (planner, node) throws(ExecutionError) in try planner.split(node) }),
    ([.pad], { (planner, node) throws(ExecutionError) in try planner.pad(node) }),
    ([.gather], { (planner, node) throws(ExecutionError) in try planner.gather(node) }),
    ([.shape, .size], { (planner, node) throws(ExecutionError) in try planner.shapeOf(node) }),
    (
      [.constantOfShape],
      { (planner, node) throws(ExecutionError) in try planner.constantOfShape(node) }
    ),
    ([.range], { (planner, node) throws(ExecutionError) in try planner.range(node) }),
    ([.dropout], { (planner, node) throws(ExecutionError) in try planner.dropout(node) }),
    ([.constant], { (planner, node) throws(ExecutionError) in try planner.storedConstant(node) }),
    (
      [.identity],
      { (planner, node) throws(ExecutionError) in
        planner.define(node, 0, try planner.operand(node, 0))
      }
    ),
  ]

  /// Adds the steps of `node`.
  mutating func dispatch(_ node: NodeID) throws(ExecutionError) {
    guard let kernel = Self.kernel(for: graph.nodes[node].op) else {
      throw ExecutionError(.unsupported, "there is no kernel for this operator")
    }
    try kernel(&self, node)
  }

  /// What runs `op`, if anything does.
  static func kernel(for op: Operator) -> Kernel? {
    if op == .regionSums {
      return { (planner, node) throws(ExecutionError) in try planner.regionSums(node) }
    }
    return op.kind.flatMap { kernels[$0] }
  }

  /// The operands of `node` that have to be known before it can be planned, and are not.
  func unknownOperands(of node: NodeID) -> [ValueID] {
    guard let kind = graph.nodes[node].op.kind else { return [] }
    if kind == .loop || kind == .scan { return unknownValues(of: node) }
    return Self.parameters(of: kind).compactMap { graph.nodes[node].input($0) }
      .filter { graph.constant($0) == nil }
  }

  /// Which operands say what is to be done, instead of being worked on.
  private static func parameters(of kind: OperatorKind) -> [Int] {
    switch kind {
    case .reshape, .expand, .squeeze, .unsqueeze, .tile, .split, .topK, .cumSum, .trilu, .compress,
      .oneHot, .upsample, .reduceL1, .reduceL2, .reduceLogSum, .reduceLogSumExp, .reduceMax,
      .reduceMean, .reduceMin, .reduceProd, .reduceSum, .reduceSumSquare:
      [1]
    case .slice: [1, 2, 3, 4]
    case .pad, .resize: [1, 2, 3]
    case .clip, .dft: [1, 2]
    case .constantOfShape, .nonZero, .if: [0]
    case .range: [0, 1, 2]
    default: []
    }
  }
}
