import IR

// Sums of products along named axes.

extension Planner {
  mutating func einsum(_ node: NodeID) throws(ExecutionError) {
    var operands: [Operand] = []
    for index in graph.nodes[node].inputs.indices { operands.append(try plain(node, index)) }
    guard let text = graph.attribute(node, "equation", default: ""),
      let equation = EinsumEquation(text), equation.operands.count == operands.count,
      let type = operands.first?.elementType, operands.allSatisfy({ $0.elementType == type })
    else {
      throw ExecutionError(.invalidOperands, "its equation does not fit its operands")
    }
    let form = try EinsumForm(equation, operands.map(\.shape))
    let info = try TensorInfo.sized(type, form.shape(form.result))
    guard info.count > 0, operands.allSatisfy({ $0.count > 0 }) else {
      return define(node, try zeros(node, info))
    }
    if type == .float32, let axes = form.matrixAxes {
      return define(node, try product(node, operands[0], operands[1], form, axes))
    }
    define(node, try cast(node, try contraction(node, operands, form), to: type))
  }

  /// Two operands as stacks of matrices, which oneDNN multiplies.
  private mutating func product(
    _ node: NodeID, _ left: Operand, _ right: Operand, _ form: EinsumForm,
    _ axes: EinsumForm.MatrixAxes
  ) throws(ExecutionError) -> Operand {
    let first = try permuted(node, left, form.operands[0], axes.batch + axes.rows + axes.depth)
    let second = try permuted(node, right, form.operands[1], axes.batch + axes.depth + axes.columns)
    let batch = axes.batch.isEmpty ? [] : [form.shape(axes.batch).product]
    let (rows, columns) = (form.shape(axes.rows).product, form.shape(axes.columns).product)
    let depth = form.shape(axes.depth).product
    let (stack, otherStack) = (batch + [rows, depth], batch + [depth, columns])
    let matrices = try product(
      MatrixForm(left: stack, right: otherStack), view(first, as: TensorInfo(.float32, stack)),
      view(second, as: TensorInfo(.float32, otherStack)), nil, FusedChain(after: node), leading: [])
    let made = axes.batch + axes.rows + axes.columns
    let result = view(matrices, as: TensorInfo(.float32, form.shape(made)))
    return try permuted(node, result, made, form.result)
  }

  /// The same tensor with its axes in another order.
  private mutating func permuted(
    _ node: NodeID, _ data: Operand, _ axes: [EinsumForm.Axis], _ order: [EinsumForm.Axis]
  ) throws(ExecutionError) -> Operand {
    let places = order.compactMap { axes.firstIndex(of: $0) }
    guard places != places.sorted() else { return data }
    return try strided(node, data, StridedView(contiguous: data.shape).transposed(places))
  }

  /// Any equation, one product of elements at a time.
  private mutating func contraction(
    _ node: NodeID, _ operands: [Operand], _ form: EinsumForm
  ) throws(ExecutionError) -> Operand {
    let type = operands[0].elementType
    let wide: ElementType =
      type.isFloatingPoint ? type == .float64 ? .float64 : .float32 : .int64
    var factors: [Operand] = []
    for operand in operands { factors.append(try cast(node, operand, to: wide)) }
    let info = TensorInfo(wide, form.shape(form.result))
    return switch wide {
    case .float64: try contraction(node, factors, form, info, (Double(0), 1), +, *)
    case .float32: try contraction(node, factors, form, info, (Float(0), 1), +, *)
    default: try contraction(node, factors, form, info, (Int64(0), 1), &+, &*)
    }
  }

  private mutating func contraction<Element: BitwiseCopyable>(
    _ node: NodeID, _ operands: [Operand], _ form: EinsumForm, _ info: TensorInfo,
    _ neutral: (zero: Element, one: Element), _ add: @escaping (Element, Element) -> Element,
    _ multiply: @escaping (Element, Element) -> Element
  ) throws(ExecutionError) -> Operand {
    let (outer, inner) = (form.walk(form.result), form.walk(form.summed))
    let counts = operands.map(\.count)
    return try step(node, reads: operands.map { $0 }, makes: [info]) { buffers in
      let sources = counts.indices.map {
        buffers.read($0, as: Element.self, count: counts[$0])
      }
      let target = buffers.make(0, as: Element.self, count: info.count)
      return {
        var place = 0
        outer.run(from: counts.map { _ in 0 }) { starts in
          var sum = neutral.zero
          inner.run(from: starts) { places in
            var term = neutral.one
            for (source, place) in zip(sources, places) { term = multiply(term, source[place]) }
            sum = add(sum, term)
          }
          target[place] = sum
          place += 1
        }
      }
    }[0]
  }
}
