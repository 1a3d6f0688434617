/// The element types of numpy's that have a fixed width and are numbers.
///
/// numpy has none for bfloat16. Whoever writes such elements widens them to `float32` first, which
/// holds each of them; `uint16` would let readers take the bits for numbers.
public enum NumpyType: String, CaseIterable, Hashable, Sendable {
  case bool = "b1"
  case int8 = "i1"
  case int16 = "i2"
  case int32 = "i4"
  case int64 = "i8"
  case uint8 = "u1"
  case uint16 = "u2"
  case uint32 = "u4"
  case uint64 = "u8"
  case float16 = "f2"
  case float32 = "f4"
  case float64 = "f8"
  case complex64 = "c8"
  case complex128 = "c16"

  /// The bytes of one element.
  public var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64, .complex64: 8
    case .complex128: 16
    }
  }

  /// The bytes that a processor of the other byte order has in reverse: of complex numbers, each half.
  var swapByteCount: Int {
    self == .complex64 || self == .complex128 ? byteCount / 2 : byteCount
  }

  /// How numpy writes the type, with its byte order.
  var description: String { (byteCount == 1 ? "|" : "<") + rawValue }
}

/// The header of a file in numpy's format: what the bytes behind it are.
public struct NumpyHeader: Hashable, Sendable {
  /// The type of an element.
  public let type: NumpyType
  /// Whether elements are stored with their most significant byte first.
  public let isBigEndian: Bool
  /// Whether the first axis is the one along which elements lie next to each other, as in Fortran.
  public let isColumnMajor: Bool
  /// The extents, outermost first; empty for a single element.
  public let shape: [Int]
  /// Where the elements start in the file.
  public let dataOffset: Int

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// What the elements' start is aligned to.
  private static let dataAlignment = 64
  /// numpy leaves as many places for the first extent, so that a file can grow.
  private static let growthDigits = 21

  /// How many bytes the elements take.
  public var dataByteCount: Int { shape.reduce(type.byteCount, *) }

  /// Whether a file that begins with `bytes` is meant to be one, sound or not.
  public static func isLikely(_ bytes: UnsafeRawBufferPointer) -> Bool {
    unsafe bytes.prefix(magic.count).elementsEqual(magic)
  }

  /// Encodes the header of row-major, little-endian elements, byte for byte as numpy does.
  ///
  /// - Parameters:
  ///   - type: The type of an element.
  ///   - shape: The extents, none negative.
  /// - Returns: what precedes the elements.
  /// - Throws: `FormatError` if numpy takes no array of that shape.
  public static func encode(_ type: NumpyType, shape: [Int]) throws(FormatError) -> [UInt8] {
    guard isSound(shape, type) else {
      throw FormatError(
        .cannotWrite, "numpy has no arrays of the shape \(shape); write .safetensors instead")
    }
    let extents = shape.map(String.init)
    let tuple = extents.count == 1 ? extents[0] + "," : extents.joined(separator: ", ")
    var text = "{'descr': '\(type.description)', 'fortran_order': False, 'shape': (\(tuple)), }"
    if let first = extents.first {
      text += String(repeating: " ", count: growthDigits - first.utf8.count)
    }
    let prefix = magic.count + 4
    // A whole line of spaces where nothing is left to fill, as numpy has it.
    let padding = dataAlignment - (prefix + text.utf8.count + 1) % dataAlignment
    text += String(repeating: " ", count: padding) + "\n"
    let length = UInt16(text.utf8.count)
    return magic + [1, 0, UInt8(truncatingIfNeeded: length), UInt8(length >> 8)] + Array(text.utf8)
  }

  /// Whether numpy takes an array of that shape: its axes and, zeros aside, its bytes can be counted.
  static func isSound(_ shape: [Int], _ type: NumpyType) -> Bool {
    guard shape.count <= Limits.numpyAxisCount, shape.allSatisfy({ $0 >= 0 }) else { return false }
    var size = type.byteCount
    for extent in shape where extent > 0 {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { return false }
      size = product
    }
    return true
  }
}
