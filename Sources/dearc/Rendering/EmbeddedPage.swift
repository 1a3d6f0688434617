/// Pages that are complete in one file: a template with the data in the middle.
enum EmbeddedPage {
  private static let mark = Array("@DATA@".utf8)

  /// The page as HTML.
  ///
  /// - Throws: `EncodingError` if a number is not finite.
  static func html(_ template: [UInt8], _ report: some Encodable) throws -> String {
    var page: [UInt8] = []
    let place = template.firstRange(of: mark) ?? template.endIndex..<template.endIndex
    page += template[..<place.lowerBound]
    for byte in try JSONDocument.line(report).utf8 {
      // Within a script element, nothing that begins a tag may stand.
      if byte == UInt8(ascii: "<") { page += Array("\\u003c".utf8) } else { page.append(byte) }
    }
    page += template[place.upperBound...]
    return String(decoding: page, as: UTF8.self)
  }
}
