import IR
import TestSupport
import Testing

@testable import Passes

@Suite struct HeadReplacementTests {
  private static let head = LinearHead(
    outputs: 2, features: 3, weights: [1, 2, 3, 4, 5, 6], bias: [7, 8])

  private func replaced(_ body: String) throws -> Graph {
    let graph = try parseGraph("graph opset 17 { input %x : f32[N,3] \(body) }")
    let head = try graph.fitted(Self.head, closing: [])
    return try Pipeline.mark([], head: head).run(Model(irVersion: 8, graph: graph)).model.graph
  }

  @Test(arguments: [
    (
      "const %w : f32[2,3] = splat 0.0 const %b : f32[2] = splat 1.0 %y = Gemm(%x,%w,%b) {transB=1, alpha=0.5, beta=3.0} output %y",
      "%y = Gemm(%x, %w, %y.bias) {transB = 1} ~ f32[N, 2]", [1.0, 2, 3, 4, 5, 6]
    ),
    (
      "const %w : f32[3,2] = splat 0.0 %y = Gemm(%x,%w) %z = Sigmoid(%y) output %z",
      "%y = Gemm(%x, %w, %y.bias) ~ f32[N, 2]", [1.0, 4, 2, 5, 3, 6]
    ),
    (
      "const %w : f32[3,2] = splat 0.0 const %b : f32[2] = splat 1.0 %m = MatMul(%x,%w) %y = Add(%b,%m) output %y",
      "%y = Add(%m.bias, %m) ~ f32[N, 2]", [1.0, 4, 2, 5, 3, 6]
    ),
    (
      "const %w : f32[3,2] = splat 0.0 %y = MatMul(%x,%w) output %y",
      "%y = Add(%y_add, %y.bias) ~ f32[N, 2]", [1.0, 4, 2, 5, 3, 6]
    ),
  ])
  func theLastLayerGetsTheHead(body: String, line: String, weights: [Double]) throws {
    let graph = try replaced(body)
    let text = graph.text(PrintOptions(constants: .values, identifiers: .names, origins: false))
    #expect(text.contains(line), "\(text)")
    #expect(text.contains("= dense [7.0, 8.0]"))
    let stored = graph.constantIDs.compactMap { graph.constant($0)?.doubles }
    #expect(stored.contains(weights))
  }

  @Test func aConvolutionOfOnePositionIsAHead() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[N,3,H,W] const %w : f32[2,3,1,1] = splat 0.0
        %p = GlobalAveragePool(%x) %c = Conv(%p,%w) %y = Flatten(%c) output %y
      }
      """)
    let head = try graph.fitted(Self.head, closing: [])
    let result = try Pipeline.mark([], head: head).run(Model(irVersion: 8, graph: graph))
    let text = result.model.graph.text(PrintOptions(identifiers: .names))
    #expect(text.contains("%c = Conv(%p, %w, %c.bias)"))
  }

  @Test func aSummandKeepsItsAxes() throws {
    let graph = try replaced(
      "const %w : f32[3,2] = splat 0.0 const %b : f32[1,1,2] = splat 1.0 %m = MatMul(%x,%w) %y = Add(%m,%b) output %y"
    )
    let text = graph.text(PrintOptions(constants: .values, identifiers: .names, origins: false))
    #expect(text.contains("%y = Add(%m, %m.bias) ~ f32[1, N, 2]"), "\(text)")
  }

  private static let pooled = """
    input %x : f32[N,4,H,W]
    const %v : f32[5,4,1,1] = splat 0.0 const %u : f32[5,5,1,1] = splat 0.0
    const %w : f32[2,5] = splat 0.0
    %c = Conv(%x,%v) %r = Relu(%c) %d = Conv(%r,%u) %e = Relu(%d)
    """

  @Test func aNarrowHeadLeavesOutWhatIsClosed() throws {
    var graph = try parseGraph(
      """
      graph opset 17 { \(Self.pooled)
      %p = GlobalAveragePool(%e) %f = Flatten(%p) %y = Gemm(%f,%w) {transB=1} output %y }
      """)
    graph.inferShapes()
    let mark = ChannelMark(value: "e", axis: 1, closed: [1, 4], scope: .gate)
    let early = ChannelMark(value: "r", axis: 1, closed: [0, 2], scope: .gate)
    let wide = try graph.fitted(Self.head, closing: [early, mark])
    #expect(wide.weights == [1, 0, 2, 3, 0, 4, 0, 5, 6, 0])
    #expect(throws: TargetError.self) { try graph.fitted(Self.head, closing: []) }
    #expect(throws: TargetError.self) { try graph.fitted(Self.head, closing: [early]) }
  }

  @Test func aNarrowHeadOfFlattenedPositionsIsRefused() throws {
    var graph = try parseGraph(
      """
      graph opset 17 { input %x : f32[N,5,1,2] const %w : f32[2,10] = splat 0.0
      %e = Relu(%x) %f = Flatten(%e) %y = Gemm(%f,%w) {transB=1} output %y }
      """)
    graph.inferShapes()
    let mark = ChannelMark(value: "e", axis: 1, closed: [0, 1, 2, 3, 4], scope: .gate)
    let head = LinearHead(
      outputs: 2, features: 5, weights: Array(repeating: 1, count: 10), bias: [7, 8])
    #expect(throws: TargetError.self) { try graph.fitted(head, closing: [mark]) }
  }

  @Test func numbersTooLargeForTheModelAreRefused() throws {
    let graph = try parseGraph(
      "graph opset 17 { input %x : f32[N,3] const %w : f32[3,2] = splat 0.0 %y = MatMul(%x,%w) output %y }"
    )
    let head = LinearHead(
      outputs: 2, features: 3, weights: [1e300, 2, 3, 4, 5, 6], bias: [7, 8])
    #expect(throws: TargetError.self) { try graph.fitted(head, closing: []) }
  }

  /// What stands behind the layer would make the output another than the head's.
  @Test(arguments: [
    "%q = Gemm(%x,%w) %y = Add(%q,%b) output %y",
    "%q = MatMul(%x,%w) %i = Identity(%q) %y = Add(%i,%b) output %y",
    "%q = MatMul(%x,%w) %a = Add(%q,%b) %y = Add(%a,%b) output %y",
    "%q = MatMul(%x,%w) %p = MatMul(%x,%v) %y = Add(%q,%p) output %y",
    "%q = MatMul(%x,%w) %a = Add(%q,%b) %r = Relu(%q) %y = Add(%a,%r) output %y",
    "%q = MatMul(%x,%w) %y = Add(%q,%q) output %y",
    "%q = MatMul(%x,%w) %y = Add(%q,%t) output %y",
    "%q = MatMul(%x,%n) %y = Add(%q,%b) output %y",
  ])
  func otherSumsBehindTheLayerAreRefused(body: String) throws {
    let graph = try parseGraph(
      """
      graph opset 17 { input %x : f32[N,3]
      const %w : f32[3,2] = splat 0.0 const %v : f32[3,2] = splat 2.0
      const %n : f32[3,1] = splat 0.0
      const %b : f32[2] = splat 1.0 const %t : f32[2,2] = splat 1.0 \(body) }
      """)
    #expect(throws: TargetError.self) { try graph.fitted(Self.head, closing: []) }
  }

  @Test(arguments: [
    "%y = Relu(%x) output %y",
    "const %w : f32[3,2] = splat 0.0 %a = MatMul(%x,%w) %y = Exp(%a) output %y",
    "const %w : f32[3,2] = splat 0.0 %y = MatMul(%x,%w) output %y, %x", "output %x",
    "input %w : f32[3,2] %y = MatMul(%x,%w) output %y",
  ])
  func modelsWithoutALastLayerAreRefused(body: String) throws {
    let graph = try parseGraph("graph opset 17 { input %x : f32[N,3] \(body) }")
    #expect(throws: TargetError.self) { try graph.fitted(Self.head, closing: []) }
  }
}
