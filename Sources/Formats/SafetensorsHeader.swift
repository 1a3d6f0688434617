/// The element types of the safetensors format.
public enum SafetensorsType: String, CaseIterable, Hashable, Sendable {
  case bool = "BOOL"
  case float4 = "F4"
  case float6E2M3 = "F6_E2M3"
  case float6E3M2 = "F6_E3M2"
  case uint8 = "U8"
  case int8 = "I8"
  case float8E5M2 = "F8_E5M2"
  case float8E4M3 = "F8_E4M3"
  case float8E8M0 = "F8_E8M0"
  case float8E4M3FNUZ = "F8_E4M3FNUZ"
  case float8E5M2FNUZ = "F8_E5M2FNUZ"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case complex64 = "C64"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"

  /// Bits one element takes.
  public var bitWidth: Int {
    switch self {
    case .float4: 4
    case .float6E2M3, .float6E3M2: 6
    case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0, .float8E4M3FNUZ,
      .float8E5M2FNUZ:
      8
    case .int16, .uint16, .float16, .bfloat16: 16
    case .int32, .uint32, .float32: 32
    case .complex64, .float64, .int64, .uint64: 64
    }
  }

  /// The alignment that an element wants, by which writers order tensors.
  public var alignment: Int { self == .complex64 ? 4 : max(bitWidth / 8, 1) }
}

extension SafetensorsType {
  /// How elements of an ONNX type are stored, given its number in `TensorProto.DataType`.
  ///
  /// Types narrower than a byte, and those that few readers know, are stored as the bytes they
  /// take. Strings and complex128 cannot be stored.
  public init?(onnxType code: Int32) {
    let known: [SafetensorsType?] = [
      nil, .float32, .uint8, .int8, .uint16, .int16, .int32, .int64, nil, .bool, .float16, .float64,
      .uint32, .uint64, .complex64, nil, .bfloat16, .float8E4M3, .uint8, .float8E5M2, .uint8,
      .uint8, .uint8, .uint8, .float8E8M0, .uint8, .uint8,
    ]
    guard let index = Int(exactly: code), known.indices.contains(index), let type = known[index]
    else { return nil }
    self = type
  }
}

/// One tensor as the header of a safetensors file describes it.
public struct SafetensorsEntry: Hashable, Sendable {
  /// The key.
  public let name: String
  /// The type of an element.
  public let type: SafetensorsType
  /// The extents, outermost first.
  public let shape: [Int]
  /// The bytes, counted from the end of the header.
  public let range: Range<Int>

  /// Describes a tensor.
  public init(name: String, type: SafetensorsType, shape: [Int], range: Range<Int>) {
    self.name = name
    self.type = type
    self.shape = shape
    self.range = range
  }

  /// How many bytes the tensor takes, or nil if that cannot be counted.
  static func byteCount(_ type: SafetensorsType, _ shape: [Int]) -> Int? {
    // Where one extent is zero, the others may be as large as they please.
    if shape.contains(0) { return 0 }
    var bits = type.bitWidth
    for extent in shape {
      let (next, overflow) = bits.multipliedReportingOverflow(by: extent)
      guard !overflow else { return nil }
      bits = next
    }
    return bits % 8 == 0 ? bits / 8 : nil
  }
}

/// The header of a safetensors file: eight bytes of length, then JSON, then the tensors' bytes.
public struct SafetensorsHeader: Sendable {
  /// Text that goes with the tensors, in the order of the file.
  public let metadata: [(key: String, value: String)]
  /// The tensors, in the order of the file.
  public let entries: [SafetensorsEntry]
  /// Where the bytes of the tensors start in the file.
  public let dataOffset: Int

  /// Whether a file that begins with `bytes` is meant to be one, sound or not.
  public static func isLikely(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 8 else { return false }
    return unsafe bytes[8] == UInt8(ascii: "{") && headerLength(bytes) < 1 << 40
  }

  /// The text stored under `key`.
  public func metadata(_ key: String) -> String? { metadata.first { $0.key == key }?.value }

  static func headerLength(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    UInt64(littleEndian: unsafe bytes.loadUnaligned(as: UInt64.self))
  }
}
