import TestSupport
import Testing

/// How commands fail: which status, what text, and no output file.
@Suite struct FailureTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  @Test(arguments: ["convert", "prune"])
  func malformedInputLeavesNothingBehind(command: String) throws {
    let output = folder.appending("out.onnx")
    let result = try Program.run(command, try Models.garbage.get(), "-o", output)
    #expect(result.status == 65)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("dearc: error: \(try Models.garbage.get()): "))
    #expect(try files(under: folder.path, suffix: "").isEmpty)
  }

  @Test func inspectRefusesMalformedInput() throws {
    let result = try Program.run("inspect", try Models.garbage.get(), "--json")
    #expect(result.status == 65)
    #expect(result.output.isEmpty)
  }

  @Test func missingInputIsUnreadable() throws {
    let result = try Program.run("inspect", folder.appending("nowhere.onnx"))
    #expect(result.status == 66)
    #expect(result.errors.contains("nowhere.onnx"))
  }

  @Test func aFolderIsNoInput() throws {
    #expect(try Program.run("inspect", folder.path).status == 66)
  }

  @Test func wrongUsageHasItsOwnStatus() throws {
    let result = try Program.run("convert", "a.onnx", "-o", "b.txt")
    #expect(result.status == 64)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains(".safetensors"))
  }

  @Test func outputInAMissingFolderCannotBeWritten() throws {
    let result = try Program.run(
      "convert", try Models.gated.get(), "-o", folder.appending("none/out.onnx"))
    #expect(result.status == 73)
    #expect(result.output.isEmpty)
  }

  @Test func outputMustNotReplaceTheInput() throws {
    let model = folder.appending("model.onnx")
    let bytes = try readBytes(try Models.gated.get())
    try writeFile(bytes, to: model)
    let result = try Program.run("convert", model, "-o", folder.path + "/./model.onnx")
    #expect(result.status == 73)
    #expect(result.errors.contains("--force"))
    #expect(try readBytes(model) == bytes)
    #expect(try Program.run("convert", model, "-o", model, "--force").status == 0)
    #expect(try readBytes(model) != bytes)
  }

  @Test func failureKeepsWhatStoodAtTheOutput() throws {
    let output = folder.appending("out.onnx")
    try writeFile("precious", to: output)
    #expect(try Program.run("convert", try Models.garbage.get(), "-o", output).status == 65)
    #expect(try readFile(output) == "precious")
  }
}
