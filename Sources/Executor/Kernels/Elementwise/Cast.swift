import IR

// Conversions between element types.

extension Planner {
  mutating func castNode(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    let target: ElementType
    if graph.nodes[node].op.kind == .castLike {
      target = try operand(node, 1).elementType
    } else {
      guard let stated = graph.elementTypeAttribute(node, "to") else {
        throw ExecutionError(.unsupported, "converts to a type that is not known")
      }
      target = stated
    }
    define(node, try cast(node, data, to: target))
  }

  /// The elements of `operand` as another type.
  mutating func cast(
    _ node: NodeID, _ operand: Operand, to target: ElementType
  ) throws(ExecutionError) -> Operand {
    guard operand.elementType != target else { return operand }
    let data = try plain(operand)
    let conversion = try Conversion(from: data.elementType, to: target)
    let count = data.count
    return try step(node, reads: [data], makes: [TensorInfo(target, data.shape)]) { buffers in
      { conversion.run(buffers, count: count) }
    }[0]
  }
}

/// Converts elements by way of the widest type of their kind.
struct Conversion {
  private let source: ElementType
  private let target: ElementType

  init(from source: ElementType, to target: ElementType) throws(ExecutionError) {
    for type in [source, target] where !Self.known.contains(type) {
      throw ExecutionError(.unsupported, "cannot convert \(source) to \(target)")
    }
    self.source = source
    self.target = target
  }

  private static let known: [ElementType] = [
    .float32, .float64, .float16, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .uint16,
    .uint32, .uint64, .bool,
  ]
  /// How many elements are converted at a time, such that they stay in the cache.
  private static let pieceCount = 1024

  /// Converts `count` elements of the first operand to the first result.
  func run(_ buffers: Buffers, count: Int) {
    switch (source, target) {
    case (.float16, .float32): convert(buffers, count) { (half: Float16) in Float(half) }
    case (.bfloat16, .float32):
      convert(buffers, count) { (brain: UInt16) in Float(bitPattern: UInt32(brain) << 16) }
    case (.float32, .float64): convert(buffers, count) { (single: Float) in Double(single) }
    case (.float64, .float32): convert(buffers, count) { (double: Double) in Float(double) }
    default:
      for start in stride(from: 0, to: count, by: Self.pieceCount) {
        let piece = Piece(
          buffers: buffers, start: start, count: min(Self.pieceCount, count - start), total: count)
        if source.isFloatingPoint {
          writeFloats(readFloats(piece), to: piece)
        } else {
          writeWholes(readWholes(piece), to: piece)
        }
      }
    }
  }

  private func convert<From: BitwiseCopyable, To: BitwiseCopyable>(
    _ buffers: Buffers, _ count: Int, _ function: (From) -> To
  ) {
    let first = buffers.read(0, as: From.self, count: count)
    let second = buffers.make(0, as: To.self, count: count)
    for index in 0..<count { second[index] = function(first[index]) }
  }

  /// Some of the elements.
  private struct Piece {
    let buffers: Buffers
    let start: Int
    let count: Int
    let total: Int

    func read<Element: BitwiseCopyable, Wide>(_ widen: (Element) -> Wide) -> [Wide] {
      let elements = buffers.read(0, as: Element.self, count: total)
      return (start..<start + count).map { widen(elements[$0]) }
    }

    func write<Element: BitwiseCopyable, Wide>(_ values: [Wide], _ narrow: (Wide) -> Element) {
      let elements = buffers.make(0, as: Element.self, count: total)
      for (index, value) in values.enumerated() { elements[start + index] = narrow(value) }
    }
  }

  private func readFloats(_ piece: Piece) -> [Double] {
    switch source {
    case .float32: piece.read { (each: Float) in Double(each) }
    case .float16: piece.read { (each: Float16) in Double(each) }
    case .bfloat16:
      piece.read { (each: UInt16) in Double(Float(bitPattern: UInt32(each) << 16)) }
    default: piece.read { (each: Double) in each }
    }
  }

  private func readWholes(_ piece: Piece) -> [Int64] {
    switch source {
    case .int8: piece.read { (each: Int8) in Int64(each) }
    case .int16: piece.read { (each: Int16) in Int64(each) }
    case .int32: piece.read { (each: Int32) in Int64(each) }
    case .uint8: piece.read { (each: UInt8) in Int64(each) }
    case .uint16: piece.read { (each: UInt16) in Int64(each) }
    case .uint32: piece.read { (each: UInt32) in Int64(each) }
    case .bool: piece.read { (each: UInt8) in each == 0 ? 0 : 1 }
    default: piece.read { (each: Int64) in each }
    }
  }

  private func writeFloats(
    _ elements: [Double], to piece: Piece
  ) {
    switch target {
    case .float32: piece.write(elements) { Float($0) }
    case .float64: piece.write(elements) { $0 }
    case .float16: piece.write(elements) { Float16($0) }
    case .bfloat16: piece.write(elements) { Float($0).roundedToBrain }
    case .bool: piece.write(elements) { UInt8($0 == 0 ? 0 : 1) }
    default: writeWholes(elements.map(\.truncatedWhole), to: piece)
    }
  }

  private func writeWholes(_ elements: [Int64], to piece: Piece) {
    let isUnsigned = source == .uint64
    func double(_ whole: Int64) -> Double {
      isUnsigned ? Double(UInt64(bitPattern: whole)) : Double(whole)
    }
    func float(_ whole: Int64) -> Float {
      isUnsigned ? Float(UInt64(bitPattern: whole)) : Float(whole)
    }
    switch target {
    case .int8: piece.write(elements) { Int8(truncatingIfNeeded: $0) }
    case .int16: piece.write(elements) { Int16(truncatingIfNeeded: $0) }
    case .int32: piece.write(elements) { Int32(truncatingIfNeeded: $0) }
    case .uint8: piece.write(elements) { UInt8(truncatingIfNeeded: $0) }
    case .uint16: piece.write(elements) { UInt16(truncatingIfNeeded: $0) }
    case .uint32: piece.write(elements) { UInt32(truncatingIfNeeded: $0) }
    case .bool: piece.write(elements) { UInt8($0 == 0 ? 0 : 1) }
    case .float32: piece.write(elements) { float($0) }
    case .float64: piece.write(elements) { double($0) }
    case .float16: piece.write(elements) { Float16(double($0)) }
    case .bfloat16: piece.write(elements) { float($0).roundedToBrain }
    default: piece.write(elements) { $0 }
    }
  }
}

extension Double {
  /// The whole number towards zero; for what none fits, what x86 makes of it.
  fileprivate var truncatedWhole: Int64 {
    guard isFinite else { return .min }
    if self >= 0x1p63 { return self < 0x1p64 ? Int64(bitPattern: UInt64(self)) : .min }
    return self >= -0x1p63 ? Int64(self) : .min
  }
}

extension Float {
  /// The nearest number of 16 bits with the same exponent, ties to even.
  var roundedToBrain: UInt16 {
    guard !isNaN else { return 0x7FC0 }
    let bits = bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}
