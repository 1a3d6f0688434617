/// The type of one tensor element, numbered as ONNX's `TensorProto.DataType`.
public enum ElementType: Int32, CaseIterable, Hashable, Sendable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case complex64 = 14
  case complex128 = 15
  case bfloat16 = 16
  case float8E4M3FN = 17
  case float8E4M3FNUZ = 18
  case float8E5M2 = 19
  case float8E5M2FNUZ = 20
  case uint4 = 21
  case int4 = 22
  case float4E2M1 = 23
  case float8E8M0 = 24
  case uint2 = 25
  case int2 = 26

  /// Bits one element occupies in packed storage; 0 for strings, which have no fixed width.
  public var bitWidth: Int {
    switch self {
    case .string: 0
    case .uint2, .int2: 2
    case .uint4, .int4, .float4E2M1: 4
    case .uint8, .int8, .bool, .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2, .float8E5M2FNUZ,
      .float8E8M0:
      8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .float32, .int32, .uint32: 32
    case .float64, .int64, .uint64, .complex64: 64
    case .complex128: 128
    }
  }

  /// Bytes that `count` packed elements occupy, or nil if that overflows or has no fixed width.
  public func byteCount(of count: Int) -> Int? {
    guard bitWidth > 0, count >= 0 else { return nil }
    let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
    guard !overflow, bits <= Int.max - 7 else { return nil }
    return (bits + 7) / 8
  }

  /// Whether arithmetic on this type rounds.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64, .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2,
      .float8E5M2FNUZ, .float4E2M1, .float8E8M0:
      true
    default: false
    }
  }

  /// Whether this is a whole-number type of at least one byte.
  public var isInteger: Bool {
    switch self {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    default: false
    }
  }
}

extension ElementType: CustomStringConvertible {
  /// The short name used by the text form, such as `f32`.
  public var description: String {
    switch self {
    case .float32: "f32"
    case .uint8: "u8"
    case .int8: "i8"
    case .uint16: "u16"
    case .int16: "i16"
    case .int32: "i32"
    case .int64: "i64"
    case .string: "string"
    case .bool: "bool"
    case .float16: "f16"
    case .float64: "f64"
    case .uint32: "u32"
    case .uint64: "u64"
    case .complex64: "c64"
    case .complex128: "c128"
    case .bfloat16: "bf16"
    case .float8E4M3FN: "f8e4m3fn"
    case .float8E4M3FNUZ: "f8e4m3fnuz"
    case .float8E5M2: "f8e5m2"
    case .float8E5M2FNUZ: "f8e5m2fnuz"
    case .uint4: "u4"
    case .int4: "i4"
    case .float4E2M1: "f4e2m1"
    case .float8E8M0: "f8e8m0"
    case .uint2: "u2"
    case .int2: "i2"
    }
  }

  /// Finds the type that the text form calls `name`.
  public init?(textName name: String) {
    guard let match = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = match
  }
}
