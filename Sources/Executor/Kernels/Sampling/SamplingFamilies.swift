import IR

// Which kernels sample, normalise, attend and quantise.

extension Planner {
  static let samplingFamilies: [([OperatorKind], Kernel)] = [
    (
      [.resize, .upsample],
      { (planner, node) throws(ExecutionError) in try planner.resize(node) }
    ),
    ([.quantizeLinear], { (planner, node) throws(ExecutionError) in try planner.quantizeLinear(node) }),
    ([.dequantizeLinear], { (planner, node) throws(ExecutionError) in try planner.dequantizeLinear(node) }),
    ([.dynamicQuantizeLinear], { (planner, node) throws(ExecutionError) in try planner.dynamicQuantizeLinear(node) }),
    ([.matMulInteger], { (planner, node) throws(ExecutionError) in try planner.matMulInteger(node) }),
    ([.qLinearMatMul], { (planner, node) throws(ExecutionError) in try planner.qLinearMatMul(node) }),
    ([.convInteger], { (planner, node) throws(ExecutionError) in try planner.convInteger(node) }),
    ([.qLinearConv], { (planner, node) throws(ExecutionError) in try planner.qLinearConv(node) }),
  ]
}
