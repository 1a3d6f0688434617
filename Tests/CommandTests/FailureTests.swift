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

  @Test(arguments: ["none/report.json", "model.onnx"])
  func aReportThatCannotBeWrittenLeavesNoModel(report: String) throws {
    let model = folder.appending("model.onnx")
    let bytes = try readBytes(try Models.gated.get())
    try writeFile(bytes, to: model)
    let result = try Program.run(
      "prune", model, "-o", folder.appending("out.onnx"), "--report", folder.appending(report))
    #expect(result.status == 73)
    #expect(try folder.contents() == ["model.onnx"])
    #expect(try readBytes(model) == bytes)
  }

  @Test func aReportIsNotTheOutput() throws {
    let output = folder.appending("out.onnx")
    let result = try Program.run("prune", try Models.gated.get(), "-o", output, "--report", output)
    #expect(result.status == 64)
    #expect(try folder.contents().isEmpty)
  }

  @Test func strictFailsWhereAChannelHasToStay() throws {
    let model = try PaddedConstants.make(in: folder)
    let output = folder.appending("out.onnx")
    let result = try Program.run("prune", model, "-o", output, "--strict")
    #expect(result.status == 1)
    #expect(result.errors.contains("have to stay"))
    #expect(try folder.contents() == ["padded.onnx"])
    #expect(try Program.run("prune", model, "-o", output).status == 0)
  }

  @Test func aResultThatNobodyTakesIsAFailure() throws {
    let program = try Program.path()
    let model = try Models.gated.get()
    let shell = try runProcess(
      "/bin/sh", ["-c", "\"$0\" inspect \"$1\" >/dev/full", program, model])
    #expect(shell.status == 73)
    #expect(shell.errors.contains("standard output"))
  }

  @Test func pathsAreNeverRespelt() throws {
    let program = try Program.path()
    let script =
      "cp \"$1\" \"$2/$(printf 'a\\377').onnx\"; \"$0\" inspect \"$2/$(printf 'a\\377').onnx\""
    let shell = try runProcess(
      "/bin/sh", ["-c", script, program, try Models.gated.get(), folder.path])
    #expect(shell.status == 64)
    #expect(shell.errors.contains("UTF-8"))
  }

  @Test(arguments: ["y:1,3,64,64", "input:1,4,64,64"])
  func inputShapesMustFit(shape: String) throws {
    let result = try Program.run(
      "convert", try Models.gated.get(), "-o", folder.appending("out.onnx"), "--input-shape", shape)
    #expect(result.status == 64)
    #expect(try folder.contents().isEmpty)
  }

  @Test func failureKeepsWhatStoodAtTheOutput() throws {
    let output = folder.appending("out.onnx")
    try writeFile("precious", to: output)
    #expect(try Program.run("convert", try Models.garbage.get(), "-o", output).status == 65)
    #expect(try readFile(output) == "precious")
  }
}

/// A model with one constant channel that a padded window reads, which has to stay.
private enum PaddedConstants {
  static func make(in folder: TemporaryDirectory) throws -> String {
    let path = folder.appending("padded.onnx")
    let code = """
      import sys, numpy as np, onnx
      from onnx import helper, numpy_helper
      w = np.ones((3, 2, 1, 1), np.float32); w[1] = 0
      v = np.ones((1, 3, 3, 3), np.float32)
      g = helper.make_graph(
          [helper.make_node("Conv", ["x", "w", "b"], ["a"]),
           helper.make_node("Conv", ["a", "v"], ["y"], pads=[1, 1, 1, 1])],
          "g", [helper.make_tensor_value_info("x", 1, [1, 2, 5, 5])],
          [helper.make_tensor_value_info("y", 1, [1, 1, 5, 5])],
          [numpy_helper.from_array(w, "w"), numpy_helper.from_array(v, "v"),
           numpy_helper.from_array(np.array([0, 0.5, 0], np.float32), "b")])
      onnx.save(helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)]), sys.argv[1])
      """
    let result = try runProcess(try Python.interpreter(), ["-c", code, path])
    try #require(result.status == 0, "\(result.errors)")
    return path
  }
}
