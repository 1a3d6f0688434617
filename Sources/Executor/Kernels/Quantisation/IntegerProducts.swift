import IR

// Products of small whole numbers, whose sums are exact.
//
// oneDNN's products of bytes saturate on processors without VNNI, so they are not used. Instead elements less
// their zero points are multiplied in single precision where the stored weights prove that no sum can reach
// 2^24, up to which floats hold every whole number, whatever the order of addition; else in 32 bits.

extension Planner {
  mutating func matMulInteger(_ node: NodeID) throws(ExecutionError) {
    let (left, right) = (try plain(node, 0), try plain(node, 1))
    let (leftZero, rightZero) = (try optional(node, 2), try optional(node, 3))
    define(
      node, try integerProduct(node, (left, try rows(leftZero, left)), (right, rightZero)))
  }

  /// A number for each row, if there are several, as a column.
  private mutating func rows(
    _ operand: Operand?, _ left: Operand
  ) throws(ExecutionError) -> Operand? {
    guard let operand, operand.shape.count == 1, operand.count > 1 else { return operand }
    return view(
      try plain(operand), as: TensorInfo(operand.elementType, [operand.count, 1]))
  }

  mutating func qLinearMatMul(_ node: NodeID) throws(ExecutionError) {
    let (left, right) = (try plain(node, 0), try plain(node, 3))
    let leftZero = try rows(try operand(node, 2), left)
    let sums = try integerProduct(node, (left, leftZero), (right, try operand(node, 5)))
    let leftScale = try rows(try operand(node, 1), left) ?? left
    let scale = try multiplier(node, leftScale, try operand(node, 4), try operand(node, 6))
    define(node, try requantized(node, sums, scale, try operand(node, 7)))
  }

  /// The product of two matrices less their zero points, in 32 bits.
  private mutating func integerProduct(
    _ node: NodeID, _ left: (data: Operand, zero: Operand?),
    _ right: (data: Operand, zero: Operand?)
  ) throws(ExecutionError) -> Operand {
    let form = try MatrixForm(left: left.data.shape, right: right.data.shape)
    let info = try checked(.int32, form.result)
    guard info.count > 0, form.depth > 0 else { return try zeros(node, info) }
    let weights = try centred(node, right.data, right.zero, Float.self, .float32)
    let lines = weights.constant?.columnSums(depth: form.depth, columns: form.columns)
    let bound = ExactSums(left.data, left.zero)
    if bound.areExact(lines, depth: form.depth, weightBound: 255) {
      let source = try centred(node, left.data, left.zero, Float.self, .float32)
      let chain = FusedChain(after: node)
      return try whole(node, try product(form, source, weights, nil, chain, leading: []))
    }
    let source = try centred(node, left.data, left.zero, Int32.self, .int32)
    let factors = try centred(node, right.data, right.zero, Int32.self, .int32)
    return try integerProduct(node, source, factors, form)
  }

  private mutating func integerProduct(
    _ node: NodeID, _ left: Operand, _ right: Operand, _ form: MatrixForm
  ) throws(ExecutionError) -> Operand {
    let (batches, rows, depth, columns) = (form.batches, form.rows, form.depth, form.columns)
    let counts = (left.count, right.count, form.result.product)
    let info = TensorInfo(.int32, form.result)
    return try step(node, reads: [left, right], makes: [info]) { buffers in
      let first = buffers.read(0, as: Int32.self, count: counts.0)
      let second = buffers.read(1, as: Int32.self, count: counts.1)
      let result = buffers.make(0, as: Int32.self, count: counts.2)
      return {
        result.fill(0)
        for (number, batch) in batches.enumerated() {
          for row in 0..<rows {
            let place = (number * rows + row) * columns
            for step in 0..<depth {
              let factor = first[batch.left + row * depth + step]
              let start = batch.right + step * columns
              for column in 0..<columns {
                result[place + column] &+= factor &* second[start + column]
              }
            }
          }
        }
      }
    }[0]
  }

  // MARK: Steps on the way

  /// Elements of bytes less their zero point.
  mutating func centred<Wide: SignedNumeric & BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ zero: Operand?, _ type: Wide.Type, _ elementType: ElementType
  ) throws(ExecutionError) -> Operand {
    guard zero.map({ $0.elementType == data.elementType }) ?? true else {
      throw ExecutionError(
        .invalidOperands, "its zero point is not of type \(data.elementType)")
    }
    switch data.elementType {
    case .int8: return try centred(node, data, zero, Int8.self, type, elementType)
    case .uint8: return try centred(node, data, zero, UInt8.self, type, elementType)
    default:
      throw ExecutionError(.unsupported, "has no kernel for elements of type \(data.elementType)")
    }
  }

  private mutating func centred<
    Byte: FixedWidthInteger & BitwiseCopyable, Wide: SignedNumeric & BitwiseCopyable
  >(
    _ node: NodeID, _ data: Operand, _ zero: Operand?, _ byte: Byte.Type, _ type: Wide.Type,
    _ elementType: ElementType
  ) throws(ExecutionError) -> Operand {
    // Every difference of two bytes has its place here.
    let table = (-255...255).map { Wide(exactly: $0) ?? 0 }
    guard let zero else {
      return try map(node, data, byte, elementType) { table[Int($0) + 255] }
    }
    let result = try pairwise(node, data, zero, byte, elementType) {
      table[Int($0) - Int($1) + 255]
    }
    guard result.shape == data.shape else {
      throw ExecutionError(
        .invalidOperands,
        "a zero point of shape \(zero.shape) does not fit data of shape \(data.shape)")
    }
    return result
  }

  /// Whole numbers that are held as floats.
  mutating func whole(_ node: NodeID, _ data: Operand) throws(ExecutionError) -> Operand {
    try map(node, data, Float.self, .int32) { Int32(exactly: $0) ?? 0 }
  }

  /// What sums of products are multiplied by to have the result's scale.
  mutating func multiplier(
    _ node: NodeID, _ left: Operand, _ right: Operand, _ result: Operand
  ) throws(ExecutionError) -> Operand {
    let factors = [
      try cast(node, left, to: .float32), try cast(node, right, to: .float32),
      try cast(node, result, to: .float32),
    ]
    let product = try pairwise(node, factors[0], factors[1], Float.self, .float32) { $0 * $1 }
    return try pairwise(node, product, factors[2], Float.self, .float32) { $0 / $1 }
  }

  /// Sums in 32 bits as quantised elements.
  mutating func requantized(
    _ node: NodeID, _ sums: Operand, _ scale: Operand, _ zero: Operand
  ) throws(ExecutionError) -> Operand {
    let floats = try map(node, sums, Int32.self, .float32) { Float($0) }
    let scaled = try pairwise(node, floats, scale, Float.self, .float32) { $0 * $1 }
    guard scaled.shape == sums.shape, zero.count == 1 else {
      throw ExecutionError(
        .invalidOperands, "its scales do not fit a result of shape \(sums.shape)")
    }
    let origin = view(
      try cast(node, try plain(zero), to: .float32), as: TensorInfo(.float32, []))
    switch zero.elementType {
    case .int8:
      return try pairwise(node, scaled, origin, Float.self, .int8) { Int8(rounding: $0, plus: $1) }
    case .uint8:
      return try pairwise(node, scaled, origin, Float.self, .uint8) {
        UInt8(rounding: $0, plus: $1)
      }
    default:
      throw ExecutionError(.unsupported, "has no kernel for results of type \(zero.elementType)")
    }
  }
}

/// Tells whether sums of products fit into the whole numbers that single precision holds.
struct ExactSums {
  /// The largest magnitude of an element less its zero point.
  let bound: Float
  private static let limit: Float = 0x1p24

  init(_ data: Operand, _ zero: Operand?) {
    let range: ClosedRange<Int64> = data.elementType == .int8 ? -128...127 : 0...255
    let origins = zero.map { $0.constant?.smallIntegers } ?? [0]
    guard let origins else {
      bound = 255
      return
    }
    bound = Float(
      origins.map { max(range.upperBound - $0, $0 - range.lowerBound) }.max() ?? 255)
  }

  /// Whether no sum can be too large, given the sums of magnitudes of the weights if they are known.
  func areExact(_ sums: [Float]?, depth: Int, weightBound: Float) -> Bool {
    if let sums { return sums.allSatisfy { $0 * bound < Self.limit } }
    return depth < 1 << 24 && Float(depth) * weightBound * bound < Self.limit
  }
}

extension Constant {
  /// The elements of a tensor of bytes.
  fileprivate var smallIntegers: [Int64]? {
    guard count <= 1 << 16, let bytes else { return nil }
    switch elementType {
    case .int8: return bytes.map { Int64(Int8(bitPattern: $0)) }
    case .uint8: return bytes.map(Int64.init)
    default: return nil
    }
  }

  /// The sums of magnitudes down the columns of all matrices, of `depth` rows.
  func columnSums(depth: Int, columns: Int) -> [Float]? {
    guard let elements = elements(as: Float.self), depth > 0, columns > 0 else { return nil }
    var sums = Array(repeating: Float(0), count: elements.count / depth)
    for (place, element) in elements.enumerated() {
      sums[place / (depth * columns) * columns + place % columns] += abs(element)
    }
    return sums
  }

  /// The sums of magnitudes of all filters.
  func filterSums() -> [Float]? {
    guard let elements = elements(as: Float.self), let filters = shape.first, filters > 0 else {
      return nil
    }
    var sums = Array(repeating: Float(0), count: filters)
    let size = elements.count / filters
    for (place, element) in elements.enumerated() { sums[place / size] += abs(element) }
    return sums
  }
}
