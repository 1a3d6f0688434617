extension NumpyHeader {
  /// Reads and checks the header of a whole file of version 1.0, 2.0 or 3.0.
  ///
  /// The checks are stricter than numpy's, which keeps one of two equal keys and ignores what
  /// follows the elements. Nothing in a header nests here, so nothing is read recursively.
  ///
  /// - Parameter bytes: The whole file.
  /// - Throws: `FormatError` with the offset in the file.
  public init(reading bytes: UnsafeRawBufferPointer) throws(FormatError) {
    let text = unsafe try Self.textRange(bytes)
    do throws(FormatError) {
      var reader = unsafe NumpyHeaderReader(Array(bytes[text]))
      let fields = try reader.read()
      self.init(
        type: fields.type, isBigEndian: fields.isBigEndian, isColumnMajor: fields.isColumnMajor,
        shape: fields.shape, dataOffset: text.upperBound)
    } catch {
      var located = error
      located.offset = error.offset.map { $0 + text.lowerBound }
      throw located
    }
    let found = bytes.count - dataOffset
    guard found == dataByteCount else {
      throw FormatError(
        .malformed, offset: dataOffset,
        "expected \(dataByteCount) bytes of \(type.rawValue) \(shape) behind the header, found \(found)"
      )
    }
  }

  /// Where the text of the header stands.
  private static func textRange(
    _ bytes: UnsafeRawBufferPointer
  ) throws(FormatError) -> Range<Int> {
    guard unsafe isLikely(bytes), bytes.count >= magic.count + 2 else {
      throw FormatError(.malformed, offset: 0, "the file does not begin with numpy's magic string")
    }
    let version = unsafe (major: bytes[magic.count], minor: bytes[magic.count + 1])
    guard (1...3).contains(version.major), version.minor == 0 else {
      throw FormatError(
        .malformed, offset: magic.count,
        "expected version 1.0, 2.0 or 3.0, found \(version.major).\(version.minor)")
    }
    let lengthByteCount = version.major == 1 ? 2 : 4
    let start = magic.count + 2 + lengthByteCount
    guard bytes.count >= start else {
      throw FormatError(.malformed, offset: magic.count + 2, "the file ends within its header")
    }
    let length = unsafe bytes[start - lengthByteCount..<start].reversed()
      .reduce(0) { $0 << 8 | Int($1) }
    guard length <= Limits.numpyHeaderByteCount else {
      throw FormatError(
        .malformed, offset: magic.count + 2,
        "the header takes \(length) bytes; more than \(Limits.numpyHeaderByteCount) are not allowed"
      )
    }
    guard length <= bytes.count - start else {
      throw FormatError(
        .malformed, offset: magic.count + 2,
        "the header takes \(length) bytes, but the file has only \(bytes.count)")
    }
    return start..<start + length
  }
}

/// Reads the text of a header: a dictionary as Python writes it, of three entries.
private struct NumpyHeaderReader {
  /// What the entries say.
  struct Fields {
    var type: NumpyType
    var isBigEndian: Bool
    var isColumnMajor: Bool
    var shape: [Int]
  }

  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func read() throws(FormatError) -> Fields {
    var type: (type: NumpyType, isBigEndian: Bool)?
    var isColumnMajor: Bool?
    var shape: [Int]?
    try readList(from: "{", to: "}") { (reader) throws(FormatError) in
      let start = reader.offset
      let key = try reader.readString()
      try reader.expect(":")
      switch key {
      case "descr" where type == nil: type = try reader.readType()
      case "fortran_order" where isColumnMajor == nil: isColumnMajor = try reader.readBoolean()
      case "shape" where shape == nil: shape = try reader.readShape()
      case "descr", "fortran_order", "shape":
        throw FormatError(.malformed, offset: start, "the key '\(key)' appears twice")
      default:
        throw FormatError(
          .malformed, offset: start, "expected descr, fortran_order or shape, found '\(key)'")
      }
    }
    skipSpace()
    guard offset == bytes.count else { throw expected("only spaces behind the dictionary") }
    guard let type, let isColumnMajor, let shape else {
      throw FormatError(.malformed, offset: 0, "the header lacks descr, fortran_order or shape")
    }
    guard NumpyHeader.isSound(shape, type.type) else {
      throw FormatError(
        .malformed, offset: 0,
        "an array of the shape \(shape) has more axes or bytes than can be counted")
    }
    return Fields(
      type: type.type, isBigEndian: type.isBigEndian, isColumnMajor: isColumnMajor, shape: shape)
  }

  /// Reads a number's type, such as `'<f4'`; structures, objects, text and dates are refused.
  private mutating func readType() throws(FormatError) -> (type: NumpyType, isBigEndian: Bool) {
    skipSpace()
    let start = offset
    guard next == UInt8(ascii: "'") || next == UInt8(ascii: "\"") else {
      throw FormatError(
        .malformed, offset: start, "expected the type of numbers, found a structure or no text")
    }
    let text = try readString()
    guard let type = NumpyType(rawValue: String(text.dropFirst())),
      let order = text.first, "<>|".contains(order), order != "|" || type.byteCount == 1
    else {
      throw FormatError(
        .malformed, offset: start,
        "expected the type of numbers with its byte order, such as '<f4', found '\(text)'")
    }
    return (type, order == ">")
  }

  private mutating func readBoolean() throws(FormatError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] {
      guard bytes[offset...].starts(with: word.utf8) else { continue }
      offset += word.utf8.count
      return value
    }
    throw expected("True or False")
  }

  /// Reads a tuple; that of one element has a comma behind it, or it would be a number.
  private mutating func readShape() throws(FormatError) -> [Int] {
    var shape: [Int] = []
    skipSpace()
    let start = offset
    let hasComma = try readList(from: "(", to: ")") { (reader) throws(FormatError) in
      guard shape.count < Limits.numpyAxisCount else {
        throw reader.expected("at most \(Limits.numpyAxisCount) extents")
      }
      shape.append(try reader.readCount())
    }
    guard shape.count != 1 || hasComma else {
      throw FormatError(.malformed, offset: start, "expected a tuple, found a number in brackets")
    }
    return shape
  }

  private mutating func readCount() throws(FormatError) -> Int {
    let start = offset
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    let digits = String(decoding: bytes[start..<offset], as: UTF8.self)
    guard let count = Int(digits), digits == "0" || !digits.hasPrefix("0") else {
      throw FormatError(
        .malformed, offset: start,
        "expected an extent of at most 63 bits, found \(digits.isEmpty ? found : digits)")
    }
    // Python 2 marked long numbers so.
    if next == UInt8(ascii: "L") { offset += 1 }
    return count
  }

  /// Reads elements with commas between them, and says whether one follows the last.
  @discardableResult
  private mutating func readList(
    from opening: Character, to closing: Character,
    _ element: (inout Self) throws(FormatError) -> Void
  ) throws(FormatError) -> Bool {
    try expect(opening)
    var hasComma = true
    while true {
      skipSpace()
      if next == closing.asciiValue { break }
      guard hasComma else { throw expected("',' or '\(closing)'") }
      try element(&self)
      skipSpace()
      hasComma = next == UInt8(ascii: ",")
      if hasComma { offset += 1 }
    }
    offset += 1
    return hasComma
  }

  /// Reads text in quotes of either sort; no key or type that is known has anything to escape.
  private mutating func readString() throws(FormatError) -> String {
    skipSpace()
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw expected("text in quotes")
    }
    let start = offset + 1
    guard let end = bytes[start...].firstIndex(of: quote) else {
      throw expected("text that ends within the header")
    }
    offset = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private mutating func expect(_ character: Character) throws(FormatError) {
    skipSpace()
    guard next == character.asciiValue else { throw expected("'\(character)'") }
    offset += 1
  }

  private mutating func skipSpace() {
    while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { offset += 1 }
  }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private var found: String {
    next.map { "'\(String(decoding: [$0], as: UTF8.self))'" } ?? "the end of the header"
  }

  private func expected(_ what: String) -> FormatError {
    FormatError(.malformed, offset: offset, "expected \(what), found \(found)")
  }
}
