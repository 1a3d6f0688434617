import TestSupport
import Testing

/// Weights that come to a graph from another file, and weights without their graph.
@Suite struct WeightsTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  @Test(arguments: [
    ("wrapped.safetensors", "all.onnx"), ("nested.h5", "all.onnx"),
    ("half.safetensors", "half.onnx"),
    ("head.h5", "head.onnx"),
  ])
  func replaceThoseOfTheSameNames(file: String, model: String) throws {
    let input = try Models.gated.get()
    try Judge.run("weight_files.py", "write", input, folder.path)
    let output = folder.appending("output.onnx")
    let result = try Program.run(
      "convert", input, "--weights", folder.appending(file), "-o", output, "--no-fold", "--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("\"matched\""))
    try Judge.run(
      "judge.py", "pair", folder.appending(model), output, "--case", "input:2,3,24,40")
  }

  @Test(arguments: [
    ("other.safetensors", "f32 [3] called 'nobody'"), ("wide.safetensors", "f32 ["),
  ])
  func fitAllOrNone(file: String, reason: String) throws {
    let input = try Models.gated.get()
    try Judge.run("weight_files.py", "write", input, folder.path)
    let output = folder.appending("output.onnx")
    let result = try Program.run(
      "prune", input, "--weights", folder.appending(file), "-o", output)
    #expect(result.status == 65)
    #expect(result.errors.contains("1 tensor fits no initializer"))
    #expect(result.errors.contains(reason))
    #expect(try files(under: folder.path, suffix: "output.onnx").isEmpty)
  }

  @Test func areWrittenToHDF5() throws {
    let input = try Models.gated.get()
    let (model, first, second) = (
      folder.appending("model.onnx"), folder.appending("first.h5"), folder.appending("second.h5")
    )
    #expect(try Program.run("convert", input, "-o", model).status == 0)
    for output in [first, second] {
      #expect(try Program.run("convert", input, "-o", output).status == 0)
    }
    #expect(try readBytes(first) == readBytes(second))
    try Judge.run("weight_files.py", "check", model, first)
    let back = folder.appending("back.onnx")
    let result = try Program.run("convert", model, "--weights", first, "-o", back, "--no-fold")
    #expect(result.status == 0, "\(result.errors)")
    try Judge.run("judge.py", "pair", model, back, "--case", "input:2,3,24,40")
  }

  @Test func ofEveryTypeAreWrittenToHDF5() throws {
    let (model, output) = (folder.appending("types.onnx"), folder.appending("types.h5"))
    try Judge.run("weight_files.py", "types", model)
    let result = try Program.run("convert", model, "-o", output, "--no-fold")
    #expect(result.status == 0, "\(result.errors)")
    try Judge.run("weight_files.py", "check", model, output)
  }

  @Test func needAPathInHDF5() throws {
    let model = folder.appending("model.onnx")
    let both = Wire.model(
      .node("Add", ["a", "a/b"], ["y"]), .output("y"),
      .initializer("a", dims: [1], .bytes(9, [0, 0, 128, 63])),
      .initializer("a/b", dims: [1], .bytes(9, [0, 0, 0, 64])))
    try writeFile(both.bytes, to: model)
    let result = try Program.run("convert", model, "-o", folder.appending("w.h5"), "--no-fold")
    #expect(result.status == 65)
    #expect(result.errors.contains("is no path of HDF5's"))
  }
}
