import Foundation
import IR
import Importers
import TestSupport
import Testing

@Suite struct ExternalDataTests {
  let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
    _ = try folder.write([UInt8](0..<16), to: "weights")
  }

  private func importModel(_ entries: [(String, String)], dims: [Int64] = [4]) throws -> [UInt8]? {
    let data = entries.map { Wire.message(13, .text(1, $0.0), .text(2, $0.1)) }
    let model = Wire.model(
      .initializer("w", type: 2, dims: dims, .number(14, 1), Wire(joining: data)))
    let graph = try Importers.importModel(at: folder.write(model.bytes, to: "model.onnx"))
      .model.graph
    return graph.constantIDs.first.flatMap { graph.constant($0)?.bytes }
  }

  private func refuse(
    _ entries: [(String, String)], _ fragment: String, _ kind: ImportError.Kind = .malformed,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: ImportError.self, sourceLocation: sourceLocation) {
      try importModel(entries)
    }
    #expect(error?.kind == kind, sourceLocation: sourceLocation)
    #expect(
      error?.description.contains(fragment) == true, "\(String(describing: error))",
      sourceLocation: sourceLocation)
  }

  @Test func bytesAreLentFromTheNamedPlace() throws {
    #expect(try importModel([("location", "weights"), ("offset", "12")]) == [12, 13, 14, 15])
    #expect(
      try importModel([("location", "./weights"), ("offset", "04"), ("length", "4")])
        == [4, 5, 6, 7])
    #expect(try importModel([("location", "weights")], dims: [16]) == [UInt8](0..<16))
  }

  @Test func pathsThatLeadOutsideAreRefused() throws {
    for path in [
      "../weights", "a/../../weights", "/etc/passwd", "a//b", "", ".", "weights/", "a\\b",
    ] {
      let error = #expect(throws: ImportError.self, "\(path)") {
        try importModel([("location", path)])
      }
      #expect(error?.kind == .malformed, "\(path)")
    }
  }

  @Test func linksAreRefused() throws {
    let files = FileManager.default
    let outside = try TemporaryDirectory()
    let secret = try outside.write([UInt8](repeating: 1, count: 4), to: "secret")
    try files.createSymbolicLink(atPath: folder.appending("link"), withDestinationPath: secret)
    refuse([("location", "link")], "symbolic links")
    try files.createSymbolicLink(
      atPath: folder.appending("linked"), withDestinationPath: outside.path)
    refuse([("location", "linked/secret")], "symbolic links")
    try files.linkItem(atPath: folder.appending("weights"), toPath: folder.appending("hard"))
    refuse([("location", "hard")], "hard links")
  }

  @Test func whatIsNoRegularFileIsRefused() throws {
    mkfifo(folder.appending("pipe"), 0o600)
    refuse([("location", "pipe")], "regular file")
    try FileManager.default.createDirectory(
      atPath: folder.appending("inner"), withIntermediateDirectories: false)
    refuse([("location", "inner")], "regular file")
    refuse([("location", "missing")], "No such file", .notFound)
  }

  @Test func placesOutsideOfTheFileAreRefused() {
    refuse([("location", "weights"), ("offset", "13")], "has 3")
    refuse([("location", "weights"), ("offset", "17")], "only 16")
    refuse([("location", "weights"), ("offset", "13"), ("length", "4")], "only 16")
    refuse([("location", "weights"), ("length", "5")], "has 5")
    for number in ["-1", "+1", "0x1", "1.0", "", " 1", "99999999999999999999"] {
      refuse([("location", "weights"), ("offset", number)], "decimal number")
    }
    refuse([("location", "weights"), ("offset", "9223372036854775807")], "only 16")
  }

  @Test func strangeKeysAreRefused() {
    refuse([("location", "weights"), ("url", "http://x")], "unknown key 'url'")
    refuse([("location", "weights"), ("location", "other")], "twice")
    refuse([("offset", "0")], "which file")
  }

  @Test func weightsBeyond4GiBAreReadFromAHoleyFile() throws {
    let handle = try #require(FileHandle(forWritingAtPath: folder.appending("weights")))
    try handle.truncate(atOffset: 5 << 30)
    try handle.seek(toOffset: 5 << 30 - 4)
    try handle.close()
    #expect(
      try importModel([("location", "weights"), ("offset", String(5 << 30 - 4))]) == [0, 0, 0, 0])
  }
}
