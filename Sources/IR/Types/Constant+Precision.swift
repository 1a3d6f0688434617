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

  /// The elements of a tensor in single precision rounded to `type`, float16 or bfloat16; else nil.
  ///
  /// Each becomes the nearest number, of two equally near ones the even one, and infinite if it is
  /// too large.
  public func inHalfPrecision(_ type: ElementType) -> Constant? {
    guard elementType == .float32 else { return nil }
    return switch type {
    case .float16: narrowed(type) { Float16($0).bitPattern }
    case .bfloat16: narrowed(type) { $0.brainFloatBits }
    default: nil
    }
  }

  @inline(__always)
  private func narrowed(_ type: ElementType, _ bits: (Float) -> UInt16) -> Constant? {
    guard let payload else { return nil }
    let owner = unsafe OwnedBytes(count: count * 2) { target in
      unsafe payload.withBytes { source in
        for index in 0..<count {
          // Lent bytes need not be aligned.
          let word = unsafe source.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
          let rounded = bits(Float(bitPattern: UInt32(littleEndian: word))).littleEndian
          unsafe target.storeBytes(of: rounded, toByteOffset: index * 2, as: UInt16.self)
        }
      }
    }
    return Constant(elementType: type, shape: shape, storage: .dense(owner.payload))
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

extension Float {
  /// The bits of the bfloat16 nearest to the number, of two equally near ones the even one.
  public var brainFloatBits: UInt16 {
    guard !isNaN else { return 0x7fc0 }
    return UInt16(truncatingIfNeeded: (bitPattern + 0x7fff + (bitPattern >> 16 & 1)) >> 16)
  }
}
