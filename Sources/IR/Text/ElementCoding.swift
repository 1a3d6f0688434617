/// Writes and reads single elements of one type, given and taken as bits.
///
/// A complex element is two components; all other types have one.
struct ElementCoding {
  /// The type of one component.
  let component: ElementType
  /// How many components an element has.
  let componentCount: Int

  /// Nil for strings, which have no fixed width.
  init?(_ type: ElementType) {
    switch type {
    case .string: return nil
    case .complex64: (component, componentCount) = (.float32, 2)
    case .complex128: (component, componentCount) = (.float64, 2)
    default: (component, componentCount) = (type, 1)
    }
  }

  /// Bits one component occupies in packed storage.
  var width: Int { component.bitWidth }

  /// The bits of component `index` of packed elements.
  ///
  /// Types of less than a byte start at the low bits of each byte.
  func bits(at index: Int, in bytes: UnsafeRawBufferPointer) -> UInt64 {
    switch width {
    case 64: unsafe bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
    case 32: unsafe UInt64(bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
    case 16: unsafe UInt64(bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
    case 8: unsafe UInt64(bytes[index])
    default:
      unsafe UInt64(bytes[index * width / 8]) >> UInt64(index * width % 8) & (1 << width - 1)
    }
  }

  /// Stores the bits of component `index` into zeroed or already packed elements.
  func store(_ bits: UInt64, at index: Int, in bytes: UnsafeMutableRawBufferPointer) {
    let offset = index * width / 8
    switch width {
    case 64: unsafe bytes.storeBytes(of: bits, toByteOffset: offset, as: UInt64.self)
    case 32:
      unsafe bytes.storeBytes(
        of: UInt32(truncatingIfNeeded: bits), toByteOffset: offset, as: UInt32.self)
    case 16:
      unsafe bytes.storeBytes(
        of: UInt16(truncatingIfNeeded: bits), toByteOffset: offset, as: UInt16.self)
    case 8: unsafe bytes[offset] = UInt8(truncatingIfNeeded: bits)
    default: unsafe bytes[offset] |= UInt8(truncatingIfNeeded: bits << UInt64(index * width % 8))
    }
  }

  /// The shortest text that reads back as `bits`, or nil if the type has no such element.
  func text(_ bits: UInt64) -> String? {
    switch component {
    case .bool: bits > 1 ? nil : bits == 1 ? "true" : "false"
    case .int2, .int4, .int8, .int16, .int32, .int64: "\(signed(bits))"
    case .uint2, .uint4, .uint8, .uint16, .uint32, .uint64: "\(bits)"
    case .float32: text(Float(bitPattern: UInt32(truncatingIfNeeded: bits)), bits)
    case .float64: text(Double(bitPattern: bits), bits)
    case .float16: text(Float16(bitPattern: UInt16(truncatingIfNeeded: bits)), bits)
    case .bfloat16: text(Float(bitPattern: UInt32(truncatingIfNeeded: bits << 16)), bits)
    default: hexadecimal(bits)
    }
  }

  /// The bits `token` stands for, or nil if it is not an element of this type.
  func bits(_ token: Token) -> UInt64? {
    switch (token, component) {
    case (.bits(let bits), _): width == 64 || bits >> UInt64(width) == 0 ? bits : nil
    case (.word("false"), .bool): 0
    case (.word("true"), .bool): 1
    case (.word("nan"), _): quietNaN
    case (.word("inf"), _): infinity(isNegative: false)
    case (.number("-inf"), _): infinity(isNegative: true)
    case (.number(let text), _): number(text)
    default: nil
    }
  }

  private func text(_ number: some BinaryFloatingPoint & CustomStringConvertible, _ bits: UInt64)
    -> String
  {
    guard number.isNaN else { return number.description }
    return bits == quietNaN ? "nan" : hexadecimal(bits)
  }

  private func hexadecimal(_ bits: UInt64) -> String {
    let digits = String(bits, radix: 16)
    return "#" + String(repeating: "0", count: max(0, (width + 3) / 4 - digits.count)) + digits
  }

  private func signed(_ bits: UInt64) -> Int64 {
    let unused = Int64(64 - width)
    return (Int64(bitPattern: bits) << unused) >> unused
  }

  private func number(_ text: String) -> UInt64? {
    switch component {
    case .int2, .int4, .int8, .int16, .int32, .int64:
      guard let number = Int64(text) else { return nil }
      let bits = UInt64(bitPattern: number) & (UInt64.max >> UInt64(64 - width))
      return signed(bits) == number ? bits : nil
    case .uint2, .uint4, .uint8, .uint16, .uint32, .uint64:
      guard let number = UInt64(text) else { return nil }
      return number <= UInt64.max >> UInt64(64 - width) ? number : nil
    case .float32: return finite(Float(text)).map { UInt64($0.bitPattern) }
    case .float64: return finite(Double(text)).map(\.bitPattern)
    case .float16: return finite(Float16(text)).map { UInt64($0.bitPattern) }
    case .bfloat16: return finite(Double(text)).flatMap(Self.bfloat16)
    default: return nil
    }
  }

  private func finite<Number: FloatingPoint>(_ number: Number?) -> Number? {
    number.flatMap { $0.isFinite ? $0 : nil }
  }

  /// Rounds once, to the nearest bfloat16, ties to even; nil if that is infinite.
  private static func bfloat16(_ number: Double) -> UInt64? {
    var single = Float(number)
    if Double(single) != number {
      // An odd last bit remembers that something was cut off, so the second rounding is right.
      if Double(single.magnitude) > number.magnitude {
        single = single.sign == .minus ? single.nextUp : single.nextDown
      }
      single = Float(bitPattern: single.bitPattern | 1)
    }
    let bits = UInt64(single.bitPattern)
    let rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    return rounded & 0x7F80 == 0x7F80 ? nil : rounded
  }

  private var quietNaN: UInt64? {
    switch component {
    case .float16: 0x7E00
    case .bfloat16: 0x7FC0
    case .float32: 0x7FC0_0000
    case .float64: 0x7FF8_0000_0000_0000
    default: nil
    }
  }

  private func infinity(isNegative: Bool) -> UInt64? {
    let exponent: UInt64? =
      switch component {
      case .float16: 0x7C00
      case .bfloat16: 0x7F80
      case .float32: 0x7F80_0000
      case .float64: 0x7FF0_0000_0000_0000
      default: nil
      }
    return exponent.map { isNegative ? $0 | 1 << UInt64(width - 1) : $0 }
  }
}
