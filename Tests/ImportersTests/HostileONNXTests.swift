import IR
import Importers
import TestSupport
import Testing

/// Imports `model` from a file of its own.
func importing(_ model: Wire, _ name: String = "model.onnx") throws -> ImportedModel {
  let folder = try TemporaryDirectory()
  var options = ImportOptions()
  options.program = .built()
  return try importModel(at: folder.write(model.bytes, to: name), options: options)
}

/// Expects that `model` is refused with a message that contains every one of `fragments`.
func expectRefusal(
  _ model: Wire, _ kind: ImportError.Kind = .malformed, _ fragments: String...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = #expect(throws: ImportError.self, sourceLocation: sourceLocation) {
    _ = try importing(model)
  }
  guard let error else { return }
  #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
  #expect(error.file.hasSuffix("model.onnx"), sourceLocation: sourceLocation)
  for fragment in fragments {
    #expect(error.description.contains(fragment), sourceLocation: sourceLocation)
  }
}

@Suite struct HostileWireTests {
  static let sound = Wire.model(
    .input("x"), .output("y"), .node("Add", ["x", "w"], ["y"]),
    .initializer("w", dims: [2], .bytes(9, [0, 0, 0, 0, 0, 0, 0, 0])))

  @Test func theSoundModelIsAccepted() throws {
    let model = try importing(Self.sound).model
    #expect(model.graph.nodeIDs.count == 1)
    #expect(model.graph.constantIDs.count == 1)
  }

  @Test func everyTruncationIsRefusedOrSound() throws {
    let folder = try TemporaryDirectory()
    for count in 0..<Self.sound.bytes.count {
      let path = try folder.write(Array(Self.sound.bytes.prefix(count)), to: "cut.onnx")
      #expect(throws: ImportError.self, "cut to \(count) bytes") { try importModel(at: path) }
    }
  }

  @Test func flippedBitsNeverTrap() throws {
    let folder = try TemporaryDirectory()
    var random = SplitMix64(state: 2)
    for _ in 0..<1500 {
      var bytes = Self.sound.bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: bytes.indices, using: &random)
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
      let path = try folder.write(bytes, to: "flipped.onnx")
      do { _ = try importModel(at: path) } catch { #expect(error.message.isEmpty == false) }
    }
  }

  @Test func aLengthBeyondTheEndIsRefusedWithItsOffset() {
    expectRefusal(Wire([0x3a, 0x7f, 0x00]), .malformed, "at byte 1", "claims 127 bytes")
  }

  @Test func obsoleteGroupsAreRefused() {
    expectRefusal(Wire([0x08, 0x09, 0x0b]), .malformed, "at byte 2", "wire type 3")
  }

  @Test func aFieldOfTheWrongWireTypeIsRefused() {
    expectRefusal(Wire([0x0a, 0x00]), .malformed, "wire type 2", "ModelProto")
  }

  @Test func aGraphGivenTwiceIsRefused() {
    expectRefusal(
      Wire(.number(1, 9), .message(7), .message(7)), .malformed, "given twice")
  }

  @Test func aNULInANameIsRefused() {
    expectRefusal(.model(.input("x\0y")), .malformed, "NUL")
  }

  @Test func anInvalidNameIsRefused() {
    expectRefusal(
      .model(.message(11, .bytes(1, [0xff]))), .malformed, "UTF-8")
  }

  @Test func deepNestingIsRefused() {
    var type = Wire()
    for _ in 0..<20_000 { type = .message(4, .message(1, type)) }
    expectRefusal(.model(.message(11, .message(2, type))), .malformed, "100 deep")
  }

  @Test(.timeLimit(.minutes(1))) func aBombOfEmptyNodesIsRefusedQuickly() {
    let nodes = Wire(
      [UInt8](unsafeUninitializedCapacity: 10_000_000) { target, count in
        for index in 0..<5_000_000 {
          target[2 * index] = 0x0a
          target[2 * index + 1] = 0
        }
        count = 10_000_000
      })
    expectRefusal(.model(nodes), .malformed, "more than 1000000 nodes")
  }

  @Test(.timeLimit(.minutes(1))) func aBombOfEmptyMessagesIsRefusedQuickly() {
    let entries = Wire(
      [UInt8](repeating: 0, count: 8_000_000).enumerated().map { index, _ in
        index % 2 == 0 ? 0x72 : 0
      })
    expectRefusal(entries, .malformed, "more than 3000000 messages")
  }

  @Test func fieldsWithPrivateNumbersInTheFileAreLeftOut() throws {
    let node = Wire.node("Relu", ["x"], ["y"], .number(1_000_000, 77))
    let model = try importing(.model(.input("x"), .output("y"), node)).model
    let id = try #require(model.graph.nodeIDs.first)
    #expect(model.graph.nodes[id].annotations == nil)
    #expect(model.graph.nodes[id].origin != .offset(77))
  }

  @Test func privatePayloadPlacesInTheFileAreIgnored() {
    expectRefusal(
      .model(
        .initializer(
          "w", dims: [1], .number(1_000_000, 0), .number(1_000_001, 4), .number(1_000_002, 9))),
      .malformed, "has no elements")
  }
}

@Suite struct HostileGraphTests {
  @Test func anUndefinedOperandIsRefused() {
    expectRefusal(
      .model(.output("y"), .node("Relu", ["x"], ["y"], .text(3, "act"))), .malformed,
      "node 'act' (Relu)", "reads 'x'", "at byte ")
  }

  @Test func anUndefinedOutputIsRefused() {
    expectRefusal(.model(.output("y")), .malformed, "output 'y'")
  }

  @Test func namesInErrorsAreShortAndHarmless() {
    let name = "\u{1b}[2J" + String(repeating: "x", count: 1_000_000)
    let error = #expect(throws: ImportError.self) {
      _ = try importing(.model(.output("y"), .node("Relu", [name], ["y"])))
    }
    #expect((error?.message.count ?? 0) < 1000)
    #expect(error?.description.contains("\u{1b}") == false)
  }

  @Test func aCycleIsRefused() {
    expectRefusal(
      .model(.node("Relu", ["b"], ["a"]), .node("Relu", ["a"], ["b"])), .malformed, "cycle",
      "'a'", "'b'")
  }

  @Test func aNodeThatReadsItselfIsACycle() {
    expectRefusal(.model(.node("Relu", ["a"], ["a"])), .malformed, "cycle")
  }

  @Test func unsortedNodesAreSortedStably() throws {
    let imported = try importing(
      .model(
        .input("x"), .output("c"), .node("Relu", ["b"], ["c"]), .node("Abs", ["x"], ["a"]),
        .node("Neg", ["a"], ["b"]), .node("Exp", ["x"], ["d"])))
    let graph = imported.model.graph
    #expect(graph.nodeIDs.map { graph.nodes[$0].op.type } == ["Abs", "Neg", "Relu", "Exp"])
    #expect(imported.notes.contains { $0.message.contains("sorted") })
  }

  @Test func twoDefinitionsOfAValueAreRefused() {
    expectRefusal(
      .model(.input("x"), .node("Relu", ["x"], ["y"]), .node("Abs", ["x"], ["y"])), .malformed,
      "value 'y'")
    expectRefusal(
      .model(.input("x"), .node("Relu", ["x"], ["x"])), .malformed)
    expectRefusal(.model(.input("x"), .input("x")), .malformed, "input 'x'")
    expectRefusal(
      .model(.initializer("w", dims: [0]), .initializer("w", dims: [0])), .malformed,
      "initializer 'w'")
  }

  @Test func aNodeWithoutOperatorIsRefused() {
    expectRefusal(.model(.message(1, .text(3, "n"))), .malformed, "which operator")
  }

  @Test func attributesThatContradictThemselvesAreRefused() {
    expectRefusal(
      .model(.node("A", [], ["y"], .message(5, .text(1, "k"), .number(20, 2), .text(4, "s")))),
      .malformed, "holds a value of type 3")
    expectRefusal(
      .model(.node("A", [], ["y"], .message(5, .text(1, "k"), .number(20, 4)))), .malformed,
      "lacks the value")
    expectRefusal(
      .model(.node("A", [], ["y"], .message(5, .text(1, "k")))), .malformed, "which type")
  }

  @Test func filesThatAreNoModelAreRefused() {
    expectRefusal(Wire(), .malformed, "empty")
    expectRefusal(Wire(.text(2, "producer")), .malformed, "not an ONNX model")
    expectRefusal(
      Wire([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]), .malformed, "not a sound HDF5 file")
    expectRefusal(Wire([0x50, 0x4b, 3, 4]), .malformed, "ZIP archive is damaged")
  }

  @Test func whatIsNoModelIsCalledSo() {
    expectRefusal(Wire(Array("hello, world".utf8)), .malformed, "neither an ONNX")
    expectRefusal(Wire([0x3a, 0, 0, 0, 0, 1, 0, 0, 0x20]), .malformed)
  }

  @Test func namesAreComparedByTheirBytes() throws {
    let (composed, decomposed) = ("\u{e9}", "e\u{301}")
    let both = try importing(
      .model(
        .input("x"), .output("y"), .node("Relu", ["x"], [composed]),
        .node("Neg", ["x"], [decomposed]), .node("Add", [composed, decomposed], ["y"])))
    #expect(both.model.graph.nodeIDs.count == 3)
    expectRefusal(
      .model(.input(decomposed), .output("y"), .node("Relu", [composed], ["y"])), .malformed,
      "which no node")
  }

  @Test func aModelThatBreaksARuleIsRefusedWithTheNode() {
    expectRefusal(
      .model(.input("x"), .output("y"), .node("Relu", ["x", "x"], ["y"])), .malformed, "Relu",
      "expected 1 operand, found 2")
    expectRefusal(
      .model(.input("x"), .output("y"), .node("Foo", ["x"], ["y"], .text(7, "a.b"))), .malformed,
      "a.b")
  }

  @Test func textsWithoutEndAreRefused() {
    let inputs = Wire([UInt8](repeating: 0, count: 0) + [0x0a, 0x00])
    let many = Wire(joining: Array(repeating: inputs, count: 3_000_001))
    expectRefusal(
      .model(.message(1, .text(4, "Relu"), many)), .malformed,
      "more than 3000000 messages and texts"
    )
  }

  @Test func missingOperatorSetsAreRefusedFromIRVersion3On() throws {
    expectRefusal(Wire(.number(1, 3), .message(7)), .malformed, "opset_import")
    _ = try importing(Wire(.number(1, 2), .message(7)))
  }

  @Test func operatorsOfOldSetsAreOpaque() throws {
    let old = try importing(
      .model(.input("x"), .output("y"), .node("Relu", ["x"], ["y"]), opset: 6, irVersion: 3))
    let id = try #require(old.model.graph.nodeIDs.first)
    #expect(old.model.graph.nodes[id].op.kind == nil)
    #expect(old.notes.contains { $0.message.contains("operator set 6") })
  }

  @Test func functionsThatApplyEachOtherInACircleAreRefused() {
    func function(_ name: String, applying other: String) -> Wire {
      .message(
        25, .text(1, name), .text(10, "f"), .message(9, .number(2, 17)),
        .message(7, .text(4, other), .text(7, "f")))
    }
    expectRefusal(
      Wire(.model(), function("a", applying: "b"), function("b", applying: "a")), .malformed,
      "circle")
    expectRefusal(Wire(.model(), function("a", applying: "a")), .malformed, "circle")
  }

  @Test func anOperatorThatTheModelDefinesItselfIsOpaque() throws {
    let function = Wire.message(
      25, .text(1, "Relu"), .text(4, "a"), .text(5, "a"), .message(9, .number(2, 17)))
    let model = try importing(
      Wire(.model(.input("x"), .output("y"), .node("Relu", ["x"], ["y"])), function)
    ).model
    let id = try #require(model.graph.nodeIDs.first)
    #expect(model.graph.nodes[id].op.kind == nil)
    #expect(model.functions.count == 1)
  }
}

/// A small random number generator with a known sequence.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
