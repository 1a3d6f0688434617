public import IR

/// Runs a graph on the processor.
///
/// What depends on stored tensors alone is computed once. For every set of input shapes a plan is made and
/// kept: kernels compiled for these shapes, weights in the order that kernels like, and one piece of memory in
/// which values that are not alive at the same time share their place.
public final class Session {
  private let graph: Graph
  private let weights = PackedWeights()
  private var plans: [[TensorInfo]: Plan] = [:]
  /// Plans that are kept; more shapes than that are planned anew.
  private static let planLimit = 16
  /// How many bytes of looked-at elements tell plans apart; more are hardly ever the same again.
  private static let keyLimit = 1 << 10

  /// The values that `run` is given, in order: their names and types.
  public let inputs: [(name: String, type: ValueType?)]
  /// The values that `run` gives, in order.
  public let outputs: [(name: String, type: ValueType?)]
  /// The bytes that values took together in the last run, and the most that were alive at a time.
  public private(set) var memory: (arena: Int, least: Int) = (0, 0)

  /// Prepares a graph.
  ///
  /// - Parameters:
  ///   - model: What is to be run; its weights are read as long as the session lives.
  ///   - threads: How many threads work at a time, in all sessions; nil for one per processor.
  /// - Throws: `ExecutionError` for the first node that cannot be run, before anything is.
  public init(_ model: Model, threads: Int? = nil) throws(ExecutionError) {
    if let threads { Library.use(threads: threads) }
    let original = model.graph
    inputs = original.requiredInputs.map { (original.values[$0].name, original.values[$0].type) }
    outputs = original.outputs.map { (original.values[$0].name, original.values[$0].type) }
    graph = try Preparation.prepared(model)
  }

  /// Runs the graph on `tensors`, one for each input.
  ///
  /// - Returns: A tensor for each output.
  /// - Throws: `ExecutionError` that names the input or node that is at fault.
  public func run(_ tensors: [Constant]) throws(ExecutionError) -> [Constant] {
    try check(tensors)
    let infos = tensors.map { TensorInfo($0.elementType, $0.shape) }
    var plan = try firstPlan(infos)
    try execute(plan, tensors)
    memory = (plan.arenaByteCount, plan.leastByteCount)
    while case .pause(let planner, let values) = plan.end {
      plan = try continuation(of: plan, planner, values)
      try execute(plan, [])
      memory = (memory.arena + plan.arenaByteCount, max(memory.least, plan.leastByteCount))
    }
    guard case .results(let results) = plan.end else { return [] }
    return results.map(plan.elements)
  }

  private func execute(_ plan: Plan, _ tensors: [Constant]) throws(ExecutionError) {
    try plan.run(tensors) { node, error in
      var error = error
      error.subject = self.graph.contains(node) ? self.graph.label(node) : error.subject
      error.operatorType = self.graph.nodes[node].op.type
      return error
    }
  }

  private func firstPlan(_ infos: [TensorInfo]) throws(ExecutionError) -> Plan {
    if let known = plans[infos] { return known }
    var planner = Planner(graph, inputs: infos, weights: weights)
    let plan = try planner.plan()
    if plans.count >= Self.planLimit { plans.removeAll() }
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

  private func check(_ tensors: [Constant]) throws(ExecutionError) {
    guard tensors.count == inputs.count else {
      throw ExecutionError(
        .invalidInput, "expected \(inputs.count) inputs, found \(tensors.count)")
    }
    for (tensor, (name, type)) in zip(tensors, inputs) {
      guard let type = type?.tensor else { continue }
      let fits =
        (type.elementType ?? tensor.elementType) == tensor.elementType
        && (type.shape.map { Self.fits($0, tensor.shape) } ?? true) && tensor.payload != nil
      guard fits else {
        throw ExecutionError(
          .invalidInput,
          "expected \(ValueType.tensor(type)), found \(ValueType.tensor(tensor.type))",
          subject: name)
      }
    }
  }

  private static func fits(_ shape: Shape, _ extents: [Int]) -> Bool {
    shape.count == extents.count
      && zip(shape, extents).allSatisfy { $0.count == nil || $0.count == $1 || $0.count == -1 }
  }
}
