import FuzzCases
import TestSupport
import Testing

/// Everything that the fuzzers found worth keeping goes through the same cases again.
@Suite(.timeLimit(.minutes(2))) struct CorpusTests {
  private static let shardCount = 4

  @Test(arguments: 0..<shardCount)
  func models(shard: Int) throws {
    let folder = try TemporaryDirectory()
    let model = try ModelCase(folder: folder.path)
    try replay("ONNX", shard) { try model.run($0) }
  }

  @Test(arguments: 0..<shardCount)
  func safetensors(shard: Int) throws {
    let folder = try TemporaryDirectory()
    let file = try SafetensorsCase(folder: folder.path)
    try replay("Safetensors", shard) { try file.run($0) }
  }

  @Test(arguments: 0..<shardCount)
  func pictures(shard: Int) throws {
    let picture = try PictureCase()
    try replay("Pictures", shard) { try picture.run($0) }
  }

  /// Replays a share of what is kept for `reader`, and of all on which dearc once went wrong.
  private func replay(
    _ reader: String, _ shard: Int, _ run: ([UInt8]) throws -> Outcome
  ) throws {
    let inputs = try ["Corpus/\(reader)", "Findings"].flatMap {
      try files(under: "\(repositoryRoot())/FuzzTesting/\($0)", suffix: "")
    }
    #expect(inputs.count > 30)
    for (index, path) in inputs.enumerated() where index % Self.shardCount == shard {
      do { _ = try run(try readBytes(path)) } catch { Issue.record("\(path): \(error)") }
    }
  }
}
