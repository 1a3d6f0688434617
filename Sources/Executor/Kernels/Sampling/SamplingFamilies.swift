import IR

// Which kernels sample, normalise, attend and quantise.

extension Planner {
  static let samplingFamilies: [([OperatorKind], Kernel)] = [
    (
      [.resize, .upsample],
      { (planner, node) throws(ExecutionError) in try planner.resize(node) }
    )
  ]
}
