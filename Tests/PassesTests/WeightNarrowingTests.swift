import IR
import TestSupport
import Testing

@testable import Passes

/// Which tensors are stored in fewer bits, and which must stay; numpy and onnxruntime judge the numbers
/// in CommandTests.
@Suite struct WeightNarrowingTests {
  private func run(
    _ statements: String, _ pipeline: Pipeline, opset: Int = 17
  ) throws -> PipelineResult {
    var graph = try parseGraph("graph opset \(opset) { \(statements) }")
    graph.inferShapes()
    return try pipeline.run(Model(irVersion: 8, graph: graph))
  }

  private func narrow(
    _ statements: String, to precision: WeightPrecision?
  ) throws -> PipelineResult {
    try run(statements, Pipeline.empty.storingWeights(in: precision))
  }

  private func constants(_ result: PipelineResult) -> [String] {
    let graph = result.model.graph
    return graph.constantIDs.map {
      "\(graph.values[$0].name) \(graph.values[$0].elementType as Any)"
    }
    .map { $0.replacing("Optional(", with: "").replacing(")", with: "") }
  }

  private func operators(_ result: PipelineResult) -> [String] {
    result.model.graph.nodeIDs.map { result.model.graph.nodes[$0].op.type }
  }

  private static let matrix = "input %x : f32[3,32] const %w : f32[32,32] = splat 0.3"

  // MARK: What changes

  /// Case 1: one Cast for all readers, right before the first, with the name that they read.
  @Test(arguments: [WeightPrecision.half, .brain])
  func halvesAreWidenedOnce(precision: WeightPrecision) throws {
    let result = try narrow(
      "\(Self.matrix) %a = Relu(%x) %b = MatMul(%a,%w) %y = MatMul(%b,%w) output %y", to: precision)
    #expect(operators(result) == ["Relu", "Cast", "MatMul", "MatMul"])
    #expect(constants(result) == ["w_\(precision.rawValue) \(precision.rawValue)"])
    let graph = result.model.graph
    let wide = try #require(graph.nodes[graph.nodeIDs[1]].output(0))
    #expect(graph.values[wide].name == "w" && graph.values[wide].uses.count == 2)
    let weight = try #require(result.precision?.weights.first)
    #expect(weight.name == "w" && weight.count == 1024 && weight.reason == nil)
    #expect((0..<precision.tolerance).contains(try #require(weight.relativeError)))
  }

  /// Case 2: the axis of output channels is that of each operator.
  @Test(arguments: [
    ("input %x : f32[1,8,9,9] const %w : f32[16,8,3,3] = splat 0.3 %y = Conv(%x,%w)", 0, 16),
    (
      "input %x : f32[1,8,9,9] const %w : f32[16,4,5,5] = splat 0.3 %y = Conv(%x,%w) {group=2}", 0,
      16
    ),
    (
      "input %x : f32[1,8,9,9] const %w : f32[8,16,3,3] = splat 0.3 "
        + "%y = ConvTranspose(%x,%w) {group=2}",
      1, 16
    ),
    ("input %x : f32[3,32] const %w : f32[32,64] = splat 0.3 %y = Gemm(%x,%w)", 1, 64),
    ("input %x : f32[3,32] const %w : f32[64,32] = splat 0.3 %y = Gemm(%x,%w) {transB=1}", 0, 64),
    ("input %x : f32[3,32] const %w : f32[32,64] = splat 0.3 %y = MatMul(%x,%w)", 1, 64),
    ("input %x : f32[2,3,32] const %w : f32[2,32,64] = splat 0.3 %y = MatMul(%x,%w)", 2, 64),
  ])
  func bytesHaveAScaleForEachOutput(_ statements: String, _ axis: Int, _ extent: Int) throws {
    let result = try narrow("\(statements) output %y", to: .byte)
    #expect(constants(result) == ["w_i8 i8", "w_scale f32"])
    let graph = result.model.graph
    let node = try #require(graph.nodeIDs.first)
    #expect(graph.attribute(node, "axis", default: -1) == axis)
    #expect(graph.constant(graph.nodes[node].input(1))?.shape == [extent])
    #expect(graph.constant(graph.nodes[node].input(0))?.bytes?.allSatisfy { $0 == 127 } == true)
  }

  @Test func bodiesReadWhatTheyReadBefore() throws {
    let result = try narrow(
      """
      \(Self.matrix) input %c : bool[]
      %y = If(%c) {
        then_branch = graph { %a = MatMul(%x,%w) output %a },
        else_branch = graph { %b = Neg(%w) %d = MatMul(%x,%b) output %d }
      }
      output %y
      """, to: .half)
    #expect(operators(result) == ["Cast", "If"])
    let captures = result.model.graph.nodes[try #require(result.model.graph.nodeIDs.last)].captures
    #expect(captures.map { result.model.graph.values[$0].name }.contains("w"))
  }

  @Test func whatDescribesATensorStaysWithIt() throws {
    var graph = try parseGraph("graph opset 17 { \(Self.matrix) %y = MatMul(%x,%w) output %y }")
    let weight = try #require(graph.constantIDs.first)
    var constant = try #require(graph.constant(weight))
    var annotations = Annotations()
    annotations.documentation = "trained"
    constant.annotations = annotations
    graph.replaceConstant(weight, with: constant)
    let result = try Pipeline.empty.storingWeights(in: .half).run(Model(irVersion: 8, graph: graph))
    #expect(result.model.graph.constant(weight)?.annotations?.documentation == "trained")
  }

  // MARK: What stays

  @Test(arguments: [
    ("const %w : f32[32,31] = splat 0.3 %y = MatMul(%x,%w)", "fewer than 1024 elements"),
    ("const %w : f32[32,32] = splat 0.3 %y = MatMul(%x,%w) output %w", "the caller receives it"),
    ("const %w : f32[32,32] = splat 0.3 %y = Relu(%x)", "no node reads it"),
    ("const %w : f32[32,32] = splat inf %y = MatMul(%x,%w)", "not all elements are finite"),
    ("const %w : f32[32,32] = splat nan %y = MatMul(%x,%w)", "not all elements are finite"),
    (
      "const %w : f64[32,32] = splat 0.3 %c = Cast(%w) {to = 1} %y = MatMul(%x,%c)",
      "stored as f64 already"
    ),
    ("const %w : i64[1024] = splat 1 %y = Gather(%x,%w)", "stored as i64 already"),
    (
      "%w = Constant() {value = tensor f32[32,32] splat 0.3} %y = MatMul(%x,%w)",
      "stored in a Constant node"
    ),
  ])
  func whateverThePrecision(_ statements: String, _ reason: String) throws {
    for precision in [WeightPrecision.half, .brain, .byte] {
      let result = try narrow("input %x : f32[3,32] \(statements) output %y", to: precision)
      #expect(result.changes.isEmpty)
      #expect(result.precision?.weights.map(\.reason) == [reason])
    }
  }

  /// Case 1 and its bounds: numbers that the type does not hold, or only as others.
  @Test(arguments: [
    (Float(65504), WeightPrecision.half, nil), (65505, .half, "elements beyond 65504.0"),
    (1e-7, .half, "rounding errors above 0.001"), (6e-5, .half, nil), (1e-7, .brain, nil),
    (3e38, .brain, nil), (.leastNonzeroMagnitude, .byte, "rounding errors above 0.02"),
    (1e-30, .byte, nil),
    (0, .half, nil), (0, .brain, nil), (0, .byte, nil),
  ])
  func numbersOutOfReachStay(
    _ number: Float, _ precision: WeightPrecision, _ reason: String?
  ) throws {
    let result = try narrow(
      "input %x : f32[3,32] const %w : f32[32,32] = splat \(number) %y = MatMul(%x,%w) output %y",
      to: precision)
    #expect(result.precision?.weights.map(\.reason) == [reason])
    #expect(result.changes.isEmpty == (reason != nil))
  }

  /// Case 2: bytes are for weights of layers only.
  @Test(arguments: [
    ("%y = Add(%x,%w)", "read as something else than weights of a layer"),
    ("%y = MatMul(%w,%x)", "read as something else than weights of a layer"),
    ("%a = MatMul(%x,%w) %y = Add(%a,%w)", "read as something else than weights of a layer"),
    (
      "%a = MatMul(%x,%w) %y = Einsum(%a,%w) {equation = \"ij,jk->ik\"}",
      "read as something else than weights of a layer"
    ),
    (
      "%a = Gemm(%x,%w) %y = Gemm(%a,%w) {transB=1}",
      "read by layers with output channels along different axes"
    ),
  ])
  func bytesAreForWeightsOfLayers(_ statements: String, _ reason: String) throws {
    let text = "input %x : f32[32,32] const %w : f32[32,32] = splat 0.3 \(statements) output %y"
    let result = try narrow(text, to: .byte)
    #expect(result.changes.isEmpty)
    #expect(result.precision?.weights.map(\.reason) == [reason])
    #expect(try narrow(text, to: .half).precision?.weights.map(\.reason) == [nil])
  }

  @Test func scalesMustNotTakeWhatBytesSave() throws {
    let result = try narrow(
      "input %x : f32[3,1] const %w : f32[1,2048] = splat 0.3 %y = MatMul(%x,%w) output %y",
      to: .byte)
    #expect(
      result.precision?.weights.map(\.reason) == ["scales would take what whole numbers save"])
  }

  @Test func whatBodiesStoreStays() throws {
    let result = try narrow(
      """
      input %x : f32[3,32] input %c : bool[]
      %y = If(%c) {
        then_branch = graph { const %v : f32[32,32] = splat 0.3 %a = MatMul(%x,%v) output %a },
        else_branch = graph { %b = Neg(%x) output %b }
      }
      output %y
      """, to: .half)
    #expect(result.precision?.weights.map(\.reason) == ["stored in the body of a node"])
    #expect(result.changes.isEmpty)
  }

  // MARK: What was compact

  private static let half =
    "input %x : f32[3,32] const %w_f16 : f16[32,32] = splat 0.3 %w = Cast(%w_f16) {to = 1} "
  private static let byte =
    "input %x : f32[3,32] const %w_i8 : i8[32,32] = splat 9 const %w_scale : f32[32] = splat 0.3 "
    + "%w = DequantizeLinear(%w_i8,%w_scale) {axis = 1} "

  /// Folding leaves it alone, and without a precision it comes out as it went in.
  @Test(arguments: [half, byte])
  func compactWeightsStaySo(_ statements: String) throws {
    let text = statements + "%y = MatMul(%x,%w) output %y"
    #expect(try run(text, .fold).changes.isEmpty)
    let before = try narrow(text, to: nil)
    let names = statements == Self.half ? ["w_f16 f16"] : ["w_i8 i8", "w_scale f32"]
    #expect(constants(before).sorted() == names)
    #expect(before.precision?.weights.map(\.relativeError) == [0])
    #expect(try narrow(text, to: .single).precision == nil)
    #expect(constants(try narrow(text, to: .single)) == ["w f32"])
  }

  /// Case 3 where bytes are asked for but would not be read by a layer.
  @Test func whatCannotBecomeSmallerDoesNotBecomeLarger() throws {
    let text = Self.half + "%n = Neg(%w) %y = MatMul(%x,%n) output %y"
    let result = try narrow(text, to: .byte)
    #expect(constants(result) == ["w_f16 f16"])
    #expect(result.precision?.weights.map(\.relativeError) == [0])
  }

  @Test func smallWidenedTensorsAreFolded() throws {
    let result = try run(
      "input %x : f32[3,4] const %h : f16[4] = splat 2 %w = Cast(%h) {to = 1} %y = Mul(%x,%w) output %y",
      .fold)
    #expect(operators(result) == ["Mul"])
  }

  /// Case 3: what pruning leaves of the numbers is stored as before.
  @Test(arguments: [
    "const %w_f16 : f16[32,32,1,1] = splat 0.3 %w = Cast(%w_f16) {to = 1}",
    "const %w_i8 : i8[32,32,1,1] = splat 9 const %w_scale : f32[32] = splat 0.3 "
      + "%w = DequantizeLinear(%w_i8,%w_scale) {axis = 0}",
  ])
  func prunedWeightsStayCompact(_ weights: String) throws {
    let gate = (0..<32).map { $0 % 3 == 0 ? "0" : "1" }.joined(separator: ", ")
    let result = try run(
      """
      input %x : f32[1,32,5,5] \(weights) const %g : f32[1,32,1,1] = dense [\(gate)]
      const %v : f32[4,32,1,1] = splat 0.5
      %a = Conv(%x,%w) %b = Relu(%a) %c = Mul(%b,%g) %y = Conv(%c,%v) output %y
      """, .prune.storingWeights(in: nil))
    let graph = result.model.graph
    let stored = graph.constantIDs.filter { graph.values[$0].name.hasPrefix("w_") }
      .compactMap { graph.constant($0)?.shape[0] }
    #expect(!stored.isEmpty && stored.allSatisfy { $0 == 21 })
    #expect(result.precision?.weights.map(\.reason) == [nil])
  }

  @Test func whatIsNoLongerExactBecomesSingle() throws {
    let result = try run(
      """
      input %x : f32[1,32,5,5] const %w_f16 : f16[32,32,1,1] = splat 0.3 %w = Cast(%w_f16) {to = 1}
      const %s : f32[1,32,1,1] = splat 0.7
      %a = Conv(%x,%w) %y = Mul(%a,%s) output %y
      """, .prune.storingWeights(in: nil))
    #expect(operators(result) == ["Conv"])
    #expect(
      result.precision?.weights.map(\.reason) == ["holds what f16 does not hold exactly any more"])
  }

  /// What dearc would not write so again stays as it is.
  @Test(arguments: [
    "const %q : i8[32,32] = splat 9 const %s : f32[] = splat 0.3 %w = DequantizeLinear(%q,%s)",
    "const %q : u8[32,32] = splat 9 const %s : f32[32] = splat 0.3 "
      + "%w = DequantizeLinear(%q,%s) {axis = 1}",
    "const %q : i8[32,32] = splat 9 const %s : f32[32] = splat 0.3 const %z : i8[32] = splat 1 "
      + "%w = DequantizeLinear(%q,%s,%z) {axis = 1}",
    "const %h : f64[32,32] = splat 0.3 %w = Cast(%h) {to = 1}",
    "const %h : f16[32,32] = splat 0.3 %w = Cast(%h) {to = 1} %v = Cast(%h) {to = 1}",
  ])
  func otherStoredFormsAreLeftAlone(_ weights: String) throws {
    let text = "input %x : f32[3,32] \(weights) %y = MatMul(%x,%w) output %y"
    #expect(try narrow(text, to: .single).changes.isEmpty)
    #expect(try narrow(text, to: nil).changes.isEmpty)
  }
}
