import IR

extension Planner {
  /// The kernels of operators that choose elements, that contract axes, and that run bodies.
  static let selectionFamilies: [([OperatorKind], Kernel)] = [
    (
      [.gatherElements],
      { (planner, node) throws(ExecutionError) in try planner.gatherElements(node) }
    ),
    ([.gatherND], { (planner, node) throws(ExecutionError) in try planner.gatherND(node) }),
    (
      [.scatter, .scatterElements],
      { (planner, node) throws(ExecutionError) in try planner.scatterElements(node) }
    ),
    ([.scatterND], { (planner, node) throws(ExecutionError) in try planner.scatterND(node) }),
    ([.trilu], { (planner, node) throws(ExecutionError) in try planner.triangle(node) }),
    ([.topK], { (planner, node) throws(ExecutionError) in try planner.topK(node) }),
    ([.oneHot], { (planner, node) throws(ExecutionError) in try planner.oneHot(node) }),
    ([.nonZero], { (planner, node) throws(ExecutionError) in try planner.nonZero(node) }),
    ([.compress], { (planner, node) throws(ExecutionError) in try planner.compress(node) }),
    ([.eyeLike], { (planner, node) throws(ExecutionError) in try planner.eyeLike(node) }),
    (
      [.reverseSequence],
      { (planner, node) throws(ExecutionError) in try planner.reverseSequence(node) }
    ),
    ([.cumSum], { (planner, node) throws(ExecutionError) in try planner.cumSum(node) }),
    ([.einsum], { (planner, node) throws(ExecutionError) in try planner.einsum(node) }),
    ([.if], { (planner, node) throws(ExecutionError) in try planner.passBranch(node) }),
    ([.loop], { (planner, node) throws(ExecutionError) in try planner.loop(node) }),
    ([.scan], { (planner, node) throws(ExecutionError) in try planner.scan(node) }),
  ]
}
