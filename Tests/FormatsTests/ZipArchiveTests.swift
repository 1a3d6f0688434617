import Formats
import TestSupport
import Testing

/// Archives as Python writes them; what is refused, HostileKerasTests shows.
@Suite struct ZipArchiveTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func archive(_ compression: String) throws -> ZipArchive {
    let path = folder.appending("\(compression).zip")
    try Python.judge("make_zip.py", [compression, path])
    return try ZipArchive(path: path)
  }

  @Test(arguments: ["stored", "deflated"])
  func membersAreUnpacked(compression: String) throws {
    let archive = try archive(compression)
    #expect(archive.members.map(\.name) == ["empty", "folder/text", "bytes"])
    let text = try #require(archive.member("folder/text"))
    #expect(try archive.content(of: text, limit: 100) == Array("grün".utf8))
    let empty = try #require(archive.member("empty"))
    #expect(try archive.content(of: empty, limit: 0) == [])
    #expect(archive.member("text") == nil)
    let bytes = try #require(archive.member("bytes"))
    #expect(throws: FormatError.self) { try archive.content(of: bytes, limit: bytes.byteCount - 1) }
    let content = try archive.content(of: bytes, limit: bytes.byteCount)
    #expect(content.count == 3_000_000)
    #expect(content == (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 % 251) })
  }

  @Test func extractedFilesHaveNamesOnlyWhileTheyAreUsed() throws {
    let archive = try archive("deflated")
    let file = try archive.extract(try #require(archive.member("folder/text")))
    let path = try file.withName { path throws(FormatError) in
      #expect(try MappedFile(path: path).content == Array("grün".utf8))
      return path
    }
    #expect(throws: (any Error).self) { try readBytes(path) }
    #expect(try file.mapped().content == Array("grün".utf8))
  }
}
