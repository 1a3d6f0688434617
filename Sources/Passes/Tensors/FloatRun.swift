internal import IR

/// How one element of a floating-point type is decoded.
enum FloatDecoder {
  case float16, bfloat16, float32, float64

  /// Nil for a type that dearc does not compute with.
  init?(_ type: ElementType) {
    switch type {
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .float32: self = .float32
    case .float64: self = .float64
    default: return nil
    }
  }

  /// The bytes of one element.
  var byteCount: Int {
    switch self {
    case .float16, .bfloat16: 2
    case .float32: 4
    case .float64: 8
    }
  }
}

/// Consecutive floats in lent, possibly unaligned memory, in double precision.
@safe
struct FloatRun: Sequence, IteratorProtocol {
  private let bytes: UnsafeRawBufferPointer
  private let decoder: FloatDecoder
  private var position: Int
  private let end: Int

  /// The `count` elements of `bytes` from number `start` on.
  init(_ bytes: UnsafeRawBufferPointer, _ decoder: FloatDecoder, start: Int, count: Int) {
    unsafe self.bytes = bytes
    self.decoder = decoder
    position = start * decoder.byteCount
    end = position + count * decoder.byteCount
  }

  mutating func next() -> Double? {
    guard position < end else { return nil }
    defer { position += decoder.byteCount }
    switch decoder {
    case .float16: return Double(Float16(bitPattern: load()))
    case .bfloat16: return Double(Float(bitPattern: UInt32(load() as UInt16) << 16))
    case .float32: return Double(Float(bitPattern: load()))
    case .float64: return Double(bitPattern: load())
    }
  }

  private func load<Bits: FixedWidthInteger & BitwiseCopyable>() -> Bits {
    unsafe bytes.loadUnaligned(fromByteOffset: position, as: Bits.self)
  }
}
