// Which rule applies to which operator.

extension InferenceEngine {
  /// The types of what `node` computes, as far as they follow from its operands.
  func infer(_ node: NodeID) -> [ValueType?] {
    guard let kind = graph.nodes[node].op.kind else { return [] }
    switch kind {
    case .identity: return [graph.nodes[node].input(0).flatMap { graph.values[$0].type }]
    case .if: return branches(node)
    case .loop: return loop(node)
    case .scan: return scan(node)
    default: return tensors(kind, node).map(ValueType.tensor)
    }
  }

  private func tensors(_ kind: OperatorKind, _ node: NodeID) -> [TensorType] {
    switch kind {
    case .conv, .convTranspose, .convInteger, .qLinearConv: [convolution(node)]
    case .gemm: [gemm(node)]
    case .matMul, .matMulInteger, .qLinearMatMul: [matrixProduct(node)]
    case .einsum: [einsum(node)]
    case .attention: attention(node)
    case .batchNormalization: batchNormalization(node)
    case .layerNormalization: layerNormalization(node)
    case .instanceNormalization, .groupNormalization, .lrn, .lpNormalization,
      .meanVarianceNormalization, .rmsNormalization, .softmax, .logSoftmax, .hardmax:
      [type(node, 0)]
    case .abs, .acos, .acosh, .asin, .asinh, .atan, .atanh, .bitwiseNot, .ceil, .celu, .clip, .cos,
      .cosh, .elu, .erf, .exp, .floor, .gelu, .hardSigmoid, .hardSwish, .leakyRelu, .log, .mish,
      .neg, .not, .reciprocal, .relu, .round, .selu, .shrink, .sigmoid, .sign, .sin, .sinh,
      .softplus, .softsign, .sqrt, .swish, .tan, .tanh, .thresholdedRelu, .prelu, .identity:
      [type(node, 0)]
    case .isInf, .isNaN: [type(node, 0).with(.bool)]
    case .cast: [type(node, 0).with(graph.elementTypeAttribute(node, "to"))]
    case .castLike: [type(node, 0).with(element(node, 1))]
    case .add, .bitShift, .bitwiseAnd, .bitwiseOr, .bitwiseXor, .div, .max, .mean, .min, .mod, .mul,
      .pow, .sub, .sum:
      [broadcast(node, element: element(node, 0))]
    case .and, .equal, .greater, .greaterOrEqual, .less, .lessOrEqual, .or, .xor:
      [broadcast(node, element: .bool)]
    case .where: [broadcast(node, element: element(node, 1) ?? element(node, 2))]
    case .averagePool, .lpPool, .maxPool: pool(node)
    case .globalAveragePool, .globalLpPool, .globalMaxPool: [globalPool(node)]
    case .resize, .upsample: [resize(node)]
    case .gridSample: [gridSample(node)]
    case .roiAlign: [roiAlign(node)]
    case .argMax, .argMin: [argReduction(node)]
    case .reduceL1, .reduceL2, .reduceLogSum, .reduceLogSumExp, .reduceMax, .reduceMean, .reduceMin,
      .reduceProd, .reduceSum, .reduceSumSquare:
      [reduction(node)]
    case .topK: topK(node)
    case .cumSum, .reverseSequence, .trilu, .scatter, .scatterElements, .scatterND: [type(node, 0)]
    case .compress: [compress(node)]
    case .concat: [concat(node)]
    case .depthToSpace, .spaceToDepth: [depthSpace(node)]
    case .expand: [expand(node)]
    case .flatten: [flatten(node)]
    case .gather: [gather(node)]
    case .gatherElements: [type(node, 1).with(element(node, 0))]
    case .gatherND: [gatherND(node)]
    case .pad: [pad(node)]
    case .reshape: [reshape(node)]
    case .slice: [slice(node)]
    case .split: split(node)
    case .squeeze: [squeeze(node)]
    case .tile: [tile(node)]
    case .transpose: [transpose(node)]
    case .unsqueeze: [unsqueeze(node)]
    case .constant: [ConstantView(node, in: graph)?.constant.type ?? .unknown]
    case .constantOfShape: [constantOfShape(node)]
    case .dropout: dropout(node)
    case .eyeLike: [eyeLike(node)]
    case .nonZero: [nonZero(node)]
    case .oneHot: [oneHot(node)]
    case .range: [range(node)]
    case .shape: [shapeOfOperand(node)]
    case .size: [TensorType(.int64, [])]
    case .dft: [fourierTransform(node)]
    case .dequantizeLinear: [dequantized(node)]
    case .quantizeLinear: [quantized(node)]
    case .dynamicQuantizeLinear: dynamicallyQuantized(node)
    case .if, .loop, .scan: []
    }
  }
}
