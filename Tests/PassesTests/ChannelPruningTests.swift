import IR
import Testing
import TestSupport

@testable import Passes

@Suite struct ChannelPruningTests {
  /// Prunes without folding, so that the golden files show this pass alone.
  @Test(arguments: try RuleCase.all(in: "channels").map(\.name))
  func structureAfterPruning(_ name: String) throws {
    let each = try RuleCase(path: fixture("passes/channels/\(name).dearc"))
    let alone = Pipeline(stages: [.once(ChannelPruning.pass)])
    let result = try alone.run(Model(irVersion: 8, graph: each.graph))
    var graph = result.model.graph
    graph.inferShapes()
    let fates = try #require(result.pruning).requests.flatMap { request in
      request.fates.map { "// \(request.value)[\($0.channel)] \($0.cause): \($0.fate)\n" }
    }
    expectGolden(graph.text(.structure) + fates.joined(), "passes/channels/\(name)")
  }

  /// Takes packed projections apart where that pays, and prunes.
  @Test(arguments: try RuleCase.all(in: "unpacking").map(\.name))
  func structureAfterUnpacking(_ name: String) throws {
    let each = try RuleCase(path: fixture("passes/unpacking/\(name).dearc"))
    let stages: [Pipeline.Stage] = [
      .once(ProjectionUnpacking.pass), .once(ChannelPruning.pass),
      .untilStable([DeadNodeRemoval.pass]),
    ]
    var graph = try Pipeline(stages: stages).run(Model(irVersion: 8, graph: each.graph)).model.graph
    graph.inferShapes()
    expectGolden(graph.text(.structure), "passes/unpacking/\(name)")
  }

  /// Shuffles become what the analysis can follow, and are cut by it.
  @Test(arguments: try RuleCase.all(in: "permutations").map(\.name))
  func structureOfPermutations(_ name: String) throws {
    let each = try RuleCase(path: fixture("passes/permutations/\(name).dearc"))
    let result = try Pipeline.prune.run(Model(irVersion: 8, graph: each.graph))
    expectGolden(result.model.graph.text(.structure), "passes/permutations/\(name)")
  }

  @Test func pruningTwiceChangesNothing() throws {
    for each in try ["channels", "permutations"].flatMap(RuleCase.all(in:)) {
      let once = try Pipeline.prune.run(Model(irVersion: 8, graph: each.graph))
      let twice = try Pipeline.prune.run(once.model)
      #expect(twice.changes.isEmpty, "\(each.name): \(twice.changes)")
    }
  }
}
