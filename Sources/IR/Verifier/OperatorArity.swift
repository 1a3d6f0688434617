/// How many operands and results an operator takes, and the attributes it cannot do without.
///
/// Operators change between versions of the operator set; this is what all versions allow
/// together, so that no valid graph is refused.
struct OperatorArity: Hashable, Sendable {
  /// The number of operands, with those left out in between.
  var operands: ClosedRange<Int>
  /// How many of the first operands must be present.
  var required: Int
  /// The number of results.
  var results: ClosedRange<Int>
  /// Names of the attributes every version requires.
  var attributes: [String]

  init(
    _ operands: ClosedRange<Int>, required: Int? = nil, results: ClosedRange<Int> = 1...1,
    attributes: [String] = []
  ) {
    self.operands = operands
    self.required = required ?? operands.lowerBound
    self.results = results
    self.attributes = attributes
  }
}

extension OperatorKind {
  /// What every use of this operator must satisfy.
  var arity: OperatorArity {
    switch self {
    // No operand, or any number
    case .constant: OperatorArity(0...0)
    case .concat, .max, .mean, .min, .sum: OperatorArity(1...Int.max, required: 0)
    case .einsum: OperatorArity(1...Int.max, required: 0, attributes: ["equation"])

    // One operand, sometimes with settings that older versions keep in attributes
    case .averagePool: OperatorArity(1...1, attributes: ["kernel_shape"])
    case .maxPool: OperatorArity(1...1, results: 1...2, attributes: ["kernel_shape"])
    case .cast: OperatorArity(1...1, attributes: ["to"])
    case .depthToSpace, .spaceToDepth: OperatorArity(1...1, attributes: ["blocksize"])
    case .dynamicQuantizeLinear: OperatorArity(1...1, results: 3...3)
    case .lrn: OperatorArity(1...1, attributes: ["size"])
    case .reduceL1, .reduceL2, .reduceLogSum, .reduceLogSumExp, .reduceMax, .reduceMean,
      .reduceMin, .reduceProd, .reduceSum, .reduceSumSquare, .reshape, .squeeze, .trilu,
      .unsqueeze, .upsample:
      OperatorArity(1...2)
    case .split: OperatorArity(1...2, results: 1...Int.max)
    case .topK: OperatorArity(1...2, results: 2...2)
    case .clip, .dft: OperatorArity(1...3)
    case .dropout: OperatorArity(1...3, results: 1...2)
    case .pad, .resize: OperatorArity(1...4)
    case .slice: OperatorArity(1...5)

    // Two operands and more
    case .add, .and, .bitwiseAnd, .bitwiseOr, .bitwiseXor, .castLike, .compress, .cumSum, .div,
      .equal, .expand, .gather, .gatherElements, .gatherND, .greater, .greaterOrEqual, .gridSample,
      .less, .lessOrEqual, .matMul, .mod, .mul, .or, .pow, .prelu, .reverseSequence,
      .rmsNormalization, .sub, .xor:
      OperatorArity(2...2)
    case .bitShift: OperatorArity(2...2, attributes: ["direction"])
    case .conv, .convTranspose, .dequantizeLinear, .gemm, .quantizeLinear, .tile:
      OperatorArity(2...3)
    case .layerNormalization: OperatorArity(2...3, results: 1...3)
    case .convInteger, .matMulInteger: OperatorArity(2...4)
    case .groupNormalization: OperatorArity(3...3, attributes: ["num_groups"])
    case .instanceNormalization, .oneHot, .range, .roiAlign, .scatter, .scatterElements, .scatterND,
      .where:
      OperatorArity(3...3)
    case .attention: OperatorArity(3...7, results: 1...4)
    case .batchNormalization: OperatorArity(5...5, results: 1...5)
    case .qLinearConv: OperatorArity(8...9)
    case .qLinearMatMul: OperatorArity(8...8)

    // Control flow
    case .if:
      OperatorArity(1...1, results: 1...Int.max, attributes: ["else_branch", "then_branch"])
    case .loop:
      OperatorArity(2...Int.max, required: 0, results: 1...Int.max, attributes: ["body"])
    case .scan:
      OperatorArity(
        1...Int.max, required: 0, results: 1...Int.max, attributes: ["body", "num_scan_inputs"])

    case .abs, .acos, .acosh, .argMax, .argMin, .asin, .asinh, .atan, .atanh, .bitwiseNot, .ceil,
      .celu, .constantOfShape, .cos, .cosh, .elu, .erf, .exp, .eyeLike, .flatten, .floor, .gelu,
      .globalAveragePool, .globalLpPool, .globalMaxPool, .hardSigmoid, .hardSwish, .hardmax,
      .identity, .isInf, .isNaN, .leakyRelu, .log, .logSoftmax, .lpNormalization, .lpPool,
      .meanVarianceNormalization, .mish, .neg, .nonZero, .not, .reciprocal, .relu, .round, .selu,
      .shape, .shrink, .sigmoid, .sign, .sin, .sinh, .size, .softmax, .softplus, .softsign, .sqrt,
      .swish, .tan, .tanh, .thresholdedRelu, .transpose:
      OperatorArity(1...1)
    }
  }
}
