import Formats

/// Turns protobuf's JSON form of a ModelProto into protobuf's wire format.
///
/// From there on a graph from JSON passes through the same checks as one from a file.
struct MessageDecoder {
  /// The encoded message.
  private(set) var wire: [UInt8] = []

  private let rules = MessageSchema.onnx.rules
  /// Encoded fields that JSON cannot hold, by the path of the message they belong to.
  private let unknownFields: [String: [UInt8]]
  private var path: [String] = []

  /// Decodes `json`, adding `unknownFields` where they belong.
  init(_ json: [UInt8], unknownFields: [String: [UInt8]]) throws(FormatError) {
    self.unknownFields = unknownFields
    var cursor = JSONCursor(json)
    try decodeMessage(0, &cursor)
    try cursor.expectEnd()
  }

  private mutating func decodeMessage(
    _ ruleIndex: Int, _ cursor: inout JSONCursor
  ) throws(FormatError) {
    let rule = rules[ruleIndex]
    try cursor.readObject { (cursor, name) throws(FormatError) in
      guard let field = rule.fieldsByName[name] else {
        throw FormatError(
          .malformed, offset: cursor.offset,
          "\(rule.name) has no field '\(name)' that JSON could give")
      }
      try decodeField(field, name, &cursor)
    }
    guard !unknownFields.isEmpty, let fields = unknownFields[path.joined(separator: ".")] else {
      return
    }
    try checkUnknown(fields, in: rule)
    wire += fields
  }

  /// Refuses fields that the graph's JSON could give: another reader would not see them.
  private func checkUnknown(_ fields: [UInt8], in rule: MessageRule) throws(FormatError) {
    try unsafe fields.withUnsafeBufferPointer { (elements) throws(FormatError) in
      var cursor = unsafe WireCursor(UnsafeRawBufferPointer(elements), in: 0..<elements.count)
      while !cursor.isAtEnd {
        let tag = try cursor.readTag()
        guard rule.field(tag.field) == nil else {
          throw FormatError(
            .malformed,
            "field \(tag.field) of \(rule.name) is kept as unknown, but ONNX defines it")
        }
        try cursor.skip(tag.type)
      }
    }
  }

  private mutating func decodeField(
    _ field: FieldRule, _ name: String, _ cursor: inout JSONCursor
  ) throws(FormatError) {
    if try cursor.peek() == .null { return try cursor.readNull() }
    guard field.isRepeated else {
      return try decodeValue(field, name, &cursor)
    }
    var index = 0
    try cursor.readArray { (cursor) throws(FormatError) in
      try decodeValue(field, "\(name).\(index)", &cursor)
      index += 1
    }
  }

  private mutating func decodeValue(
    _ field: FieldRule, _ step: String, _ cursor: inout JSONCursor
  ) throws(FormatError) {
    switch field.content {
    case .message(let rule):
      wire.appendTag(field: field.number, .lengthDelimited)
      let start = wire.openLength()
      path.append(step)
      try decodeMessage(rule, &cursor)
      path.removeLast()
      _ = wire.closeLength(from: start)
    case .text:
      appendBytes(try cursor.readStringBytes(), to: field)
    case .bytes:
      let offset = cursor.offset
      guard let bytes = Base64.decode(try cursor.readStringBytes()) else {
        throw FormatError(.malformed, offset: offset, "expected bytes in Base64")
      }
      appendBytes(bytes, to: field)
    case .number(let kind):
      try decodeNumber(kind, of: field, &cursor)
    }
  }

  private mutating func appendBytes(_ bytes: [UInt8], to field: FieldRule) {
    wire.appendTag(field: field.number, .lengthDelimited)
    wire.appendVarint(UInt64(bytes.count))
    wire += bytes
  }

  private mutating func decodeNumber(
    _ kind: FieldRule.NumberKind, of field: FieldRule, _ cursor: inout JSONCursor
  ) throws(FormatError) {
    let offset = cursor.offset
    let text = try cursor.peek() == .string ? cursor.readString() : cursor.readNumber()
    func expected(_ what: String) -> FormatError {
      FormatError(.malformed, offset: offset, "expected \(what), found '\(text)'")
    }
    wire.appendTag(field: field.number, kind.wireType)
    switch kind {
    case .signed:
      guard let value = Int64(text) else { throw expected("a whole number") }
      wire.appendVarint(UInt64(bitPattern: value))
    case .unsigned:
      guard let value = UInt64(text) else { throw expected("a whole number from 0 on") }
      wire.appendVarint(value)
    case .enumeration(let names):
      guard let value = names[text] ?? Int32(text) else { throw expected("a known name") }
      wire.appendVarint(UInt64(bitPattern: Int64(value)))
    case .float:
      guard let value = Self.number(text, as: Float.self) else { throw expected("a number") }
      appendLittleEndian(UInt64(value.bitPattern), count: 4)
    case .double:
      guard let value = Self.number(text, as: Double.self) else { throw expected("a number") }
      appendLittleEndian(value.bitPattern, count: 8)
    }
  }

  private mutating func appendLittleEndian(_ bits: UInt64, count: Int) {
    for index in 0..<count { wire.append(UInt8(truncatingIfNeeded: bits >> (8 * index))) }
  }

  /// Reads a decimal number, or one of protobuf's names for those that JSON lacks.
  private static func number<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ text: String, as type: Number.Type
  ) -> Number? {
    switch text {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default:
      guard let value = Number(text), value.isFinite else { return nil }
      return value
    }
  }
}
