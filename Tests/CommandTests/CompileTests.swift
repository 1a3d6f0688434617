import FoundationEssentials
import TestSupport
import Testing

/// The main job, run on a small DEAR network as a user runs it.
@Suite struct CompileTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  @Test(arguments: [".onnx", ".safetensors"])
  func pruningKeepsTheAnswers(suffix: String) throws {
    let (input, output) = (try Models.gated.get(), folder.appending("slim" + suffix))
    let result = try Program.run("prune", input, "-o", output)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("channels removed"))
    try Judge.run(
      "judge.py", "pair", input, output, "--case", "input:1,3,32,32", "--case", "input:3,3,17,29")
    try Judge.expectStructure(
      of: output,
      """
      {"operators": {"BatchNormalization": 0, "Mul": 0, "Gather": 1},
       "inputs": ["input"], "outputs": ["/fc/Gemm_output_0"]}
      """)
  }

  @Test func theReportCountsEveryGatedChannel() throws {
    let result = try Program.run(
      "prune", try Models.gated.get(), "-o", folder.appending("slim.onnx"), "--json")
    #expect(result.errors.isEmpty)
    let report = try Report(json: result.output)
    #expect(report.schema == "dearc.prune/1")
    let fates = try #require(report.channels).fates
    #expect(fates.removed == 64 - 29)
    #expect(fates.kept == 0)
    #expect(report.result.parameters < report.original.parameters)
    #expect(try #require(report.result.macs) < (try #require(report.original.macs)))
    #expect(report.result.fileBytes == (try readBytes(folder.appending("slim.onnx"))).count)
  }

  @Test func reportsCanBeWrittenToAFile() throws {
    let report = folder.appending("report.json")
    let result = try Program.run(
      "prune", try Models.gated.get(), "-o", folder.appending("slim.onnx"), "--quiet",
      "--report", report)
    #expect(result.status == 0)
    #expect(result.output.isEmpty)
    #expect(try Report(json: readFile(report)).schema == "dearc.prune/1")
  }

  @Test func foldingRemovesBatchNormalisation() throws {
    let (input, output) = (try Models.gated.get(), folder.appending("folded.onnx"))
    #expect(try Program.run("convert", input, "-o", output).status == 0)
    try Judge.expectStructure(of: output, #"{"operators": {"BatchNormalization": 0}}"#)
    try Judge.run("judge.py", "pair", input, output, "--case", "input:2,3,24,40")
  }

  @Test func nothingChangesWithoutFolding() throws {
    let (input, output) = (try Models.gated.get(), folder.appending("same.onnx"))
    let result = try Program.run("convert", "--no-fold", input, "-o", output, "--json")
    let report = try Report(json: result.output)
    #expect(report.schema == "dearc.convert/1")
    #expect(report.original.nodes == report.result.nodes)
    #expect(report.original.parameters == report.result.parameters)
  }

  @Test(arguments: [".onnx", ".safetensors"])
  func outputIsTheSameEveryTime(suffix: String) throws {
    let (first, second) = (folder.appending("first" + suffix), folder.appending("second" + suffix))
    for output in [first, second] {
      #expect(try Program.run("prune", try Models.gated.get(), "-o", output).status == 0)
    }
    #expect(try readBytes(first) == readBytes(second))
  }

  @Test func pruningAgainRemovesNothing() throws {
    let (once, twice) = (folder.appending("once.onnx"), folder.appending("twice.onnx"))
    #expect(try Program.run("prune", try Models.gated.get(), "-o", once).status == 0)
    let result = try Program.run("prune", once, "-o", twice, "--json")
    let report = try Report(json: result.output)
    #expect(report.original.nodes == report.result.nodes)
    #expect(report.original.parameters == report.result.parameters)
    #expect(report.original.macs == report.result.macs)
  }

  @Test func skippedPassesDoNotRun() throws {
    let output = folder.appending("unfolded.onnx")
    let result = try Program.run(
      "convert", try Models.gated.get(), "-o", output, "--skip-pass", "fold-affine",
      "--time-passes")
    #expect(result.status == 0)
    #expect(result.output.contains("fold-constants"))
    #expect(!result.output.contains("fold-affine"))
    try Judge.expectStructure(of: output, #"{"operators": {"BatchNormalization": 20}}"#)
  }
}
