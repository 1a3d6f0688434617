// Operators that hold bodies. Bodies are examined on their own, with what is known of the values
// they capture.

extension InferenceEngine {
  func branches(_ node: NodeID) -> [ValueType?] {
    let row = graph.nodes[node]
    guard case .graph(let then)? = row.attribute("then_branch"),
      case .graph(let otherwise)? = row.attribute("else_branch")
    else { return [] }
    if let condition = content(node, 0)?.integers?.first {
      return bodyResults(condition != 0 ? then : otherwise, of: node)
    }
    let left = bodyResults(then, of: node)
    let right = bodyResults(otherwise, of: node)
    return zip(left, right).map { left, right in
      if case .tensor(let left)? = left, case .tensor(let right)? = right {
        return .tensor(left.joined(with: right))
      }
      return left == right ? left : nil
    }
  }

  func loop(_ node: NodeID) -> [ValueType?] {
    let row = graph.nodes[node]
    guard case .graph(var body)? = row.attribute("body"), row.inputs.count >= 2 else { return [] }
    let carried = row.inputs.count - 2
    body.adoptElementTypes((0..<carried).map { type(node, $0 + 2) }, from: 2)
    let results = bodyResults(body, of: node).dropFirst()
    return results.enumerated().map { index, result in
      guard case .tensor(let type)? = result else { return nil }
      if index < carried {
        // After no iteration at all the initial value comes out.
        return .tensor(type.joined(with: self.type(node, index + 2)))
      }
      return .tensor(TensorType(type.elementType, type.shape.map { [.unknown] + $0 }))
    }
  }

  func scan(_ node: NodeID) -> [ValueType?] {
    let row = graph.nodes[node]
    guard graph.version >= 9, case .graph(let body)? = row.attribute("body"),
      let scanned = graph.attribute(node, "num_scan_inputs", default: 0), scanned > 0,
      scanned <= row.inputs.count
    else { return [] }
    let states = row.inputs.count - scanned
    let zeros = Array(repeating: 0, count: max(0, row.outputs.count - states))
    guard let axes = graph.attribute(node, "scan_output_axes", default: zeros) else { return [] }
    let length = scanLength(node, first: states)
    return bodyResults(body, of: node).enumerated().map { index, result in
      guard case .tensor(let type)? = result else { return nil }
      if index < states { return .tensor(type.joined(with: self.type(node, index))) }
      guard var shape = type.shape, index - states < axes.count,
        let axis = Axis.normalized(axes[index - states], rank: shape.count + 1)
      else { return .tensor(TensorType(type.elementType, nil)) }
      shape.insert(length, at: axis)
      return .tensor(TensorType(type.elementType, shape))
    }
  }

  /// The number of steps, which all scanned operands agree on.
  private func scanLength(_ node: NodeID, first: Int) -> Dimension {
    let zeros = Array(repeating: 0, count: graph.nodes[node].inputs.count - first)
    guard let shape = shape(node, first),
      let stated = graph.attribute(node, "scan_input_axes", default: zeros)?.first,
      let axis = Axis.normalized(stated, rank: shape.count)
    else { return .unknown }
    return shape[axis]
  }

  /// The types that `body` yields, given what `node` captures for it.
  private func bodyResults(_ body: Graph, of node: NodeID) -> [ValueType?] {
    guard depth < Self.maximalDepth else { return [] }
    var body = body
    var contents: [(ValueID, PartialTensor)] = []
    for value in body.valueIDs {
      guard case .captured(let index) = body.values[value].definition,
        index < graph.nodes[node].captures.count
      else { continue }
      let captured = graph.nodes[node].captures[index]
      body.setType(of: value, to: graph.values[captured].type)
      if let content = content(of: captured) { contents.append((value, content)) }
    }
    var engine = InferenceEngine(body, depth: depth + 1)
    for (value, content) in contents { engine.contents[value] = content }
    engine.run()
    return body.outputs.map { engine.graph.values[$0].type }
  }
}

extension Graph {
  /// Gives inputs that declare nothing the element types of what is passed to them.
  fileprivate mutating func adoptElementTypes(_ types: [TensorType], from first: Int) {
    for (index, type) in types.enumerated() where first + index < inputs.count {
      let input = inputs[first + index]
      guard values[input].type == nil, let element = type.elementType else { continue }
      setType(of: input, to: .tensor(TensorType(element, nil)))
    }
  }
}
