import Emitters
import Formats
import IR
import Importers
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// Makes a model with the onnx package.
  private func make(_ kind: String) throws -> String {
    let path = folder.appending("\(kind).onnx")
    try Python.judge("make_models.py", [kind, path])
    return path
  }

  @Test func otherReadersSeeTheTensorsAndRunTheGraph() throws {
    let original = try make("small")
    let stored = folder.appending("small.safetensors")
    try emitSafetensors(importModel(at: original).model, to: stored).commit()
    try Python.judge("run_safetensors.py", [original, stored])
  }

  @Test(arguments: ["small", "everything"])
  func aModelSurvivesBothFormats(_ kind: String) throws {
    let original = try make(kind)
    let model = try importModel(at: original).model
    try emitONNX(model, to: folder.appending("direct.onnx")).commit()
    try emitSafetensors(model, to: folder.appending("stored.safetensors")).commit()
    try emitONNX(
      importModel(at: folder.appending("stored.safetensors")).model,
      to: folder.appending("back.onnx")
    ).commit()
    #expect(
      try readBytes(folder.appending("back.onnx")) == readBytes(folder.appending("direct.onnx")))
    let pairs = "\(original)\t\(folder.appending("direct.onnx"))\n"
    try Python.judge("compare_models.py", input: pairs)
  }

  @Test func weightsAreAlignedAndLent() throws {
    let stored = folder.appending("small.safetensors")
    try emitSafetensors(importModel(at: make("small")).model, to: stored).commit()
    let file = try MappedFile(path: stored)
    let header = try SafetensorsHeader(reading: file)
    #expect(header.dataOffset % 64 == 0)
    #expect(header.entries.map(\.name) == ["b", "scale_n", "scale_p", "w", "zero", "h"])
  }

  @Test func recordsGoAlongAndComeBackApart() throws {
    let model = try importModel(at: make("small")).model
    var options = EmissionOptions()
    options.records = [MetadataEntry(key: "dearc.provenance", value: "{\"a\":\"é\"}")]
    try emitSafetensors(model, to: folder.appending("a.safetensors"), options: options).commit()
    try emitONNX(model, to: folder.appending("a.onnx"), options: options).commit()
    for name in ["a.safetensors", "a.onnx"] {
      let imported = try importModel(at: folder.appending(name))
      #expect(imported.provenance == options.records)
      #expect(imported.model.annotations.metadata.isEmpty)
      #expect(imported.notes.isEmpty)
    }
  }

  @Test func recordsThatHideTheGraphAreRefused() throws {
    let model = try importModel(at: make("small")).model
    var options = EmissionOptions()
    options.records = [MetadataEntry(key: "onnx", value: "{}")]
    let error = #expect(throws: EmitError.self) {
      try emitSafetensors(model, to: folder.appending("a.safetensors"), options: options).commit()
    }
    #expect(error?.kind == .unrepresentable)
  }

  @Test func emissionIsDeterministic() throws {
    let model = try importModel(at: make("everything")).model
    for emit in [emitONNX, emitSafetensors] {
      try emit(model, folder.appending("one"), EmissionOptions()).commit()
      try emit(model, folder.appending("two"), EmissionOptions()).commit()
      #expect(try readBytes(folder.appending("one")) == readBytes(folder.appending("two")))
    }
  }

  @Test func initializersOfOneNameGetKeysOfTheirOwn() throws {
    func branch(_ value: UInt8) -> Wire {
      Wire(
        .text(2, "b"), .initializer("w", type: 2, dims: [1], .bytes(9, [value])),
        .node("Identity", ["w"], ["o"]), .output("o"))
    }
    let node = Wire.node(
      "If", ["c"], ["y"],
      .message(5, .text(1, "then_branch"), .number(20, 5), .message(6, branch(1))),
      .message(5, .text(1, "else_branch"), .number(20, 5), .message(6, branch(2))))
    let model = Wire.model(.input("c"), .output("y"), node)
    let original = try folder.write(model.bytes, to: "if.onnx")
    let stored = folder.appending("if.safetensors")
    try emitSafetensors(importModel(at: original).model, to: stored).commit()
    let header = try SafetensorsHeader(reading: MappedFile(path: stored))
    #expect(header.entries.map(\.name) == ["w", "w#2"])
    try emitONNX(importModel(at: stored).model, to: folder.appending("back.onnx")).commit()
    try Python.judge("compare_models.py", input: "\(original)\t\(folder.appending("back.onnx"))\n")
  }

  @Test func aFileWithoutGraphIsRefused() throws {
    let header = try SafetensorsHeader.encode(metadata: [], tensors: [])
    let path = try folder.write(header, to: "bare.safetensors")
    let error = #expect(throws: ImportError.self) { try importModel(at: path) }
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("no graph") == true)
  }

  @Test func fieldsThatOtherReadersWouldNotSeeAreRefused() throws {
    // Field 1 of the graph is a node; onnx-safetensors would read a graph without it.
    let graph = "{\"ir_version\":\"9\",\"opset_import\":[{\"version\":\"17\"}],\"graph\":{}}"
    let header = try SafetensorsHeader.encode(
      metadata: [("onnx", graph), ("dearc.onnx.unknown_fields", "{\"graph\":\"CgA=\"}")],
      tensors: [])
    let path = try folder.write(header, to: "hidden.safetensors")
    let error = #expect(throws: ImportError.self) { try importModel(at: path) }
    #expect(error?.message.contains("ONNX defines it") == true)
  }

  @Test func aGraphThatDoesNotFitTheTensorsIsRefused() throws {
    func refusal(_ graph: String, _ drafts: [SafetensorsDraft] = []) throws -> String {
      let header = try SafetensorsHeader.encode(metadata: [("onnx", graph)], tensors: drafts)
      let path = try folder.write(
        header + [UInt8](repeating: 0, count: drafts.reduce(0) { $0 + $1.byteCount }),
        to: "bad.safetensors")
      return try #require(throws: ImportError.self) { try importModel(at: path) }.description
    }
    func model(_ location: String) -> String {
      """
      {"ir_version":"9","opset_import":[{"version":"17"}],"graph":{"initializer":[{"name":"w",\
      "data_type":1,"dims":["2"],"data_location":"EXTERNAL","external_data":[{"key":"location",\
      "value":"\(location)"}]}]}}
      """
    }
    let halves = SafetensorsDraft(name: "w", type: .float16, shape: [4], byteCount: 8)
    #expect(try refusal(model(".")).contains("no tensor 'w'"))
    #expect(try refusal(model("other")).contains("outside"))
    #expect(try refusal(model("."), [halves]).contains("stores F16 [4]"))
    #expect(try refusal("{}").contains("not an ONNX model"))
    #expect(try refusal("{\"graph\":{},\"graph\":{}}").contains("appears twice"))
    #expect(try refusal("{\"grap\":{}}").contains("no field 'grap'"))
    #expect(try refusal("{\"ir_version\":\"x\"}").contains("whole number"))
    #expect(try refusal("[]").contains("expected '{'"))
    let deep = String(repeating: "{\"graph\":{\"node\":[{\"attribute\":[{\"g\":", count: 60)
    #expect(try refusal(deep).contains("'onnx' metadata"))
  }
}
