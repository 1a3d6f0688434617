import IR

// What If, Loop and Scan have in common: graphs inside nodes.

extension Graph {
  /// Puts copies of the nodes of the branch that `node`, an If, takes in front of it.
  ///
  /// The results of the branch become operands of the If after its condition.
  ///
  /// - Returns: The copies, in order.
  mutating func openBranch(_ node: NodeID) throws(ExecutionError) -> [NodeID] {
    let row = nodes[node]
    guard let flags = constant(row.input(0))?.integers, flags.count == 1,
      case .graph(let body)? = row.attribute(flags[0] != 0 ? "then_branch" : "else_branch"),
      !body.outputs.isEmpty, body.outputs.count >= row.outputs.count
    else {
      throw ExecutionError(.invalidOperands, "its condition is no flag, or its branch is missing")
    }
    var copy = GraphCopy(body: body, captured: row.captures)
    let added = try copy.addNodes(to: &self, before: node)
    setInputs(of: node, to: [row.input(0)] + (try copy.outputs(in: &self)))
    return added
  }
}

extension Planner {
  /// If: the results of its branch, which is planned already, are its own.
  mutating func passBranch(_ node: NodeID) throws(ExecutionError) {
    for index in graph.nodes[node].outputs.indices {
      define(node, index, try operand(node, index + 1))
    }
  }

  /// All that `node` and its bodies read and that is not known.
  func unknownValues(of node: NodeID) -> [ValueID] {
    let row = graph.nodes[node]
    var values: [ValueID] = []
    for value in row.inputs.compactMap({ $0 }) + row.captures
    where graph.constant(value) == nil && !values.contains(value) {
      values.append(value)
    }
    return values
  }

  /// The operands of `node`, all of which are known; nil for those left out.
  mutating func contents(of node: NodeID) throws(ExecutionError) -> [Constant?] {
    var contents: [Constant?] = []
    for index in graph.nodes[node].inputs.indices {
      contents.append(
        try optional(node, index).map { operand throws(ExecutionError) in
          try known(operand)
        })
    }
    return contents
  }

  private func known(_ operand: Operand) throws(ExecutionError) -> Constant {
    guard let constant = operand.constant else {
      throw ExecutionError(.internalFailure, "an operand is not known")
    }
    return constant
  }

  /// The body of `node`, ready to be run, with what it captures as stored tensors.
  mutating func body(of node: NodeID) throws(ExecutionError) -> GraphRunner {
    let row = graph.nodes[node]
    guard case .graph(let body)? = row.attribute("body") else {
      throw ExecutionError(.invalidOperands, "its body is missing")
    }
    var target = Graph(name: body.name, operatorSets: graph.operatorSets)
    var captured: [ValueID] = []
    for value in row.captures {
      captured.append(target.addConstant(graph.values[value].name, try known(try operand(value))))
    }
    var copy = GraphCopy(body: body, captured: captured)
    copy.addInputs(to: &target)
    _ = try copy.addNodes(to: &target)
    for output in try copy.outputs(in: &target) { target.addOutput(output) }
    return GraphRunner(Preparation.folded(target, byteLimit: byteLimit), byteLimit: byteLimit)
  }
}

/// The results of all iterations, that are to be one tensor along a new axis.
struct Stack {
  private var parts: [Constant] = []
  /// What a part is declared to be, for when there is none.
  private let declared: TensorType?

  init(_ value: Value) { declared = value.type?.tensor }

  mutating func add(_ part: Constant) throws(ExecutionError) {
    if let first = parts.first, first.shape != part.shape || first.elementType != part.elementType {
      throw ExecutionError(
        .invalidOperands,
        "its iterations yield tensors of shapes \(first.shape) and \(part.shape)")
    }
    parts.append(part)
  }

  /// All parts along a new axis that `place` says for their rank.
  func joined(
    at stated: Int = 0, isReversed: Bool = false
  ) throws(ExecutionError) -> Constant {
    guard let type = parts.first?.elementType ?? declared?.elementType,
      let shape = parts.first?.shape ?? declared?.shape?.map({ $0.count ?? 0 })
    else {
      throw ExecutionError(.unsupported, "has no kernel for no iterations of an unknown type")
    }
    let width = try type.byteWidth
    guard (-shape.count - 1...shape.count).contains(stated) else {
      throw ExecutionError(.invalidOperands, "has no axis \(stated)")
    }
    let axis = stated < 0 ? stated + shape.count + 1 : stated
    let outer = shape[..<axis].product
    let size = parts.isEmpty ? 0 : shape[axis...].product * width
    let sources = (isReversed ? parts.reversed() : parts).map { $0.bytes ?? [] }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(outer * size * parts.count)
    for block in 0..<outer {
      for source in sources { bytes += source[block * size..<(block + 1) * size] }
    }
    return Constant(
      bytes, of: type, shape: Array(shape[..<axis]) + [parts.count] + shape[axis...])
  }
}

extension Constant {
  /// Elements of any type, as they lie in memory.
  fileprivate init(_ bytes: [UInt8], of type: ElementType, shape: [Int]) {
    let stored = Constant(bytes, shape: [bytes.count])
    self.init(elementType: type, shape: shape, storage: stored.storage)
  }

  /// The slices along `axis`, in order.
  func slices(along axis: Int) throws(ExecutionError) -> [Constant] {
    let outer = shape[..<axis].product
    let size = try shape[(axis + 1)...].product * elementType.byteWidth
    let (extent, source) = (shape[axis], bytes ?? [])
    var rest = shape
    rest.remove(at: axis)
    return (0..<extent).map { index in
      let bytes = (0..<outer).flatMap { block in
        let start = (block * extent + index) * size
        return source[start..<start + size]
      }
      return Constant(bytes, of: elementType, shape: rest)
    }
  }
}
