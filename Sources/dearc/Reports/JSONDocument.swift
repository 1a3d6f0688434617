import FoundationEssentials

/// Writes a report as the one JSON document that `--json` promises.
enum JSONDocument {
  /// The document with sorted keys, so that equal reports are equal text.
  ///
  /// - Throws: `EncodingError` if a number is not finite.
  static func text(_ report: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"
  }

  /// A small record on one line, with sorted keys.
  static func line(_ record: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(record), as: UTF8.self)
  }

  /// A small record that `line` wrote; nil if `text` is none.
  static func record<Record: Decodable>(_ type: Record.Type, _ text: String) -> Record? {
    try? JSONDecoder().decode(type, from: Data(text.utf8))
  }
}
