import IR

extension Planner {
  /// Loop, which is run at once: all that it reads is known.
  mutating func loop(_ node: NodeID) throws(ExecutionError) {
    let operands = try contents(of: node)
    let body = try body(of: node)
    guard operands.count >= 2, let initial = operands[2...].complete(),
      body.inputs.count == operands.count, body.outputs.count > initial.count
    else {
      throw ExecutionError(.invalidOperands, "its operands do not fit its body")
    }
    let bounds = try LoopBounds(limit: operands[0], condition: operands[1])
    let results = try bounds.run(body, initial)
    for index in graph.nodes[node].outputs.indices {
      guard results.indices.contains(index) else {
        throw ExecutionError(.invalidOperands, "its body does not yield result \(index)")
      }
      define(node, index, known(results[index]))
    }
  }
}

extension ArraySlice {
  /// The elements, if none is missing.
  func complete<Wrapped>() -> [Wrapped]? where Element == Wrapped? {
    contains { $0 == nil } ? nil : compactMap { $0 }
  }
}

/// When a loop ends.
private struct LoopBounds {
  /// How many iterations there are at most.
  let limit: Int64?
  /// Whether to begin; nil if only the limit counts.
  let condition: Bool?

  init(limit: Constant?, condition: Constant?) throws(ExecutionError) {
    self.limit = try limit.map { each throws(ExecutionError) in try each.whole }
    self.condition = try condition.map { each throws(ExecutionError) in try each.whole != 0 }
    guard limit != nil || condition != nil else {
      throw ExecutionError(.invalidOperands, "nothing says when it ends")
    }
  }

  /// The values that iterations hand on, after the last one, and what each yields besides, stacked.
  func run(_ body: GraphRunner, _ initial: [Constant]) throws(ExecutionError) -> [Constant] {
    var stacks = body.outputs.dropFirst(1 + initial.count).map(Stack.init)
    var (state, iteration, continues) = (initial, Int64(0), condition ?? true)
    let counterShape = body.inputs[0].shape?.counts == [1] ? [1] : [Int]()
    let flagShape = body.inputs[1].shape?.counts == [1] ? [1] : [Int]()
    while continues, limit.map({ iteration < $0 }) ?? true {
      let flag = Constant([UInt8(1)], shape: flagShape)
      let results = try body.run(
        [
          Constant([iteration], shape: counterShape),
          Constant(elementType: .bool, shape: flagShape, storage: flag.storage),
        ] + state)
      state = Array(results[1..<1 + state.count])
      for (index, part) in results.dropFirst(1 + state.count).enumerated() {
        try stacks[index].add(part)
      }
      // Without a condition, what the body says of it is ignored.
      if condition != nil { continues = try results[0].whole != 0 }
      iteration += 1
    }
    for stack in stacks { state.append(try stack.joined()) }
    return state
  }
}

extension Constant {
  /// The only element, which has to be a whole number or a flag.
  fileprivate var whole: Int64 {
    get throws(ExecutionError) {
      guard let numbers = integers, numbers.count == 1 else {
        throw ExecutionError(
          .invalidOperands, "expected one number or flag, found a tensor of shape \(shape)")
      }
      return numbers[0]
    }
  }
}
