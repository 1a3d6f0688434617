import IR
import TestSupport
import Testing

@testable import Passes

@Suite struct WeightFlushingTests {
  private func pruned(below bound: Double?) throws -> PipelineResult {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[N,2,H,W]
        const %w : f32[3,2,1,1] = dense [1.0, 2.0, 1e-41, -1e-20, 3.0, 0.0009765625]
        const %v : f32[1,3,1,1] = dense [1.0, 1.0, 1.0]
        %a = Conv(%x,%w) %r = Relu(%a) %y = Conv(%r,%v) output %y
      }
      """)
    graph.inferShapes()
    return try Pipeline.prune(closing: [], flushingBelow: bound)
      .run(Model(irVersion: 8, graph: graph))
  }

  private func channels(_ result: PipelineResult) -> Int? {
    let graph = result.model.graph
    return graph.constantIDs.first { graph.values[$0].name == "w" }
      .flatMap { graph.constant($0)?.shape[0] }
  }

  @Test func nothingIsFlushedUnasked() throws {
    let result = try pruned(below: nil)
    #expect(channels(result) == 3)
    #expect(result.flushed == nil)
  }

  @Test func weightsBelowTheBoundAreZero() throws {
    let result = try pruned(below: 1e-10)
    #expect(channels(result) == 2)
    let flushed = try #require(result.flushed)
    #expect(flushed.count == 2 && flushed.of == 6)
    #expect((0.9e-20...1.1e-20).contains(flushed.largest))
  }

  @Test func aWeightAtTheBoundStays() throws {
    #expect(try pruned(below: 0.0009765625).flushed?.count == 2)
    #expect(try pruned(below: 0.000976563).flushed?.count == 3)
    #expect(try pruned(below: 1e-45).flushed == nil)
  }
}
