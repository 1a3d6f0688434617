internal import COneDNN
import IR

// Products of matrices: those of single precision by oneDNN, others one element at a time.

extension Planner {
  mutating func matMul(_ node: NodeID) throws(ExecutionError) {
    let left = try factor(try operand(node, 0))
    let right = try factor(try operand(node, 1))
    let form = try MatrixForm(
      left: left.shape, right: right.shape, leftStrides: left.info.strides,
      rightStrides: right.info.strides)
    guard left.elementType == .float32, right.elementType == .float32 else {
      return define(node, try wholeProduct(node, left, right, form))
    }
    guard form.result.product > 0, form.depth > 0 else {
      return define(node, try zeros(node, TensorInfo(.float32, form.result)))
    }
    var chain = FusedChain(after: node)
    let bias = try takeBias(&chain, width: form.columns)
    chain = fusion(chain, result: form.result)
    define(chain, try product(form, left, right, bias, chain, leading: []))
  }

  /// An operand whose matrices can be read as they lie: row by row or column by column.
  private mutating func factor(_ operand: Operand) throws(ExecutionError) -> Operand {
    guard let steps = operand.info.strides, operand.elementType == .float32, steps.count > 1,
      steps.suffix(2).contains(1)
    else { return try plain(operand) }
    return operand
  }

  mutating func gemm(_ node: NodeID) throws(ExecutionError) {
    let type = try operand(node, 0).elementType
    var parts = try plainOperands(of: node)
    if type.isHalf { parts = try singles(node, parts) }
    guard let view = GemmView(node, in: graph), parts.count >= 2, let left = parts[0],
      let right = parts[1]
    else {
      throw ExecutionError(.invalidOperands, "its attributes do not describe a product")
    }
    let form = try MatrixForm(
      left: left.shape, right: right.shape, transposesLeft: view.transA,
      transposesRight: view.transB)
    try requireFloat(parts.compactMap { $0 })
    guard form.result.product > 0, form.depth > 0 else {
      throw ExecutionError(.unsupported, "cannot multiply empty matrices")
    }
    var addend = parts.count > 2 ? parts[2] : nil
    if view.beta != 1 {
      addend = try addend.map { each throws(ExecutionError) in
        try scaled(node, each, by: view.beta)
      }
    }
    let (chain, result) = try gemm(
      node, form, left, right, addend, alpha: view.alpha, fuses: !type.isHalf)
    define(chain, try cast(node, result, to: type))
  }

  private mutating func gemm(
    _ node: NodeID, _ form: MatrixForm, _ left: Operand, _ right: Operand, _ addend: Operand?,
    alpha: Float, fuses: Bool
  ) throws(ExecutionError) -> (FusedChain, Operand) {
    var leading: [PostOperation] = []
    if alpha != 1 {
      leading.append(.activation(Activation(algorithm: dnnl_eltwise_linear, alpha: alpha)))
    }
    let alone = FusedChain(after: node)
    guard let addend else {
      let chain = fuses ? fusion(alone, result: form.result) : alone
      return (chain, try product(form, left, right, nil, chain, leading: leading))
    }
    guard StridedView(contiguous: addend.shape).broadcast(to: form.result) != nil else {
      throw ExecutionError(
        .invalidOperands, "cannot add \(addend.shape) to a product of shape \(form.result)")
    }
    let isRow = addend.count == form.columns && (addend.shape.last ?? 1) == form.columns
    if isRow, alpha == 1 {
      let chain = fuses ? fusion(alone, result: form.result) : alone
      return (chain, try product(form, left, right, addend, chain, leading: []))
    }
    let shape = Array(repeating: 1, count: 2 - addend.shape.count) + addend.shape
    leading.append(.binary(dnnl_binary_add, try MemoryDescriptor(plain: .float32, shape)))
    let result = try product(form, left, right, nil, alone, leading: leading, joining: addend)
    return (alone, result)
  }

  /// Takes up an addition of stored numbers, one for each column.
  private mutating func takeBias(
    _ chain: inout FusedChain, width: Int
  ) throws(ExecutionError) -> Operand? {
    guard let value = graph.nodes[chain.last].output(0), let reader = graph.soleReader(of: value),
      graph.nodes[reader.node].op.kind == .add, graph.nodes[reader.node].attributes.isEmpty,
      let other = graph.nodes[reader.node].input(1 - reader.input),
      let bias = graph.constant(other),
      bias.shape == [width], bias.elementType == .float32
    else { return nil }
    chain.pass(reader.node)
    return try operand(other)
  }

  mutating func product(
    _ form: MatrixForm, _ left: Operand, _ right: Operand, _ bias: Operand?, _ chain: FusedChain,
    leading: [PostOperation], joining operand: Operand? = nil
  ) throws(ExecutionError) -> Operand {
    let primitive = try form.primitive(
      packs: right.constant != nil, hasBias: bias != nil, leading + chain.operations)
    let weights = primitive.layout(dnnl_query_weights_md)
    let factor =
      right.constant != nil
      ? try arranged(right, shape: form.rightShape, strides: form.rightStrides, as: weights) : right
    var reads = [
      (DNNL_ARG_SRC_0, left, primitive.layout(dnnl_query_src_md)),
      (DNNL_ARG_WEIGHTS_0, factor, weights),
    ]
    if let bias {
      let shape = Array(repeating: 1, count: form.target.count - 1) + [form.columns]
      reads.append((DNNL_ARG_BIAS, try plain(bias), try MemoryDescriptor(plain: .float32, shape)))
    }
    if let operand {
      let shape = Array(repeating: 1, count: 2 - operand.shape.count) + operand.shape
      let role = DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * Int32(leading.count) | DNNL_ARG_SRC_1
      reads.append((role, operand, try MemoryDescriptor(plain: .float32, shape)))
    }
    let addend = try chain.addend.map { addend throws(ExecutionError) in
      try plainAccumulator(addend, chain)
    }
    return try step(
      primitive, reads: reads, makes: TensorInfo(.float32, form.result),
      primitive.layout(dnnl_query_dst_md), over: addend)
  }

  private mutating func plainAccumulator(
    _ operand: Operand, _ chain: FusedChain
  ) throws(ExecutionError) -> Operand {
    let layout = try MemoryDescriptor(plain: operand.elementType, operand.shape)
    let isInPlace = operand.info.layout == .plain && isLastReader(chain.sum ?? current, of: operand)
    return try isInPlace ? operand : copied(operand, as: layout)
  }

  /// A product of whole numbers, or of floats of another precision than single.
  private mutating func wholeProduct(
    _ node: NodeID, _ left: Operand, _ right: Operand, _ form: MatrixForm
  ) throws(ExecutionError) -> Operand {
    guard left.elementType == right.elementType else {
      throw ExecutionError(
        .invalidOperands, "multiplies \(left.elementType) by \(right.elementType)")
    }
    let info = TensorInfo(left.elementType, form.result)
    switch left.elementType {
    case .float64: return try naive(node, left, right, info, form, Double.self) { $0 + $1 * $2 }
    case .int32: return try naive(node, left, right, info, form, Int32.self) { $0 &+ $1 &* $2 }
    case .int64: return try naive(node, left, right, info, form, Int64.self) { $0 &+ $1 &* $2 }
    case .uint32: return try naive(node, left, right, info, form, UInt32.self) { $0 &+ $1 &* $2 }
    case .uint64: return try naive(node, left, right, info, form, UInt64.self) { $0 &+ $1 &* $2 }
    default: return try inSinglePrecision(node, left, right, form)
    }
  }

  /// Half precision, by way of single.
  private mutating func inSinglePrecision(
    _ node: NodeID, _ left: Operand, _ right: Operand, _ form: MatrixForm
  ) throws(ExecutionError) -> Operand {
    guard left.elementType == .float16 || left.elementType == .bfloat16 else {
      throw ExecutionError(.unsupported, "has no product of elements of type \(left.elementType)")
    }
    let (first, second) = (try cast(node, left, to: .float32), try cast(node, right, to: .float32))
    let result = try naive(
      node, first, second, TensorInfo(.float32, form.result), form, Float.self
    ) { $0 + $1 * $2 }
    return try cast(node, result, to: left.elementType)
  }

  private mutating func naive<Element: BitwiseCopyable & ExpressibleByIntegerLiteral>(
    _ node: NodeID, _ left: Operand, _ right: Operand, _ info: TensorInfo, _ form: MatrixForm,
    _ type: Element.Type, _ add: @escaping (Element, Element, Element) -> Element
  ) throws(ExecutionError) -> Operand {
    let batches = form.batches
    let (rows, depth, columns) = (form.rows, form.depth, form.columns)
    let counts = (left.count, right.count, info.count)
    return try step(node, reads: [left, right], makes: [info]) { buffers in
      let first = buffers.read(0, as: type, count: counts.0)
      let second = buffers.read(1, as: type, count: counts.1)
      let result = buffers.make(0, as: type, count: counts.2)
      return {
        for (number, batch) in batches.enumerated() {
          for row in 0..<rows {
            for column in 0..<columns {
              var sum: Element = 0
              for step in 0..<depth {
                sum = add(
                  sum, first[batch.left + row * depth + step],
                  second[batch.right + step * columns + column])
              }
              result[(number * rows + row) * columns + column] = sum
            }
          }
        }
      }
    }[0]
  }
}

/// A product of matrices of certain shapes, of which the leading axes broadcast.
struct MatrixForm {
  let rows: Int
  let depth: Int
  let columns: Int
  /// The shape of the result as ONNX has it.
  let result: [Int]
  /// Both factors and the result as oneDNN sees them, of equal rank.
  let leftShape: [Int]
  let leftStrides: [Int]
  let rightShape: [Int]
  let rightStrides: [Int]
  let target: [Int]
  /// Where the matrices of each product start.
  let batches: [(left: Int, right: Int)]

  init(
    left: [Int], right: [Int], transposesLeft: Bool = false, transposesRight: Bool = false,
    leftStrides steps: [Int]? = nil, rightStrides otherSteps: [Int]? = nil
  ) throws(ExecutionError) {
    guard !left.isEmpty, !right.isEmpty else {
      throw ExecutionError(.invalidOperands, "multiplies a scalar")
    }
    let first = left.count == 1 ? [1] + left : left
    let second = right.count == 1 ? right + [1] : right
    let (outer, otherOuter) = (Array(first.dropLast(2)), Array(second.dropLast(2)))
    let (a, b) = (Array(first.suffix(2)), Array(second.suffix(2)))
    let (m, k) = transposesLeft ? (a[1], a[0]) : (a[0], a[1])
    let (l, n) = transposesRight ? (b[1], b[0]) : (b[0], b[1])
    guard k == l, let batch = StridedView.commonShape([outer, otherOuter]) else {
      throw ExecutionError(
        .invalidOperands, "cannot multiply matrices of shapes \(left) and \(right)")
    }
    (rows, depth, columns) = (m, k, n)
    result = batch + (left.count == 1 ? [] : [m]) + (right.count == 1 ? [] : [n])
    batches = Self.starts(batch, outer, otherOuter, a.product, b.product)
    let isPlain = steps.map { $0 == StridedView.rowMajor(left) } ?? true
    if second.count == 2, !transposesLeft, isPlain {
      // One matrix for all: the leading axes of the other are rows as well.
      let count = outer.product * m
      (leftShape, leftStrides, target) = ([count, k], [k, 1], [count, n])
      rightShape = [k, n]
      rightStrides = otherSteps ?? (transposesRight ? [1, k] : [n, 1])
      return
    }
    let rank = batch.count
    let (wide, otherWide) = (Self.padded(outer, rank), Self.padded(otherOuter, rank))
    leftShape = wide + [m, k]
    rightShape = otherWide + [k, n]
    target = batch + [m, n]
    leftStrides =
      steps.map { Self.padded($0, left.count == 1 ? rank + 1 : rank + 2, with: a.product) }
      ?? Self.strides(wide, a, isTransposed: transposesLeft)
    rightStrides =
      otherSteps.map { Self.padded($0, rank + 2, with: b.product) }
      ?? Self.strides(otherWide, b, isTransposed: transposesRight)
  }

  private static func padded(_ shape: [Int], _ rank: Int, with extent: Int = 1) -> [Int] {
    Array(repeating: extent, count: rank - shape.count) + shape
  }

  private static func strides(_ outer: [Int], _ matrix: [Int], isTransposed: Bool) -> [Int] {
    let steps = StridedView.rowMajor(outer + matrix)
    let inner = Array(steps.suffix(2))
    return steps.dropLast(2) + (isTransposed ? inner.reversed() : inner)
  }

  private static func starts(
    _ batch: [Int], _ outer: [Int], _ otherOuter: [Int], _ size: Int, _ otherSize: Int
  ) -> [(left: Int, right: Int)] {
    guard let left = StridedView(contiguous: outer).broadcast(to: batch),
      let right = StridedView(contiguous: otherOuter).broadcast(to: batch)
    else { return [] }
    return zip(left.positions, right.positions).map { ($0 * size, $1 * otherSize) }
  }

  func primitive(
    packs: Bool, hasBias: Bool, _ operations: [PostOperation]
  ) throws(ExecutionError) -> Primitive {
    let attributes = try PrimitiveAttributes(operations)
    var source = try MemoryDescriptor(.float32, leftShape, strides: leftStrides).raw
    var weights =
      packs
      ? try MemoryDescriptor(any: .float32, rightShape).raw
      : try MemoryDescriptor(.float32, rightShape, strides: rightStrides).raw
    let row = Array(repeating: 1, count: target.count - 1) + [columns]
    var bias = try hasBias ? MemoryDescriptor(plain: .float32, row).raw : dnnl_memory_desc_t()
    var result = try MemoryDescriptor(plain: .float32, target).raw
    var description = dnnl_matmul_desc_t()
    try unsafe dnnl_matmul_desc_init(&description, &source, &weights, &bias, &result)
      .check("multiply matrices")
    let engine = unsafe Library.shared.engine
    return try unsafe Primitive("multiply matrices") { made in
      unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
    }
  }
}
