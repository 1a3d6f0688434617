import Formats

/// Checks a model on the wire, and copies everything but the large payloads.
///
/// The protobuf runtime trusts its input more than it should: it recurses without limit, expands
/// two bytes into a structure of a hundred, cuts text at a NUL and copies every byte of weights.
/// So the scan comes first. It walks the mapped file once, enforces nesting depth, message count,
/// lengths, wire types, UTF-8 and single occurrence, and writes a *skeleton*: the same messages,
/// in which
///
/// - a tensor's elements, if they are one contiguous run, are replaced by their place in the file
///   (`payload_offset`, `payload_length`, `payload_field`);
/// - every node states where it was found (`source_offset`);
/// - fields of these private numbers that the file brings along are left out.
@safe
struct SkeletonScanner {
  /// What the runtime is to unpack.
  private(set) var skeleton: [UInt8] = []

  private let input: UnsafeRawBufferPointer
  private let rules = MessageSchema.onnx.rules
  private var partCount = 0
  private var nodeCount = 0

  /// Scans `input`, which must stay valid meanwhile.
  init(_ input: UnsafeRawBufferPointer) throws(FormatError) {
    unsafe self.input = input
    try scanMessage(0, in: 0..<input.count, depth: 1)
  }

  private mutating func scanMessage(
    _ ruleIndex: Int, in range: Range<Int>, depth: Int
  ) throws(FormatError) {
    let rule = rules[ruleIndex]
    try countMessage(rule, at: range.lowerBound, depth: depth)
    let payload = rule.role == .tensor ? try findPayload(in: range) : nil
    var cursor = unsafe WireCursor(input, in: range)
    var seen: UInt64 = 0
    while !cursor.isAtEnd {
      let start = cursor.offset
      let tag = try cursor.readTag()
      let place = FieldPlace(start: start, tag: tag, message: rule.name)
      guard let field = rule.field(tag.field) else {
        try cursor.skip(tag.type)
        if !isPrivate(tag.field, in: rule) { try copy(start..<cursor.offset) }
        continue
      }
      if case .message(let child) = field.content {
        if !field.isRepeated { try expectFirst(place, &seen) }
        try place.expect(.lengthDelimited)
        let content = try cursor.readLengthDelimited()
        try scanChild(child, tag: tag, in: content, depth: depth)
        continue
      }
      try scanScalar(field, place, &cursor)
      if let payload, payload.field == tag.field { continue }
      try copy(start..<cursor.offset)
    }
    appendPrivateFields(of: rule, at: range.lowerBound, payload: payload)
  }

  private mutating func scanChild(
    _ rule: Int, tag: WireTag, in range: Range<Int>, depth: Int
  ) throws(FormatError) {
    skeleton.appendTag(field: tag.field, tag.type)
    let start = skeleton.openLength()
    try scanMessage(rule, in: range, depth: depth + 1)
    guard skeleton.closeLength(from: start) else {
      throw FormatError(.malformed, offset: range.lowerBound, "a message is too long")
    }
  }

  private mutating func countMessage(
    _ rule: MessageRule, at offset: Int, depth: Int
  ) throws(FormatError) {
    try countPart(at: offset)
    if rule.role == .node { nodeCount += 1 }
    guard nodeCount <= Limits.nodeCount else {
      throw FormatError(
        .malformed, offset: offset,
        "the model has more than \(Limits.nodeCount) nodes; no real model does")
    }
    guard depth <= Limits.messageDepth else {
      throw FormatError(
        .malformed, offset: offset,
        "messages nest more than \(Limits.messageDepth) deep, at a \(rule.name)")
    }
  }

  /// Counts what takes far more memory than the two bytes it may have in the file.
  private mutating func countPart(at offset: Int) throws(FormatError) {
    partCount += 1
    guard partCount <= Limits.messageCount else {
      throw FormatError(
        .malformed, offset: offset,
        "the model consists of more than \(Limits.messageCount) messages and texts; no real model "
          + "does")
    }
  }

  /// Refuses the second of a message that may occur once; readers disagree about merging them.
  private func expectFirst(_ place: FieldPlace, _ seen: inout UInt64) throws(FormatError) {
    let bit = UInt64(1) << UInt64(place.tag.field)
    guard seen & bit == 0 else { throw place.error("is given twice") }
    seen |= bit
  }

  /// Reads over a field that is no message, checking its encoding.
  private mutating func scanScalar(
    _ field: FieldRule, _ place: FieldPlace, _ cursor: inout WireCursor
  ) throws(FormatError) {
    switch field.content {
    case .message: break
    case .bytes:
      if field.isRepeated { try countPart(at: place.start) }
      try place.expect(.lengthDelimited)
      _ = try cursor.readLengthDelimited()
    case .text:
      if field.isRepeated { try countPart(at: place.start) }
      try place.expect(.lengthDelimited)
      try checkText(try cursor.readLengthDelimited(), place)
    case .number(let kind):
      if field.isRepeated, place.tag.type == .lengthDelimited {
        try checkRun(try cursor.readLengthDelimited(), of: kind.wireType, place)
      } else {
        try place.expect(kind.wireType)
        try cursor.skip(place.tag.type)
      }
    }
  }

  private func checkText(_ range: Range<Int>, _ place: FieldPlace) throws(FormatError) {
    let text = unsafe UnsafeRawBufferPointer(rebasing: input[range])
    guard unsafe !text.contains(0) else { throw place.error("contains a NUL character") }
    let isValid = unsafe text.withMemoryRebound(to: UInt8.self) { (utf8) -> Bool in
      unsafe String(validating: utf8, as: UTF8.self) != nil
    }
    guard isValid else { throw place.error("is not valid UTF-8") }
  }

  /// Checks a packed run of numbers.
  private func checkRun(
    _ range: Range<Int>, of type: WireType, _ place: FieldPlace
  ) throws(FormatError) {
    let size = type == .fixed32 ? 4 : type == .fixed64 ? 8 : 1
    guard range.count % size == 0 else {
      throw place.error("holds \(range.count) bytes, expected a multiple of \(size)")
    }
  }

  private func isPrivate(_ field: Int, in rule: MessageRule) -> Bool {
    field >= MessageSchema.firstPrivateField && rule.role != .other
  }

  private mutating func copy(_ range: Range<Int>) throws(FormatError) {
    guard skeleton.count + range.count <= Limits.skeletonByteCount else {
      throw FormatError(
        .malformed, offset: range.lowerBound,
        "the model has more than \(Limits.skeletonByteCount >> 20) MiB besides its weights")
    }
    unsafe skeleton.append(contentsOf: UnsafeRawBufferPointer(rebasing: input[range]))
  }
}

// Payloads of tensors.
extension SkeletonScanner {
  /// Elements of a tensor that lie in one contiguous run of the file.
  private struct PayloadRun {
    let field: Int
    let content: Range<Int>
  }

  /// The fields of TensorProto that hold packed elements, `raw_data` being 9.
  private static let payloadFields: Set<Int> = [4, 5, 7, 9, 10, 11]

  /// Finds the run that holds a tensor's elements, unless they are spread over several.
  private func findPayload(in range: Range<Int>) throws(FormatError) -> PayloadRun? {
    var found: PayloadRun?
    var isContiguous = true
    var cursor = unsafe WireCursor(input, in: range)
    while !cursor.isAtEnd {
      let start = cursor.offset
      let tag = try cursor.readTag()
      guard Self.payloadFields.contains(tag.field), tag.type == .lengthDelimited else {
        if Self.payloadFields.contains(tag.field) { isContiguous = false }
        try cursor.skip(tag.type)
        continue
      }
      let content = try cursor.readLengthDelimited()
      if tag.field == 9, found?.field == 9 {
        throw FormatError(.malformed, offset: start, "raw_data of a TensorProto is given twice")
      }
      if found != nil { isContiguous = false }
      found = PayloadRun(field: tag.field, content: content)
    }
    return isContiguous ? found : nil
  }

  private mutating func appendPrivateFields(
    of rule: MessageRule, at offset: Int, payload: PayloadRun?
  ) {
    switch rule.role {
    case .node:
      appendPrivate(0, UInt64(offset))
    case .tensor:
      guard let payload else { return }
      appendPrivate(0, UInt64(payload.content.lowerBound))
      appendPrivate(1, UInt64(payload.content.count))
      appendPrivate(2, UInt64(payload.field))
    case .other: break
    }
  }

  private mutating func appendPrivate(_ index: Int, _ value: UInt64) {
    skeleton.appendTag(field: MessageSchema.firstPrivateField + index, .varint)
    skeleton.appendVarint(value)
  }
}

/// Where a field stands, for errors.
private struct FieldPlace {
  let start: Int
  let tag: WireTag
  let message: String

  func expect(_ type: WireType) throws(FormatError) {
    guard tag.type == type else {
      throw error("has wire type \(tag.type.rawValue), expected \(type.rawValue)")
    }
  }

  func error(_ message: String) -> FormatError {
    FormatError(.malformed, offset: start, "field \(tag.field) of \(self.message) \(message)")
  }
}

extension FieldRule.NumberKind {
  /// How single numbers are encoded.
  var wireType: WireType {
    switch self {
    case .signed, .unsigned, .enumeration: .varint
    case .float: .fixed32
    case .double: .fixed64
    }
  }
}
