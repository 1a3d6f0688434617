import IR

extension Planner {
  /// Scan, which is run at once: all that it reads is known.
  mutating func scan(_ node: NodeID) throws(ExecutionError) {
    guard graph.version >= 9 else {
      throw ExecutionError(.unsupported, "has no kernel for operator sets before 9")
    }
    let operands = try contents(of: node)
    let body = try body(of: node)
    guard let given = operands[...].complete(),
      let form = ScanForm(
        node, in: graph, operands: given, yields: body.outputs.count),
      body.inputs.count == given.count, body.outputs.count >= form.states
    else {
      throw ExecutionError(.invalidOperands, "its operands or axes do not fit its body")
    }
    let results = try form.run(body, given)
    for index in graph.nodes[node].outputs.indices {
      guard results.indices.contains(index) else {
        throw ExecutionError(.invalidOperands, "its body does not yield result \(index)")
      }
      define(node, index, known(results[index]))
    }
  }
}

/// Along which axes a scan goes, and which way.
private struct ScanForm {
  /// How many of the operands are handed on from one iteration to the next.
  let states: Int
  /// For each other operand the axis that it is taken apart along, and whether from the end.
  let sources: [(axis: Int, isReversed: Bool)]
  /// For each result that is put together the same; the axis may count from the end.
  let targets: [(axis: Int, isReversed: Bool)]
  /// How many iterations there are.
  let length: Int

  init?(_ node: NodeID, in graph: Graph, operands: [Constant], yields: Int) {
    guard let scanned = graph.attribute(node, "num_scan_inputs", default: 0), scanned > 0,
      scanned <= operands.count, operands.count - scanned <= yields
    else { return nil }
    states = operands.count - scanned
    func pairs(_ side: String, _ count: Int) -> [(Int, Bool)]? {
      let zeros = Array(repeating: 0, count: count)
      guard let axes = graph.attribute(node, "scan_\(side)_axes", default: zeros),
        let directions = graph.attribute(node, "scan_\(side)_directions", default: zeros),
        axes.count == count, directions.count == count
      else { return nil }
      return zip(axes, directions).map { ($0, $1 != 0) }
    }
    guard let stated = pairs("input", scanned), let targets = pairs("output", yields - states)
    else { return nil }
    var sources: [(Int, Bool)] = []
    var lengths: Set<Int> = []
    for ((axis, isReversed), operand) in zip(stated, operands[states...]) {
      let rank = operand.shape.count
      guard (-rank..<rank).contains(axis) else { return nil }
      sources.append((axis < 0 ? axis + rank : axis, isReversed))
      lengths.insert(operand.shape[sources[sources.count - 1].0])
    }
    guard lengths.count == 1, let length = lengths.first else { return nil }
    (self.sources, self.targets, self.length) = (sources, targets, length)
  }

  func run(_ body: GraphRunner, _ operands: [Constant]) throws(ExecutionError) -> [Constant] {
    var state = Array(operands[..<states])
    var parts: [[Constant]] = []
    for (operand, source) in zip(operands[states...], sources) {
      let slices = try operand.slices(along: source.axis)
      parts.append(source.isReversed ? slices.reversed() : slices)
    }
    var stacks = body.outputs.dropFirst(states).map(Stack.init)
    for iteration in 0..<length {
      let results = try body.run(state + parts.map { $0[iteration] })
      state = Array(results[..<states])
      for (index, part) in results[states...].enumerated() { try stacks[index].add(part) }
    }
    for (stack, target) in zip(stacks, targets) {
      state.append(try stack.joined(at: target.axis, isReversed: target.isReversed))
    }
    return state
  }
}
