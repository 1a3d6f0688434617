/// The page that shows a diff, complete in one file.
struct DiffPage {
  let report: DiffPageReport

  private static let mark = Array("@DATA@".utf8)

  /// The page as HTML.
  ///
  /// - Throws: `EncodingError` if a number is not finite.
  func html() throws -> String {
    var page: [UInt8] = []
    let template = PackageResources.DiffPage_html
    let place = template.firstRange(of: Self.mark) ?? template.endIndex..<template.endIndex
    page += template[..<place.lowerBound]
    for byte in try JSONDocument.text(report).utf8 {
      // Within a script element, nothing that begins a tag may stand.
      if byte == UInt8(ascii: "<") { page += Array("\\u003c".utf8) } else { page.append(byte) }
    }
    page += template[place.upperBound...]
    return String(decoding: page, as: UTF8.self)
  }
}
