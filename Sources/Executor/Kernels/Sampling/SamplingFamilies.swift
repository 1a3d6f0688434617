import IR

// Which kernels sample, normalise, attend and quantise.

extension Planner {
  static let samplingFamilies: [([OperatorKind], Kernel)] = [
    (
      [.resize, .upsample],
      { (planner, node) throws(ExecutionError) in try planner.resize(node) }
    ),
    (
      [.quantizeLinear],
      { (planner, node) throws(ExecutionError) in try planner.quantizeLinear(node) }
    ),
    (
      [.dequantizeLinear],
      { (planner, node) throws(ExecutionError) in try planner.dequantizeLinear(node) }
    ),
    (
      [.dynamicQuantizeLinear],
      { (planner, node) throws(ExecutionError) in try planner.dynamicQuantizeLinear(node) }
    ),
    (
      [.matMulInteger],
      { (planner, node) throws(ExecutionError) in try planner.matMulInteger(node) }
    ),
    (
      [.qLinearMatMul],
      { (planner, node) throws(ExecutionError) in try planner.qLinearMatMul(node) }
    ),
    ([.convInteger], { (planner, node) throws(ExecutionError) in try planner.convInteger(node) }),
    ([.qLinearConv], { (planner, node) throws(ExecutionError) in try planner.qLinearConv(node) }),
    ([.attention], { (planner, node) throws(ExecutionError) in try planner.attention(node) }),
    ([.lrn], { (planner, node) throws(ExecutionError) in try planner.lrn(node) }),
    (
      [.lpNormalization],
      { (planner, node) throws(ExecutionError) in try planner.lpNormalization(node) }
    ),
    (
      [.meanVarianceNormalization],
      { (planner, node) throws(ExecutionError) in try planner.meanVarianceNormalization(node) }
    ),
    ([.gridSample], { (planner, node) throws(ExecutionError) in try planner.gridSample(node) }),
    ([.roiAlign], { (planner, node) throws(ExecutionError) in try planner.roiAlign(node) }),
    ([.dft], { (planner, node) throws(ExecutionError) in try planner.dft(node) }),
  ]
}
