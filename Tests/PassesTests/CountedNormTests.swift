import IR
import TestSupport
import Testing

@testable import Passes

@Suite struct CountedNormTests {
  /// Each trial analyses the whole graph, so that of many norms the last are tried together.
  @Test(arguments: [(3, 3), (16, 16), (19, 16)])
  func trialsAreBounded(norms: Int, trials: Int) throws {
    let pipeline = Pipeline(stages: [.once(ChannelPruning.pass(countingConstants: true))])
    let result = try pipeline.run(Model(irVersion: 8, graph: Self.branches(norms)))
    let decisions = try #require(result.pruning).decisions
    #expect(decisions.count == norms)
    #expect(decisions.map(\.isNarrowed).allSatisfy { $0 })
    #expect(Set(decisions.map(\.narrowCost)).count == trials)
    let types = result.model.graph.nodeIDs.map { result.model.graph.nodes[$0].op.type }
    #expect(!types.contains("GroupNormalization"))
  }

  /// Branches that meet in a sum, each with 4 of 8 channels constant before a normalisation.
  private static func branches(_ count: Int) throws -> Graph {
    let parts = (0..<count).map { branch in
      """
        const %w\(branch) : f32[8,1,1,1] = dense [1,2,3,4,0,0,0,0]
        %a\(branch) = Conv(%x, %w\(branch))
        const %g\(branch) : f32[8] = splat 2.0
        const %b\(branch) : f32[8] = splat 0.5
        %n\(branch) = GroupNormalization(%a\(branch), %g\(branch), %b\(branch)) {num_groups = 1}
        const %v\(branch) : f32[160,8,3,3] = splat 0.25
        %r\(branch) = Conv(%n\(branch), %v\(branch))
      """
    }
    let summands = (0..<count).map { "%r\($0)" }.joined(separator: ", ")
    var graph = try parseGraph(
      """
      graph opset 21 {
        input %x : f32[1,1,16,16]
      \(parts.joined(separator: "\n"))
        %y = Sum(\(summands))
        output %y
      }
      """)
    graph.inferShapes()
    return graph
  }

  /// An extent is a claim, which costs nothing to make and must cost nothing to read.
  @Test(arguments: [1 << 20, 1 << 50])
  func channelsThatNothingMadeAreNotCounted(channels: Int) throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[1,\(channels),1,1]
        const %s : i64[3] = dense [0,1,-1]
        %r = Reshape(%x, %s)
        const %g : f32[1] = dense [0.5]
        %i = InstanceNormalization(%r, %g, %g)
        %t = Shape(%x)
        %y = Reshape(%i, %t)
        output %y
      }
      """)
    graph.inferShapes()
    let pipeline = Pipeline(stages: [.once(ChannelPruning.pass(countingConstants: true))])
    let result = try pipeline.run(Model(irVersion: 8, graph: graph))
    #expect(result.changes.isEmpty)
  }
}
