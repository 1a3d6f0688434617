import IR

// Tensors made of shapes and parameters.

extension Planner {
  mutating func shapeOf(_ node: NodeID) throws(ExecutionError) {
    let shape = try operand(node, 0).shape
    let numbers: [Int64]
    if graph.nodes[node].op.kind == .size {
      define(node, known(Constant([Int64(shape.product)], shape: [])))
      return
    }
    guard let range = ShapeView(node, in: graph)?.axes else {
      throw ExecutionError(.invalidOperands, "its bounds do not fit data of shape \(shape)")
    }
    numbers = shape[range].map(Int64.init)
    define(node, known(Constant(numbers, shape: [numbers.count])))
  }

  /// A tensor whose elements are known now.
  mutating func known(_ constant: Constant) -> Operand {
    Operand(
      slot: builder.slot(.constant(constant)),
      info: TensorInfo(constant.elementType, constant.shape), constant: constant)
  }

  mutating func constantOfShape(_ node: NodeID) throws(ExecutionError) {
    guard let extents = try operand(node, 0).constant?.integers, extents.allSatisfy({ $0 >= 0 })
    else {
      throw ExecutionError(.invalidOperands, "its shape is not known")
    }
    var value = Constant([Float(0)], shape: [1])
    if case .tensor(_, let tensor)? = graph.nodes[node].attribute("value") { value = tensor }
    let shape = extents.map(Int.init)
    let one = known(value.aligned)
    let view = StridedView(shape: shape, strides: shape.map { _ in 0 }, offset: 0)
    define(node, try strided(node, one, view))
  }

  mutating func range(_ node: NodeID) throws(ExecutionError) {
    var bounds: [Operand] = []
    for index in 0..<3 { bounds.append(try operand(node, index)) }
    let type = bounds[0].elementType
    var numbers: [Double] = []
    for bound in bounds {
      guard
        let number = try cast(node, bound, to: .float64).constant?.elements(as: Double.self)?.first
      else {
        throw ExecutionError(.invalidOperands, "its bounds are not known")
      }
      numbers.append(number)
    }
    let (start, limit, delta) = (numbers[0], numbers[1], numbers[2])
    let count = delta == 0 ? 0 : max(((limit - start) / delta).rounded(.up), 0)
    guard count <= Double(1 << 31) else {
      throw ExecutionError(.invalidOperands, "a range of \(count) elements is too long")
    }
    let values = (0..<Int(count)).map { start + Double($0) * delta }
    define(node, try cast(node, known(Constant(values, shape: [values.count])), to: type))
  }

  mutating func dropout(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    guard DropoutView(node, in: graph)?.isInference ?? false else {
      throw ExecutionError(.unsupported, "runs only as in inference")
    }
    define(node, 0, data)
    guard graph.nodes[node].output(1) != nil else { return }
    let flags = Constant(Array(repeating: UInt8(1), count: data.count), shape: data.shape)
    let mask = Constant(elementType: .bool, shape: data.shape, storage: flags.storage)
    define(node, 1, known(mask))
  }

  mutating func storedConstant(_ node: NodeID) throws(ExecutionError) {
    guard let constant = ConstantView(node, in: graph)?.constant else {
      throw ExecutionError(.invalidOperands, "does not store exactly one tensor")
    }
    define(node, known(try constant.dense()))
  }
}
