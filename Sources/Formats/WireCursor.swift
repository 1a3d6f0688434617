/// The four encodings that protobuf fields use; the two for groups are long obsolete.
public enum WireType: UInt8, Sendable {
  case varint = 0
  case fixed64 = 1
  case lengthDelimited = 2
  case fixed32 = 5
}

/// The number and encoding that introduce a protobuf field.
public struct WireTag: Equatable, Sendable {
  /// The field number.
  public let field: Int
  /// How the content is encoded.
  public let type: WireType
}

/// Walks over protobuf's wire format without copying; every error carries a byte offset.
@safe
public struct WireCursor {
  private let bytes: UnsafeRawBufferPointer
  /// The position of the next byte to be read.
  public private(set) var offset: Int
  /// Where reading stops.
  public let end: Int

  /// Reads `range` of `bytes`, which must stay valid for as long as the cursor is used.
  ///
  /// - Precondition: `range` lies within `bytes`.
  @unsafe
  public init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
    unsafe self.bytes = bytes
    offset = range.lowerBound
    end = range.upperBound
  }

  /// The tag that `bytes` begin with.
  ///
  /// - Throws: `FormatError` if they do not begin with one.
  public static func firstTag(of bytes: UnsafeRawBufferPointer) throws(FormatError) -> WireTag {
    var cursor = unsafe WireCursor(bytes, in: 0..<bytes.count)
    return try cursor.readTag()
  }

  /// Whether everything has been read.
  public var isAtEnd: Bool { offset == end }

  /// Reads a number in base 128.
  ///
  /// - Throws: `FormatError` if it is cut short or has more than 64 bits.
  public mutating func readVarint() throws(FormatError) -> UInt64 {
    let start = offset
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while offset < end {
      let byte = unsafe bytes[offset]
      offset += 1
      guard shift < 63 || byte <= 1 else {
        throw Self.malformed(at: start, "a number has more than 64 bits")
      }
      result |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return result }
      shift += 7
    }
    throw Self.malformed(at: start, "a number is cut short")
  }

  /// Reads the tag that introduces a field.
  ///
  /// - Throws: `FormatError` if its number or encoding is none that protobuf has.
  public mutating func readTag() throws(FormatError) -> WireTag {
    let start = offset
    let raw = try readVarint()
    guard let field = Int(exactly: raw >> 3), field > 0, field < 1 << 29 else {
      throw Self.malformed(at: start, "field number \(raw >> 3) is outside of 1…536870911")
    }
    guard let type = WireType(rawValue: UInt8(raw & 7)) else {
      throw Self.malformed(at: start, "field \(field) has the unknown wire type \(raw & 7)")
    }
    return WireTag(field: field, type: type)
  }

  /// Reads a length prefix and skips what it covers.
  ///
  /// - Returns: where the covered bytes lie.
  /// - Throws: `FormatError` if it covers more than is left.
  public mutating func readLengthDelimited() throws(FormatError) -> Range<Int> {
    let start = offset
    let raw = try readVarint()
    guard let length = Int(exactly: raw), length <= end - offset else {
      throw Self.malformed(
        at: start, "a field claims \(raw) bytes, but its message has only \(end - offset) left")
    }
    defer { offset += length }
    return offset..<offset + length
  }

  /// Skips a field's content, after its tag.
  ///
  /// - Throws: `FormatError` if it is cut short.
  public mutating func skip(_ type: WireType) throws(FormatError) {
    switch type {
    case .varint: _ = try readVarint()
    case .fixed32: try advance(by: 4)
    case .fixed64: try advance(by: 8)
    case .lengthDelimited: _ = try readLengthDelimited()
    }
  }

  private mutating func advance(by count: Int) throws(FormatError) {
    guard count <= end - offset else {
      throw Self.malformed(
        at: offset, "a field needs \(count) bytes, but its message has only \(end - offset) left")
    }
    offset += count
  }

  private static func malformed(at offset: Int, _ message: String) -> FormatError {
    FormatError(.malformed, offset: offset, message)
  }
}

extension [UInt8] {
  /// Appends a number in base 128.
  public mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// Appends the tag that introduces a field.
  public mutating func appendTag(field: Int, _ type: WireType) {
    appendVarint(UInt64(field) << 3 | UInt64(type.rawValue))
  }

  /// Appends a length prefix to be filled in by `closeLength`, and returns its position.
  public mutating func openLength() -> Int {
    append(contentsOf: [0x80, 0x80, 0x80, 0x80, 0x00])
    return count
  }

  /// Fills in the length of everything appended since `openLength` returned `start`.
  ///
  /// The prefix always takes five bytes, which every reader accepts, so that nothing moves.
  ///
  /// - Returns: false if the content is too long for five bytes.
  public mutating func closeLength(from start: Int) -> Bool {
    let length = count - start
    guard length < 1 << 35 else { return false }
    for index in 0..<5 {
      let more: UInt8 = index < 4 ? 0x80 : 0
      self[start - 5 + index] = UInt8(truncatingIfNeeded: length >> (7 * index)) & 0x7f | more
    }
    return true
  }
}
