import COnnx
import Formats
import IR

/// The fields of TensorProto that may hold elements.
enum ElementField: UInt32 {
  case floats = 4
  case int32s = 5
  case strings = 6
  case int64s = 7
  case raw = 9
  case doubles = 10
  case uint64s = 11

  /// The name in the schema.
  var name: String {
    switch self {
    case .floats: "float_data"
    case .int32s: "int32_data"
    case .strings: "string_data"
    case .int64s: "int64_data"
    case .raw: "raw_data"
    case .doubles: "double_data"
    case .uint64s: "uint64_data"
    }
  }

  /// Whether packed elements look in the file just as they do in memory.
  var isFixedWidth: Bool { self == .floats || self == .doubles || self == .raw }
}

extension ElementType {
  /// The field other than raw_data that holds elements of this type.
  var typedField: ElementField? {
    switch self {
    case .float32, .complex64: .floats
    case .float64, .complex128: .doubles
    case .int64: .int64s
    case .uint32, .uint64: .uint64s
    case .string: .strings
    default: .int32s
    }
  }
}

/// Which fields of a tensor hold elements.
struct ElementFields {
  let all: [ElementField]

  init(_ message: UnsafeMutablePointer<Onnx__TensorProto>) {
    let tensor = unsafe message.pointee
    let counts: [(ElementField, Int)] = unsafe [
      (.floats, tensor.n_float_data), (.int32s, tensor.n_int32_data),
      (.strings, tensor.n_string_data), (.int64s, tensor.n_int64_data),
      (.raw, tensor.has_raw_data != 0 ? 1 : 0), (.doubles, tensor.n_double_data),
      (.uint64s, tensor.n_uint64_data),
    ]
    var fields = counts.filter { $0.1 > 0 }.map(\.0)
    if unsafe tensor.has_payload_field != 0 {
      let lent = unsafe ElementField(rawValue: tensor.payload_field)
      // An empty run, as in an empty tensor, says nothing.
      if let lent, unsafe tensor.payload_length > 0 || lent == .raw { fields.append(lent) }
    }
    all = fields
  }
}

/// Elements stored as numbers that must be narrowed, or that are spread over the file.
@safe
struct TypedElements {
  let message: UnsafeMutablePointer<Onnx__TensorProto>
  /// The packed run, if there is just one.
  let run: Payload?
  let field: ElementField

  init(
    message: UnsafeMutablePointer<Onnx__TensorProto>, run: Payload?, field: ElementField
  ) {
    unsafe self.message = message
    self.run = run
    self.field = field
  }

  /// Packs the elements as raw_data would hold them.
  ///
  /// - Parameters:
  ///   - type: The type of an element.
  ///   - count: How many elements the shape takes.
  ///   - byteCount: How many bytes they take.
  /// - Returns: the packed elements.
  /// - Throws: `ImportError` if their number or range does not fit.
  func decode(
    as type: ElementType, count: Int, byteCount: Int
  ) throws(ImportError) -> Payload {
    switch field {
    case .floats:
      return unsafe try copy(message.pointee.float_data, message.pointee.n_float_data, byteCount)
    case .doubles:
      return unsafe try copy(message.pointee.double_data, message.pointee.n_double_data, byteCount)
    default:
      // Types narrower than a byte are stored as the bytes they are packed into.
      let expected = type.bitWidth < 8 ? byteCount : count
      return try narrow(try readNumbers(atMost: expected), to: type, expected, byteCount)
    }
  }

  private func copy<Number>(
    _ base: UnsafeMutablePointer<Number>?, _ count: Int, _ byteCount: Int
  ) throws(ImportError) -> Payload {
    let source = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(start: base, count: count))
    guard source.count == byteCount else {
      throw ImportError(
        .malformed,
        "\(field.name) has \(source.count) bytes, type and shape take \(byteCount)")
    }
    return unsafe OwnedBytes(count: byteCount) { unsafe $0.copyMemory(from: source) }.payload
  }

  /// The numbers as 64-bit patterns; signed ones are extended.
  private func readNumbers(atMost limit: Int) throws(ImportError) -> [Int64] {
    guard let run else { return looseNumbers }
    return try importing { () throws(FormatError) in
      try unsafe run.withBytes { (bytes) throws(FormatError) in
        var result: [Int64] = []
        result.reserveCapacity(min(limit, bytes.count))
        var cursor = unsafe WireCursor(bytes, in: 0..<bytes.count)
        while !cursor.isAtEnd, result.count <= limit {
          let raw = Int64(bitPattern: try cursor.readVarint())
          result.append(field == .int32s ? Int64(Int32(truncatingIfNeeded: raw)) : raw)
        }
        return result
      }
    }
  }

  /// The numbers that the runtime gathered from several places of the file.
  private var looseNumbers: [Int64] {
    let tensor = unsafe message.pointee
    switch field {
    case .int32s: return unsafe numbers(tensor.int32_data, tensor.n_int32_data).map(Int64.init)
    case .int64s: return unsafe numbers(tensor.int64_data, tensor.n_int64_data)
    default:
      let patterns = unsafe numbers(tensor.uint64_data, tensor.n_uint64_data)
      return patterns.map(Int64.init(bitPattern:))
    }
  }

  private func narrow(
    _ values: [Int64], to type: ElementType, _ expected: Int, _ byteCount: Int
  ) throws(ImportError) -> Payload {
    guard values.count == expected else {
      let found = values.count > expected ? "more than \(expected)" : "\(values.count)"
      throw ImportError(
        .malformed, "\(field.name) has \(found) entries, type and shape take \(expected)")
    }
    let range = type.entryRange
    if let range, let stray = values.first(where: { !range.contains($0) }) {
      throw ImportError(
        .malformed, "\(field.name) holds \(stray), which is no element of type \(type)")
    }
    let width = max(type.bitWidth / 8, 1)
    return unsafe OwnedBytes(count: byteCount) { target in
      for (index, value) in values.enumerated() {
        let bits = UInt64(bitPattern: value)
        for byte in 0..<width {
          unsafe target[index * width + byte] = UInt8(truncatingIfNeeded: bits >> (8 * byte))
        }
      }
    }.payload
  }
}

extension ElementType {
  /// The numbers that may stand for one entry; nil if any may.
  ///
  /// Bit patterns are meant to be unsigned, but some writers extend the sign.
  fileprivate var entryRange: ClosedRange<Int64>? {
    switch self {
    case .int8: -0x80...0x7f
    case .uint8: 0...0xff
    case .int16: -0x8000...0x7fff
    case .uint16: 0...0xffff
    case .bool: 0...1
    case .uint32: 0...0xffff_ffff
    case .float16, .bfloat16: -0x8000...0xffff
    case .int32, .int64, .uint64, .float32, .float64, .complex64, .complex128, .string: nil
    case .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2, .float8E5M2FNUZ, .float8E8M0, .uint4, .int4,
      .float4E2M1, .uint2, .int2:
      -0x80...0xff
    }
  }
}
