extension SafetensorsHeader {
  /// Reads and checks the header of a mapped file.
  ///
  /// - Parameter file: The whole file.
  /// - Throws: `FormatError` with the offset in the file.
  public init(reading file: MappedFile) throws(FormatError) {
    defer { withExtendedLifetime(file) {} }
    unsafe try self.init(reading: file.bytes)
  }

  /// Reads and checks the header of a whole file.
  ///
  /// The checks are those of the format's specification, and stricter than its reference reader:
  /// two tensors of one name, fields that the specification does not know and anything but spaces
  /// after the JSON are refused, so that no two readers can see different tensors in one file.
  ///
  /// - Parameter bytes: The whole file.
  /// - Throws: `FormatError` with the offset in the file.
  public init(reading bytes: UnsafeRawBufferPointer) throws(FormatError) {
    guard unsafe Self.isLikely(bytes) else {
      throw FormatError(.malformed, offset: 0, "the file does not begin with a safetensors header")
    }
    let claimed = unsafe Self.headerLength(bytes)
    guard let length = Int(exactly: claimed), length <= Limits.safetensorsHeaderByteCount else {
      throw FormatError(
        .malformed, offset: 0,
        "the header takes \(claimed) bytes; more than \(Limits.safetensorsHeaderByteCount) are not "
          + "allowed")
    }
    guard length <= bytes.count - 8 else {
      throw FormatError(
        .malformed, offset: 0,
        "the header takes \(length) bytes, but the file has only \(bytes.count)")
    }
    let json = unsafe [UInt8](bytes[8..<8 + length])
    do throws(FormatError) {
      var reader = HeaderReader()
      try reader.read(json)
      self.init(metadata: reader.metadata, entries: reader.entries, dataOffset: 8 + length)
    } catch {
      var located = error
      located.offset = error.offset.map { $0 + 8 }
      throw located
    }
    try checkCoverage(of: bytes.count - dataOffset)
  }

  /// Checks that the tensors cover the data exactly, without holes and overlaps.
  private func checkCoverage(of count: Int) throws(FormatError) {
    var position = 0
    let sorted = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for entry in sorted {
      guard entry.range.lowerBound == position else {
        throw FormatError(
          .malformed, offset: dataOffset + position,
          "the tensor '\(entry.name)' starts at byte \(entry.range.lowerBound) of the data, expected "
            + "\(position): tensors must follow each other without holes and overlaps")
      }
      position = entry.range.upperBound
    }
    guard position == count else {
      throw FormatError(
        .malformed, offset: dataOffset + min(position, count),
        "the tensors take \(position) bytes, but \(count) follow the header")
    }
  }
}

/// Gathers the content of the header's JSON.
private struct HeaderReader {
  var metadata: [(key: String, value: String)] = []
  var entries: [SafetensorsEntry] = []

  mutating func read(_ json: [UInt8]) throws(FormatError) {
    if let stray = json.lastIndex(where: { $0 != 0x20 }), json[stray] != UInt8(ascii: "}") {
      throw FormatError(.malformed, offset: stray, "only spaces may follow the header's JSON")
    }
    var cursor = JSONCursor(json)
    try cursor.readObject { (cursor, key) throws(FormatError) in
      if key == "__metadata__" {
        metadata = try Self.readMetadata(&cursor)
      } else {
        entries.append(try Self.readEntry(key, &cursor))
      }
    }
    try cursor.expectEnd()
  }

  private static func readMetadata(
    _ cursor: inout JSONCursor
  ) throws(FormatError) -> [(key: String, value: String)] {
    var metadata: [(key: String, value: String)] = []
    // Some writers state that there is none by null.
    if try cursor.peek() == .null {
      try cursor.readNull()
      return []
    }
    try cursor.readObject { (cursor, key) throws(FormatError) in
      metadata.append((key, try cursor.readString()))
    }
    return metadata
  }

  private static func readEntry(
    _ name: String, _ cursor: inout JSONCursor
  ) throws(FormatError) -> SafetensorsEntry {
    let start = cursor.offset
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try cursor.readObject { (cursor, key) throws(FormatError) in
      switch key {
      case "dtype": typeName = try cursor.readString()
      case "shape": shape = try readCounts(&cursor)
      case "data_offsets": offsets = try readCounts(&cursor)
      default:
        throw FormatError(
          .malformed, offset: cursor.offset,
          "the tensor '\(name)' has the unknown field '\(key)'; expected dtype, shape, data_offsets"
        )
      }
    }
    func malformed(_ message: String) -> FormatError {
      FormatError(.malformed, offset: start, "the tensor '\(name)' \(message)")
    }
    guard let typeName, let shape, let offsets, offsets.count == 2 else {
      throw malformed("lacks its dtype, its shape or its two data_offsets")
    }
    guard let type = SafetensorsType(rawValue: typeName) else {
      throw malformed("has the unknown dtype '\(typeName)'")
    }
    guard offsets[0] <= offsets[1],
      SafetensorsEntry.byteCount(type, shape) == offsets[1] - offsets[0]
    else {
      throw malformed("has data_offsets \(offsets), which do not fit \(typeName) \(shape)")
    }
    return SafetensorsEntry(
      name: name, type: type, shape: shape, range: offsets[0]..<offsets[1])
  }

  private static func readCounts(_ cursor: inout JSONCursor) throws(FormatError) -> [Int] {
    var counts: [Int] = []
    try cursor.readArray { (cursor) throws(FormatError) in
      let start = cursor.offset
      let text = try cursor.readNumber()
      guard let count = Int(text), count >= 0 else {
        throw FormatError(
          .malformed, offset: start, "expected a count of at most 64 bits, found \(text)")
      }
      counts.append(count)
    }
    return counts
  }
}
