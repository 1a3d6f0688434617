import Foundation
import Formats
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  @Test func nothingAppearsBeforeTheCommit() throws {
    let path = folder.appending("out")
    let file = try AtomicFile(path: path)
    try file.write([1, 2, 3])
    #expect(!FileManager.default.fileExists(atPath: path))
    try file.commit()
    #expect(try readBytes(path) == [1, 2, 3])
    #expect(try folder.contents() == ["out"])
  }

  @Test func anAbandonedFileLeavesNothing() throws {
    _ = try folder.write([9], to: "out")
    do {
      let file = try AtomicFile(path: folder.appending("out"))
      try file.write([1])
    }
    #expect(try folder.contents() == ["out"])
    #expect(try readBytes(folder.appending("out")) == [9])
  }

  @Test func smallAndLargeWritesKeepTheirOrder() throws {
    let large = (0..<600_000).map { UInt8(truncatingIfNeeded: $0) }
    let file = try AtomicFile(path: folder.appending("out"))
    try file.write([1])
    try file.write(large)
    try file.pad(to: 4096)
    try file.write([2])
    try file.commit()
    let padding = [UInt8](repeating: 0, count: 4096 - 600_001 % 4096)
    #expect(try readBytes(folder.appending("out")) == [1] + large + padding + [2])
  }

  @Test func anInputIsNotReplaced() throws {
    let input = try folder.write([9], to: "in")
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending("link"), withDestinationPath: input)
    let identity = try MappedFile(path: input).identity
    for path in [input, folder.appending("link")] {
      let error = #expect(throws: FormatError.self) {
        try AtomicFile(path: path, notReplacing: [identity])
      }
      #expect(error?.kind == .cannotWrite)
      #expect(error?.message.contains("replace a file that is read") == true)
    }
    #expect(try readBytes(input) == [9])
  }

  @Test func placesThatCannotBeWrittenAreRefused() {
    for path in [
      folder.path, folder.appending("missing/out"), "/dev/null", folder.appending("") + "/",
    ] {
      let error = #expect(throws: FormatError.self, "\(path)") { try AtomicFile(path: path) }
      #expect(error?.kind == .cannotWrite)
    }
  }

  @Test func severalFilesAppearTogether() throws {
    let one = try AtomicFile(path: folder.appending("one"))
    let two = try AtomicFile(path: folder.appending("two"))
    try one.write([1])
    try two.write([2])
    try AtomicFile.commit([one, two])
    #expect(try folder.contents() == ["one", "two"])
  }

  @Test func digestsAreThoseOfTheStandard() throws {
    let abc = try MappedFile(path: folder.write(Array("abc".utf8), to: "abc"))
    #expect(
      abc.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    let empty = try MappedFile(path: folder.write([], to: "empty"))
    #expect(
      empty.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }
}
