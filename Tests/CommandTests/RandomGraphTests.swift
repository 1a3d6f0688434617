import FoundationEssentials
import TestSupport
import Testing

/// Random networks, pruned as a user prunes them and judged by onnxruntime.
@Suite struct RandomGraphTests {
  private static let shardCount = 2
  /// How many networks to draw; `scripts/test.sh` asks for many more than the default.
  private static let count = environment("DEARC_RANDOM_GRAPHS").flatMap { Int($0) } ?? 100

  private struct Index: Decodable {
    struct Entry: Decodable {
      let file: String
      let seed: Int
    }
    let models: [Entry]
  }

  /// The seeds of a shard are fixed, so a failure repeats; the judge prints the seed.
  @Test(arguments: 0..<shardCount, [".onnx", ".safetensors"])
  func pruningKeepsTheAnswers(shard: Int, suffix: String) throws {
    let count = Self.count / Self.shardCount
    let seed = shard * 1_000_000 + (suffix == ".onnx" ? 0 : count)
    let (folder, slim) = (try TemporaryDirectory(), try TemporaryDirectory())
    try Judge.run(
      "random_graphs.py", "-o", folder.path, "--seed", String(seed), "--count", String(count),
      "--jobs", "1")
    let index = try JSONDecoder().decode(
      Index.self, from: Data(try readBytes(folder.appending("index.json"))))
    #expect(index.models.count == count)
    for entry in index.models {
      try prune(folder.appending(entry.file), to: slim.appending(entry.file), suffix)
    }
    try Judge.run(
      "judge.py", "batch", folder.appending("index.json"), slim.path, "--suffix", suffix,
      "--jobs", "1")
  }

  private func prune(_ model: String, to output: String, _ suffix: String) throws {
    let output = String(output.dropLast(".onnx".count)) + suffix
    let result = try Program.run("prune", model, "-o", output, "--quiet", "--exact-norm")
    #expect(result.status == 0, "\(model): \(result.errors)")
  }

  @Test func pruningAgainRemovesNothing() throws {
    let folder = try TemporaryDirectory()
    try Judge.run("random_graphs.py", "-o", folder.path, "--seed", "5000000", "--count", "40")
    for model in try files(under: folder.path, suffix: ".onnx") {
      let (once, twice) = (folder.appending("once.onnx"), folder.appending("twice.onnx"))
      try prune(model, to: once, ".onnx")
      let report = try Report(
        json: try Program.run("prune", once, "-o", twice, "--json").output)
      #expect(report.original.nodes == report.result.nodes, "\(model)")
      #expect(report.original.parameters == report.result.parameters, "\(model)")
    }
  }
}
