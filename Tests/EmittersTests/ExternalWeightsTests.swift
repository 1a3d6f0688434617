import Emitters
import Foundation
import Formats
import IR
import Importers
import TestSupport
import Testing

@Suite struct ExternalWeightsTests {
  let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// A model with initializers of the given sizes, small enough to compare.
  private func model(_ sizes: [Int]) throws -> String {
    let tensors = sizes.enumerated().map { index, size in
      Wire.initializer(
        "w\(index)", type: 2, dims: [Int64(size)],
        .bytes(9, [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size)))
    }
    let node = Wire.node(
      "Concat", sizes.indices.map { "w\($0)" }, ["y"],
      .message(
        5, .text(1, "axis"), .number(3, 0), .number(20, 2)))
    let bytes = Wire.model(.output("y"), node, Wire(joining: tensors)).bytes
    return try folder.write(bytes, to: "in.onnx")
  }

  @Test func largeWeightsGoToASecondFileAtPageBoundaries() throws {
    let original = try model([3000, 10, 5000, 1024])
    var options = EmissionOptions()
    options.messageByteLimit = 2000
    let emission = try emitONNX(
      importModel(at: original).model, to: folder.appending("out.onnx"), options: options)
    #expect(try folder.contents() == ["in.onnx"])
    try emission.commit()
    #expect(emission.paths == ["out.onnx", "out.onnx.data"].map(folder.appending))
    #expect(try readBytes(emission.paths[1]).count == 3 * 4096 + 1024)
    let pair = "\(original)\t\(folder.appending("out.onnx"))\n"
    try Python.judge("compare_models.py", input: pair)
    let imported = try importModel(at: folder.appending("out.onnx"))
    #expect(imported.externalFiles.map(\.byteCount) == [3 * 4096 + 1024])
    #expect(imported.byteCount == emission.byteCount)
    try emitONNX(imported.model, to: folder.appending("again.onnx")).commit()
    #expect(try folder.contents() == ["again.onnx", "in.onnx", "out.onnx", "out.onnx.data"])
    try Python.judge(
      "compare_models.py", input: "\(original)\t\(folder.appending("again.onnx"))\n")
  }

  @Test func aMessageThatCannotBeMadeSmallEnoughIsRefused() throws {
    let original = try model([10, 10])
    var options = EmissionOptions()
    options.messageByteLimit = 50
    let error = #expect(throws: EmitError.self) {
      try emitONNX(
        importModel(at: original).model, to: folder.appending("out.onnx"), options: options
      ).commit()
    }
    #expect(error?.kind == .unrepresentable)
    #expect(try folder.contents() == ["in.onnx"])
  }

  @Test func theInputIsNotReplaced() throws {
    let original = try model([10])
    let imported = try importModel(at: original)
    var options = EmissionOptions()
    options.inputs = [try #require(FileIdentity(path: original))]
    let error = #expect(throws: EmitError.self) {
      try emitONNX(imported.model, to: original, options: options).commit()
    }
    #expect(error?.kind == .cannotWrite)
    try emitONNX(imported.model, to: original).commit()
    try emitSafetensors(imported.model, to: folder.appending("still.safetensors")).commit()
  }

  /// The weights are a hole in a file: 2.5 GiB to the model, a few blocks on disk.
  @Test func modelsAbove2GiBKeepTheirWeightsOutside() throws {
    let size = 5 << 29
    let holes = folder.appending("holes")
    _ = try folder.write([], to: "holes")
    try #require(FileHandle(forWritingAtPath: holes)).truncate(atOffset: UInt64(size))
    let weights = Wire.initializer(
      "w", type: 2, dims: [Int64(size)], .number(14, 1),
      .message(13, .text(1, "location"), .text(2, "holes")))
    let bytes = Wire.model(.output("y"), .node("Identity", ["w"], ["y"]), weights).bytes
    let imported = try importModel(at: folder.write(bytes, to: "in.onnx"))
    #expect(imported.byteCount == bytes.count + size)
    let emission = try emitONNX(imported.model, to: folder.appending("out.onnx"))
    #expect((size..<size + 1000).contains(emission.byteCount))
    try emission.commit()
    let back = try importModel(at: folder.appending("out.onnx")).model.graph
    #expect(back.constantIDs.compactMap { back.constant($0)?.shape } == [[size]])
  }
}
