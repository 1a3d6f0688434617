import ArgumentParser
import Testing

@testable import dearc

/// What the command line accepts, without running anything.
@Suite struct OptionTests {
  @Test func shapesMayHaveColonsInTheirNames() throws {
    let shape = try #require(InputShape(argument: "input:0:1,224,224,3"))
    #expect(shape.name == "input:0")
    #expect(shape.extents == [1, 224, 224, 3])
  }

  @Test(arguments: ["x", ":1,2", "x:", "x:1,,2", "x:0", "x:-1", "x:1.5", "x:99999999999999999999"])
  func refusesShapes(text: String) {
    #expect(InputShape(argument: text) == nil)
  }

  @Test func readsACompleteCommand() throws {
    let parsed = try Dearc.parseAsRoot([
      "prune", "a.onnx", "-o", "b.safetensors", "--strict", "--exact-norm", "--skip-pass",
      "fold-affine",
      "--report", "r.json", "--color", "never",
    ])
    let command = try #require(parsed as? PruneCommand)
    #expect(command.input.input == "a.onnx")
    #expect(command.output.output == "b.safetensors")
    #expect(command.passes.skippedPasses == ["fold-affine"])
    #expect(command.report == "r.json")
    #expect(command.strict)
    #expect(command.exactNorm)
    #expect(command.display.color == .never)
  }

  @Test(arguments: [
    ["prune"],
    ["prune", "a.onnx"],
    ["convert", "a.onnx", "-o", "b.pb"],
    ["convert", "a.onnx", "-o", "b"],
    ["convert", "a.onnx", "-o", "b.onnx", "--skip-pass", "no-such-pass"],
    ["convert", "a.onnx", "-o", "b.onnx", "--quiet", "--json"],
    ["inspect"],
    ["inspect", "a.onnx", "--text", "--json"],
    ["inspect", "a.onnx", "--color", "sometimes"],
    ["inspect", "a.onnx", "--input-shape", "x"],
    ["destroy", "a.onnx"],
    ["run", "a.onnx", "b.png", "--preprocess", "crop=x"],
    ["run", "a.onnx", "b.png", "--mean", "0.1,0.2"],
    ["run", "a.onnx", "b.png", "--std", "0"],
    ["run", "a.onnx", "b.png", "--resize", "4097"],
    ["run", "a.onnx", "b.png", "--crop", "0"],
    ["run", "a.onnx", "b.png", "--layout", "chw"],
    ["run", "a.onnx", "b.png", "--scale", "-1"],
    ["run", "a.onnx", "b.png", "--batch", "0"],
    ["run", "a.onnx", "b.png", "--output-means", "logit"],
    ["run", "a.onnx", "--tensor", "a=b.npy", "--batch", "2"],
    ["run", "a.onnx", "--tensor", "a=b.npy", "--output-means", "logit,positive=real"],
    ["convert", "a.onnx", "-o", "b.onnx", "--output-means", "logit,positive=fake"],
    ["convert", "a.onnx", "-o", "b.h5", "--output-means", "logit,positive=real"],
    ["prune", "a.onnx", "-o", "b.h5", "--crop", "224"],
    ["verify", "a.onnx", "b.onnx", "--crop", "224"],
    ["diff", "a.onnx", "b.onnx", "--mean", "0.5"],
  ])
  func refusesCommandLines(arguments: [String]) throws {
    let error = #expect(throws: (any Error).self) { try Dearc.parseAsRoot(arguments) }
    #expect(Dearc.exitCode(for: try #require(error)) == .validationFailure)
  }

  @Test func passesCanBeListedWithoutAModel() throws {
    #expect(try Dearc.parseAsRoot(["prune", "--pass-list"]) is PruneCommand)
  }
}
