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

  @Test func namesThatDifferByLittleAreToldApart() throws {
    try Judge.run("weight_files.py", "twins", folder.path)
    let (input, output) = (folder.appending("twins.onnx"), folder.appending("output.onnx"))
    let result = try Program.run(
      "convert", input, "--weights", folder.appending("exact.safetensors"), "-o", output,
      "--no-fold")
    #expect(result.status == 0, "\(result.errors)")
    try Judge.run("judge.py", "pair", folder.appending("exact.onnx"), output, "--case", "x:2,3")
    let refused = try Program.run(
      "convert", input, "--weights", folder.appending("alike.safetensors"), "-o", output)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("called 'a//b'"))
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

  /// Nothing is written that HDF5, or dearc's own reader, would not take.
  @Test(arguments: [
    ("a/b", [1], "is no path of HDF5's"), ("/", [1], "is no path of HDF5's"),
    ("b/../c", [1], "is no path of HDF5's"),
    (String(repeating: "d/", count: 64) + "d", [1], "nests more than 63 groups"),
    (String(repeating: "d/", count: 100_000) + "d", [1], "nests more than 63 groups"),
    ("b", Array(repeating: 1, count: 33), "it has 33 axes"),
  ])
  func needAPlaceInHDF5(name: String, shape: [Int64], reason: String) throws {
    let (model, output) = (folder.appending("model.onnx"), folder.appending("w.h5"))
    let both = Wire.model(
      .node("Add", ["a", name], ["y"]), .output("y"),
      .initializer("a", dims: [1], .bytes(9, [0, 0, 128, 63])),
      .initializer(name, dims: shape, .bytes(9, [0, 0, 0, 64])))
    try writeFile(both.bytes, to: model)
    let result = try Program.run("convert", model, "-o", output, "--no-fold")
    #expect(result.status == 65)
    #expect(result.errors.contains(reason))
    #expect(try files(under: folder.path, suffix: ".h5").isEmpty)
  }

  @Test func nestAsDeepAsTheyAreRead() throws {
    let (model, output) = (folder.appending("model.onnx"), folder.appending("w.h5"))
    let name = String(repeating: "d/", count: 63) + "d"
    let deep = Wire.model(
      .node("Identity", [name], ["y"]), .output("y"),
      .initializer(name, dims: [1], .bytes(9, [0, 0, 0, 64])))
    try writeFile(deep.bytes, to: model)
    #expect(try Program.run("convert", model, "-o", output, "--no-fold").status == 0)
    let result = try Program.run(
      "convert", model, "--weights", output, "-o", folder.appending("back.onnx"), "--no-fold")
    #expect(result.status == 0, "\(result.errors)")
  }
}
