/// A protobuf message as a tree, whether or not its fields mean anything.
///
/// Bytes flipped at random break some length nearly always, and then the reader looks no further.
/// Changes to the tree keep all lengths right, so that they get as far as the graph.
struct WireMessage {
  private(set) var fields: [WireField] {
    didSet { count = Self.count(fields) }
  }
  /// How many fields there are at all depths.
  private(set) var count = 0

  /// Parses all of `bytes`; nil if they cannot be a message.
  init?(_ bytes: ArraySlice<UInt8>, depth: Int = 0) {
    var parsed: [WireField] = []
    var rest = bytes
    while !rest.isEmpty {
      guard let field = WireField(&rest, depth: depth) else { return nil }
      parsed.append(field)
    }
    fields = parsed
    count = Self.count(parsed)
  }

  /// The encoded message.
  var bytes: [UInt8] { fields.flatMap(\.bytes) }

  private static func count(_ fields: [WireField]) -> Int {
    fields.reduce(0) { $0 + 1 + ($1.message?.count ?? 0) }
  }

  /// The field that comes `index`th when every message is followed by its own fields.
  subscript(index: Int) -> WireField? {
    var index = index
    for field in fields {
      if index == 0 { return field }
      index -= 1
      guard let inner = field.message else { continue }
      if index < inner.count { return inner[index] }
      index -= inner.count
    }
    return nil
  }

  /// Lets `change` edit the list in which the `index`th field stands, at its position.
  mutating func edit(_ index: Int, _ change: (inout [WireField], Int) -> Void) {
    var index = index
    for position in fields.indices {
      if index == 0 { return change(&fields, position) }
      index -= 1
      guard var inner = fields[position].message else { continue }
      if index < inner.count {
        inner.edit(index, change)
        fields[position].content = .message(inner)
        return
      }
      index -= inner.count
    }
  }
}

/// A field of a protobuf message.
struct WireField {
  /// What a field may hold.
  enum Content {
    case number(UInt64)
    case bytes([UInt8])
    /// Bytes without a length: four or eight.
    case fixed([UInt8])
    indirect case message(WireMessage)
  }

  let number: UInt64
  var content: Content

  /// Takes a field off `rest`; nil if none can be read.
  init?(_ rest: inout ArraySlice<UInt8>, depth: Int) {
    guard let tag = Self.takeNumber(&rest), tag >> 3 > 0 else { return nil }
    number = tag >> 3
    switch tag & 7 {
    case 0:
      guard let value = Self.takeNumber(&rest) else { return nil }
      content = .number(value)
    case 1, 5:
      guard let bytes = Self.take(tag & 7 == 1 ? 8 : 4, of: &rest) else { return nil }
      content = .fixed(bytes)
    case 2:
      guard let count = Self.takeNumber(&rest), let length = Int(exactly: count),
        let bytes = Self.take(length, of: &rest)
      else { return nil }
      let inner = depth < 16 && length > 1 ? WireMessage(bytes[...], depth: depth + 1) : nil
      content = inner.map { .message($0) } ?? .bytes(bytes)
    default: return nil
    }
  }

  /// The message inside, if it is one.
  var message: WireMessage? {
    if case .message(let message) = content { message } else { nil }
  }

  /// The encoded field.
  var bytes: [UInt8] {
    switch content {
    case .number(let value): Self.encode(number << 3) + Self.encode(value)
    case .bytes(let bytes): delimited(bytes)
    case .fixed(let bytes): Self.encode(number << 3 | (bytes.count == 8 ? 1 : 5)) + bytes
    case .message(let message): delimited(message.bytes)
    }
  }

  private func delimited(_ bytes: [UInt8]) -> [UInt8] {
    Self.encode(number << 3 | 2) + Self.encode(UInt64(bytes.count)) + bytes
  }

  private static func encode(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + encode(value >> 7)
  }

  private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  private static func take(_ count: Int, of rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard count >= 0, count <= rest.count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }
}
