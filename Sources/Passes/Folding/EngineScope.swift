internal import IR

/// On which operands an engine may be asked what an operator makes, because all answer alike.
enum EngineScope {
  /// Elements are only chosen or moved.
  case anyType
  /// Elements are computed, of floats into floats, to rounding.
  case floats
}

extension LoneNode {
  /// Whether an engine may be asked what the node makes.
  var isLeftToEngines: Bool {
    let row = graph.nodes[node]
    let operands = row.inputs.compactMap { graph.constant($0) }
    guard let scope = row.op.kind?.engineScope, !operands.contains(where: \.holdsNaN) else {
      return false
    }
    // Of a row with an infinity, engines make different things: a softmax is NaN to some in every place.
    if scope == .floats, operands.contains(where: \.holdsInfinity) { return false }
    let results = graph.outputs.map { graph.values[$0].type?.tensor?.elementType }
    switch scope {
    case .anyType: return true
    case .floats:
      return operands[0].isComputable
        && results.allSatisfy { $0.map { ElementType.computable.contains($0) } ?? false }
    }
  }
}

extension ElementType {
  /// The floats that all engines compute with.
  fileprivate static let computable: [ElementType] = [.float16, .bfloat16, .float32, .float64]
}

extension Constant {
  fileprivate var isComputable: Bool { ElementType.computable.contains(elementType) }

  /// Whether an element is no number.
  fileprivate var holdsNaN: Bool {
    elementType == .float32
      ? elements(as: Float.self)?.contains(where: \.isNaN) ?? true
      : isComputable && doubles?.contains(where: \.isNaN) ?? true
  }

  /// Whether an element is infinite.
  fileprivate var holdsInfinity: Bool {
    elementType == .float32
      ? elements(as: Float.self)?.contains(where: \.isInfinite) ?? true
      : isComputable && doubles?.contains(where: \.isInfinite) ?? true
  }
}

extension OperatorKind {
  /// Whether `ConstantEvaluator` computes nodes of this kind that no engine is asked about.
  var isExactlyComputable: Bool {
    switch self {
    // Of what an engine makes of these, too much depends on which: sums of a step that is rounded, elements
    // that are written twice, bounds in the wrong order.
    case .clip, .constantOfShape, .equal, .greater, .greaterOrEqual, .identity, .less, .lessOrEqual,
      .or,
      .and, .xor, .not, .range, .scatterND, .where:
      true
    default: false
    }
  }

  /// On which operands an engine may be asked; nil for never.
  var engineScope: EngineScope? {
    switch self {
    case .argMax, .argMin, .bitwiseAnd, .bitwiseNot, .bitwiseOr, .bitwiseXor, .compress, .concat,
      .depthToSpace, .expand, .eyeLike, .flatten, .gather, .gatherElements, .gatherND, .isInf,
      .isNaN, .nonZero, .oneHot, .pad, .reshape, .reverseSequence, .slice, .spaceToDepth, .split,
      .squeeze, .tile, .topK, .transpose, .trilu, .unsqueeze:
      .anyType
    case .abs, .acos, .acosh, .asin, .asinh, .atan, .atanh, .cast, .castLike, .ceil, .celu, .cos,
      .cosh, .elu, .erf, .exp, .floor, .gelu, .hardSigmoid, .hardSwish, .leakyRelu, .log, .mish,
      .neg, .reciprocal, .relu, .round, .selu, .shrink, .sigmoid, .sign, .sin, .sinh, .softplus,
      .softsign, .sqrt, .swish, .tan, .tanh, .thresholdedRelu:
      .floats
    case .add, .div, .max, .mean, .min, .mod, .mul, .pow, .prelu, .sub, .sum: .floats
    case .cumSum, .reduceL1, .reduceL2, .reduceLogSum, .reduceLogSumExp, .reduceMax, .reduceMean,
      .reduceMin, .reduceProd, .reduceSum, .reduceSumSquare:
      .floats
    case .batchNormalization, .groupNormalization, .instanceNormalization, .layerNormalization,
      .lpNormalization, .meanVarianceNormalization, .rmsNormalization, .hardmax, .logSoftmax,
      .softmax:
      .floats
    case .conv, .convTranspose, .gemm, .matMul, .globalAveragePool, .globalLpPool, .globalMaxPool,
      .resize, .upsample:
      .floats
    default: nil
    }
  }
}
