extension Constant {
  /// The elements in single precision, or nil if they are no floats of at most 64 bits.
  ///
  /// What was stored in half precision is the same number there; double precision is rounded.
  public var inSinglePrecision: Constant? {
    switch elementType {
    case .float32: self
    case .float16: converted { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
    case .bfloat16: converted { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .float64: converted { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    default: nil
    }
  }

  @inline(__always)
  private func converted<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ number: (Bits) -> Float
  ) -> Constant? {
    guard let payload else { return nil }
    let size = MemoryLayout<Bits>.size
    return unsafe payload.withBytes { source in
      unsafe Constant(count: count, shape: shape) { (target: UnsafeMutableBufferPointer<Float>) in
        for index in target.indices {
          // Lent bytes need not be aligned.
          let bits = unsafe source.loadUnaligned(fromByteOffset: index * size, as: Bits.self)
          unsafe target[index] = number(Bits(littleEndian: bits))
        }
      }
    }
  }
}
