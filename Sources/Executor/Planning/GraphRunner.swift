import IR

/// Runs a prepared graph, with plans that are kept for each set of input shapes.
final class GraphRunner {
  private let graph: Graph
  private let weights = PackedWeights()
  private var plans: [[TensorInfo]: Plan] = [:]
  /// Plans that are kept; more shapes than that are planned anew.
  private static let planLimit = 16
  /// How many bytes the values of plans that are kept may take; planning anew costs little beside such a run.
  private static let keptByteLimit = 1 << 30
  /// How many bytes of looked-at elements tell plans apart; more are hardly ever the same again.
  private static let keyLimit = 1 << 10

  /// The bytes that values took together in the last run, and the most that were alive at a time.
  private(set) var memory: (arena: Int, least: Int) = (0, 0)

  private let byteLimit: Int

  /// - Parameters:
  ///   - graph: What is run; its nodes have kernels.
  ///   - byteLimit: How many bytes the values of a plan may take.
  init(_ graph: Graph, byteLimit: Int) {
    self.graph = graph
    self.byteLimit = byteLimit
  }

  /// The values that `run` is given, in order.
  var inputs: [Value] { graph.requiredInputs.map { graph.values[$0] } }
  /// The values that `run` gives, in order.
  var outputs: [Value] { graph.outputs.map { graph.values[$0] } }

  /// Runs the graph on `tensors`, one for each input.
  func run(_ tensors: [Constant]) throws(ExecutionError) -> [Constant] {
    var plan = try firstPlan(tensors.map { TensorInfo($0.elementType, $0.shape) })
    try plan.run(tensors)
    memory = (plan.arenaByteCount, plan.leastByteCount)
    while case .pause(let planner, let values) = plan.end {
      plan = try continuation(of: plan, planner, values)
      try plan.run([])
      memory = (memory.arena + plan.arenaByteCount, max(memory.least, plan.leastByteCount))
    }
    guard case .results(let results) = plan.end else { return [] }
    return results.map(plan.elements)
  }

  private func firstPlan(_ infos: [TensorInfo]) throws(ExecutionError) -> Plan {
    if let known = plans[infos] { return known }
    var planner = Planner(graph, inputs: infos, weights: weights, byteLimit: byteLimit)
    let plan = try planner.plan()
    let byteCount = plans.values.reduce(plan.arenaByteCount) { $0 + $1.arenaByteCount }
    if plans.count >= Self.planLimit || byteCount > Self.keptByteLimit { plans.removeAll() }
    plans[infos] = plan
    return plan
  }

  private func continuation(
    of plan: Plan, _ planner: Planner, _ values: [ValueID]
  ) throws(ExecutionError) -> Plan {
    var planner = planner
    var contents: [Constant] = []
    for value in values { contents.append(plan.elements(of: try planner.operand(value))) }
    let isSmall = contents.reduce(0) { $0 + $1.byteCount } <= Self.keyLimit
    let key = isSmall ? contents.map { $0.bytes ?? [] } : []
    if isSmall, let known = plan.continuations[key] { return known }
    let next = try planner.resume(after: plan, values, contents)
    if isSmall, plan.continuations.count < Self.planLimit { plan.continuations[key] = next }
    return next
  }
}
