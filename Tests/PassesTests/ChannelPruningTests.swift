import IR
import Testing
import TestSupport

@testable import Passes

@Suite struct ChannelPruningTests {
  /// Prunes without folding, so that the golden files show this pass alone.
  @Test(arguments: try RuleCase.all(in: "Cases/channels").map(\.name))
  func structureAfterPruning(_ name: String) throws {
    let each = try RuleCase(path: "\(testTargetFolder())/Cases/channels/\(name).dearc")
    var rewriter = Rewriter(each.graph)
    let report = ChannelPruning.run(&rewriter, assuming: ShapeInference.infer(rewriter.graph))
    var graph = rewriter.graph
    graph.inferShapes()
    let fates = report.requests.flatMap { request in
      request.fates.map { "// \(request.value)[\($0.channel)] \($0.cause): \($0.fate)\n" }
    }
    expectGolden(graph.text(.structure) + fates.joined(), "channels/\(name)")
  }

  @Test func pruningTwiceChangesNothing() throws {
    for each in try RuleCase.all(in: "Cases/channels") {
      let once = try Pipeline.prune.run(Model(irVersion: 8, graph: each.graph))
      let twice = try Pipeline.prune.run(once.model)
      #expect(twice.changes.isEmpty, "\(each.name): \(twice.changes)")
    }
  }
}
