internal import COneDNN
internal import Glibc
import IR

// Functions of two elements and more, whose operands broadcast.

extension Planner {
  mutating func binary(_ node: NodeID) throws(ExecutionError) {
    guard let kind = graph.nodes[node].op.kind else { return }
    let left = try operand(node, 0)
    let right = try legacyBroadcast(node, left, try operand(node, 1))
    if let (data, function) = affine(kind, left, right) {
      return define(node, try apply(function, to: data))
    }
    if let algorithm = Self.algorithm(kind), left.elementType == .float32,
      right.elementType == .float32, let result = try join(node, algorithm, left, right)
    {
      return define(result.chain, result.operand)
    }
    define(node, try plainBinary(node, kind, left, right))
  }

  private static func algorithm(_ kind: OperatorKind) -> dnnl_alg_kind_t? {
    switch kind {
    case .add: dnnl_binary_add
    case .sub: dnnl_binary_sub
    case .mul: dnnl_binary_mul
    case .div: dnnl_binary_div
    default: nil
    }
  }

  /// Arithmetic with one stored number as a function of the other operand.
  private func affine(
    _ kind: OperatorKind, _ left: Operand, _ right: Operand
  ) -> (data: Operand, function: Activation)? {
    func number(_ operand: Operand, beside data: Operand) -> Float? {
      guard data.elementType == .float32, data.constant == nil, data.count > 0,
        (1...6).contains(data.shape.count), operand.count == 1,
        operand.shape.count <= data.shape.count
      else { return nil }
      return operand.constant?.elements(as: Float.self)?.first
    }
    func linear(_ alpha: Float, _ beta: Float) -> Activation {
      Activation(algorithm: dnnl_eltwise_linear, alpha: alpha, beta: beta)
    }
    if let number = number(right, beside: left) {
      switch kind {
      case .add: return (left, linear(1, number))
      case .sub: return (left, linear(1, -number))
      case .mul: return (left, linear(number, 0))
      // Only a power of two has an inverse that rounds nothing.
      case .div where number.significand == 1 && number.isNormal:
        return (left, linear(1 / number, 0))
      default: return nil
      }
    }
    guard let number = number(left, beside: right) else { return nil }
    switch kind {
    case .add: return (right, linear(1, number))
    case .sub: return (right, linear(-1, number))
    case .mul: return (right, linear(number, 0))
    default: return nil
    }
  }

  /// Joins two tensors by a primitive, if one of them has the shape of the result.
  private mutating func join(
    _ node: NodeID, _ algorithm: dnnl_alg_kind_t, _ left: Operand, _ right: Operand
  ) throws(ExecutionError) -> (chain: FusedChain, operand: Operand)? {
    guard let shape = StridedView.commonShape([left.shape, right.shape]), !shape.isEmpty,
      shape.count <= 5, !shape.contains(0), left.constant == nil || right.constant == nil,
      left.shape == shape, right.shape.count == shape.count || right.info.layout == .plain
    else {
      let isCommutative = algorithm == dnnl_binary_add || algorithm == dnnl_binary_mul
      guard isCommutative, right.shape.count >= left.shape.count, left.shape != right.shape,
        StridedView.commonShape([left.shape, right.shape]) == right.shape
      else { return nil }
      return try join(node, algorithm, right, left)
    }
    let wide = Array(repeating: 1, count: shape.count - right.shape.count) + right.shape
    let second = wide == right.shape ? right : view(right, as: TensorInfo(.float32, wide))
    let first = wide == shape || Self.broadcastsFast(wide, to: left.info) ? left : try plain(left)
    let layout = try first.info.descriptor
    let other = wide == shape ? try arranged(second, as: layout) : second
    return try join(node, algorithm, first, other, layout)
  }

  /// Whether a primitive is fast at joining with what broadcasts: where axes were turned round, it is for
  /// channels last alone.
  private static func broadcastsFast(_ shape: [Int], to info: TensorInfo) -> Bool {
    guard let steps = info.strides else { return true }
    return steps.count > 2 && steps[1] == 1 && shape[2...].allSatisfy { $0 == 1 }
  }

  private mutating func join(
    _ node: NodeID, _ algorithm: dnnl_alg_kind_t, _ left: Operand, _ right: Operand,
    _ layout: MemoryDescriptor
  ) throws(ExecutionError) -> (chain: FusedChain, operand: Operand) {
    let chain = fusion(FusedChain(after: node), result: left.shape, allowsSum: false)
    let attributes = try PrimitiveAttributes(chain.operations)
    let otherLayout = try right.info.descriptor
    var (first, second, third) = (layout.raw, otherLayout.raw, layout.raw)
    var description = dnnl_binary_desc_t()
    try unsafe dnnl_binary_desc_init(&description, algorithm, &first, &second, &third)
      .check("join two tensors")
    let engine = unsafe Library.shared.engine
    let primitive = try unsafe Primitive("join two tensors") { made in
      unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
    }
    let result = try step(
      primitive,
      reads: [(DNNL_ARG_SRC_0, left, layout), (DNNL_ARG_SRC_1, right, otherLayout)],
      makes: left.info, layout)
    return (chain, result)
  }

  // MARK: Any type

  private mutating func plainBinary(
    _ node: NodeID, _ kind: OperatorKind, _ left: Operand, _ right: Operand
  ) throws(ExecutionError) -> Operand {
    let type = left.elementType
    switch kind {
    case .pow: return try power(node, left, right)
    case .and, .or, .xor:
      return try pairwise(node, left, right, UInt8.self, .bool) { first, second -> UInt8 in
        switch kind {
        case .and: first & second
        case .or: first | second
        default: first ^ second
        }
      }
    case .equal, .greater, .greaterOrEqual, .less, .lessOrEqual:
      return try compare(node, kind, left, right)
    default: break
    }
    guard left.elementType == right.elementType else {
      throw ExecutionError(
        .invalidOperands, "joins elements of types \(left.elementType) and \(right.elementType)")
    }
    if type.isFloatingPoint {
      let wide: ElementType = type == .float64 ? .float64 : .float32
      let (first, second) = (try cast(node, left, to: wide), try cast(node, right, to: wide))
      let result =
        wide == .float64
        ? try pairwise(node, first, second, wide, try arithmetic(node, kind, Double.self))
        : try pairwise(node, first, second, wide, try arithmetic(node, kind, Float.self))
      return try cast(node, result, to: type)
    }
    if type == .uint64 {
      return try pairwise(node, left, right, type, try wholeArithmetic(node, kind, UInt64.self))
    }
    let (first, second) = (try cast(node, left, to: .int64), try cast(node, right, to: .int64))
    let function = try wholeArithmetic(node, kind, Int64.self)
    return try cast(node, try pairwise(node, first, second, .int64, function), to: type)
  }

  private mutating func power(
    _ node: NodeID, _ left: Operand, _ right: Operand
  ) throws(ExecutionError) -> Operand {
    if left.elementType == .float32, right.constant?.elements(as: Float.self) == [2],
      right.shape.count <= left.shape.count
    {
      return try map(node, left, Float.self, .float32) { $0 * $0 }
    }
    let (base, exponent) = (try cast(node, left, to: .float64), try cast(node, right, to: .float64))
    let result = try pairwise(node, base, exponent, Double.self, .float64) { pow($0, $1) }
    return try cast(node, result, to: left.elementType)
  }

  private mutating func compare(
    _ node: NodeID, _ kind: OperatorKind, _ left: Operand, _ right: Operand
  ) throws(ExecutionError) -> Operand {
    if left.elementType.isFloatingPoint {
      if left.elementType == .float32, right.elementType == .float32 {
        return try pairwise(node, left, right, .bool, Self.comparison(kind, Float.self))
      }
      let (first, second) = (
        try cast(node, left, to: .float64), try cast(node, right, to: .float64)
      )
      return try pairwise(node, first, second, .bool, Self.comparison(kind, Double.self))
    }
    if left.elementType == .uint64 {
      return try pairwise(node, left, right, .bool, Self.comparison(kind, UInt64.self))
    }
    let (first, second) = (try cast(node, left, to: .int64), try cast(node, right, to: .int64))
    return try pairwise(node, first, second, .bool, Self.comparison(kind, Int64.self))
  }

  /// Sums, means and bounds of any number of operands.
  mutating func variadic(_ node: NodeID) throws(ExecutionError) {
    guard let kind = graph.nodes[node].op.kind else { return }
    var result = try operand(node, 0)
    let count = graph.nodes[node].inputs.count
    for index in 1..<max(count, 1) {
      result = try plainBinary(node, kind, result, try operand(node, index))
    }
    if kind == .mean { result = try scaled(node, result, by: 1 / Float(count)) }
    define(node, result)
  }

  mutating func choose(_ node: NodeID) throws(ExecutionError) {
    let condition = try plain(node, 0)
    let (first, second) = (try plain(node, 1), try plain(node, 2))
    guard condition.elementType == .bool, first.elementType == second.elementType else {
      throw ExecutionError(
        .invalidOperands, "chooses between \(first.elementType) and \(second.elementType)")
    }
    let result: Operand
    switch first.elementType.bitWidth {
    case 8: result = try choose(node, condition, first, second, UInt8.self)
    case 16: result = try choose(node, condition, first, second, UInt16.self)
    case 32: result = try choose(node, condition, first, second, UInt32.self)
    case 64: result = try choose(node, condition, first, second, UInt64.self)
    default:
      throw ExecutionError(.unsupported, "cannot choose elements of type \(first.elementType)")
    }
    define(node, result)
  }

  private mutating func choose<Word: BitwiseCopyable>(
    _ node: NodeID, _ condition: Operand, _ first: Operand, _ second: Operand, _ type: Word.Type
  ) throws(ExecutionError) -> Operand {
    let shape = try Self.commonShape([condition, first, second])
    let walk = StridedWalk([condition.shape, first.shape, second.shape], to: shape)
    let counts = (condition.count, first.count, second.count)
    let info = TensorInfo(first.elementType, shape)
    return try step(node, reads: [condition, first, second], makes: [info]) { buffers in
      let flags = buffers.read(0, as: UInt8.self, count: counts.0)
      let left = buffers.read(1, as: type, count: counts.1)
      let right = buffers.read(2, as: type, count: counts.2)
      let target = buffers.make(0, as: type, count: walk.count)
      return {
        Threads.share(walk.count) { range in
          walk.run(range) { place, starts, steps, count in
            let (start, other, flag) = (starts[1], starts[2], starts[0])
            let (step, otherStep, flagStep) = (steps[1], steps[2], steps[0])
            let row = target.part(from: place, count)
            for index in 0..<count {
              let takesFirst = flags[flag &+ index &* flagStep] != 0
              row[index] =
                takesFirst ? left[start &+ index &* step] : right[other &+ index &* otherStep]
            }
          }
        }
      }
    }[0]
  }

  /// Every element times `factor`.
  mutating func scaled(
    _ node: NodeID, _ operand: Operand, by factor: Float
  ) throws(ExecutionError) -> Operand {
    if operand.elementType == .float32 {
      return try map(node, operand, Float.self, .float32) { $0 * factor }
    }
    let wide = try cast(node, operand, to: .float64)
    let result = try map(node, wide, Double.self, .float64) { $0 * Double(factor) }
    return try cast(node, result, to: operand.elementType)
  }
}
