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

  @Test func aNarrowHeadLeavesOutWhatIsClosed() throws {
    let graph = try parseGraph(
      "graph opset 17 { input %x : f32[N,5] const %w : f32[2,5] = splat 0.0 %y = Gemm(%x,%w) {transB=1} output %y }"
    )
    let mark = ChannelMark(value: "v", axis: 1, closed: [1, 4], scope: .gate)
    let wide = try graph.fitted(Self.head, closing: [mark])
    #expect(wide.weights == [1, 0, 2, 3, 0, 4, 0, 5, 6, 0])
    #expect(throws: TargetError.self) { try graph.fitted(Self.head, closing: []) }
    #expect(throws: TargetError.self) { try graph.fitted(Self.head, closing: [mark, mark]) }
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
