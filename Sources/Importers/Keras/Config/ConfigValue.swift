import Formats

/// A value of a Keras configuration, which is JSON.
///
/// Keras writes the members of an object in any order, so a layer cannot be read as it streams by.
indirect enum ConfigValue: Sendable {
  case null
  case boolean(Bool)
  /// A number as it is written.
  case number(String)
  case text(String)
  case list([ConfigValue])
  case object([(key: String, value: ConfigValue)])

  /// The member called `key`, if this is an object that has it; null counts as nothing.
  subscript(key: String) -> ConfigValue? {
    guard case .object(let members) = self,
      let value = members.first(where: { $0.key.utf8.elementsEqual(key.utf8) })?.value
    else { return nil }
    if case .null = value { return nil }
    return value
  }

  var text: String? { if case .text(let text) = self { text } else { nil } }

  var list: [ConfigValue]? { if case .list(let list) = self { list } else { nil } }

  var boolean: Bool? { if case .boolean(let boolean) = self { boolean } else { nil } }

  /// The number, as long as it is finite.
  var number: Double? {
    guard case .number(let digits) = self, let number = Double(digits), number.isFinite
    else { return nil }
    return number
  }

  /// The whole number; `3.0` counts as one, since some writers make floats of all numbers.
  var integer: Int? {
    guard case .number(let digits) = self else { return nil }
    return Int(digits) ?? number.flatMap { Int(exactly: $0) }
  }

  /// Whether it is null, false, zero or empty.
  var isNothing: Bool {
    switch self {
    case .null, .boolean(false): true
    case .number: number == 0
    case .text(let text): text.isEmpty
    case .list(let list): list.isEmpty
    case .object(let members): members.isEmpty
    case .boolean: false
    }
  }

  /// How a message names it.
  var summary: String {
    switch self {
    case .null: "null"
    case .boolean(let boolean): String(boolean)
    case .number(let digits): digits
    case .text(let text): "'\(text)'"
    case .list(let list):
      list.count > 8
        ? "a list of \(list.count)" : "[" + list.map(\.summary).joined(separator: ", ") + "]"
    case .object(let members): "an object with \(members.count) members"
    }
  }
}

extension ConfigValue {
  /// Reads one JSON document.
  ///
  /// - Throws: `FormatError` with an offset in the text if it is malformed, nests too deeply or has too
  ///   many values.
  init(parsing json: [UInt8]) throws(FormatError) {
    var cursor = JSONCursor(json)
    var count = 0
    self = try Self.read(&cursor, &count)
    try cursor.expectEnd()
  }

  private static func read(
    _ cursor: inout JSONCursor, _ count: inout Int
  ) throws(FormatError) -> ConfigValue {
    count += 1
    guard count <= Limits.messageCount else {
      throw FormatError(
        .malformed, offset: cursor.offset,
        "the configuration has more than \(Limits.messageCount) values")
    }
    switch try cursor.peek() {
    case .object: return .object(try readMembers(&cursor, &count))
    case .array: return .list(try readItems(&cursor, &count))
    case .string: return .text(try cursor.readString())
    case .number: return .number(try cursor.readNumber())
    case .boolean: return .boolean(try cursor.readBoolean())
    case .null:
      try cursor.readNull()
      return .null
    }
  }

  private static func readMembers(
    _ cursor: inout JSONCursor, _ count: inout Int
  ) throws(FormatError) -> [(key: String, value: ConfigValue)] {
    var members: [(key: String, value: ConfigValue)] = []
    try cursor.readObject { (cursor, key) throws(FormatError) in
      members.append((key, try read(&cursor, &count)))
    }
    return members
  }

  private static func readItems(
    _ cursor: inout JSONCursor, _ count: inout Int
  ) throws(FormatError) -> [ConfigValue] {
    var list: [ConfigValue] = []
    try cursor.readArray { (cursor) throws(FormatError) in
      list.append(try read(&cursor, &count))
    }
    return list
  }
}
