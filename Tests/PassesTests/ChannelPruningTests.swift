import IR
import Testing
import TestSupport

@testable import Passes

@Suite struct ChannelPruningTests {
  /// Prunes without folding, so that the golden files show this pass alone.
  @Test(arguments: try RuleCase.all(in: "channels").map(\.name))
  func structureAfterPruning(_ name: String) throws {
    try expectStructure(of: "channels/\(name)", after: ChannelPruning.pass)
  }

  /// Lets normalisations be written out, which is done where it pays.
  @Test(arguments: try RuleCase.all(in: "norms").map(\.name))
  func structureWithCountedConstants(_ name: String) throws {
    try expectStructure(of: "norms/\(name)", after: ChannelPruning.pass(countingConstants: true))
  }

  @Test(arguments: [
    ("layer-norm-counts-zeros", 1), ("norm-of-a-residual-stream", 2),
    ("norm-of-half-precision-stays", 0),
  ])
  func normalisationsThatCountConstantsAreReported(_ name: String, count: Int) throws {
    let model = Model(
      irVersion: 8, graph: try RuleCase(path: fixture("passes/norms/\(name).dearc")).graph)
    let plain = try Pipeline.prune.run(model)
    let counted = try Pipeline.prune(closing: [], exactNorm: true).run(model)
    #expect(plain.pruning?.countingNorms == count)
    #expect(counted.pruning?.countingNorms == 0)
  }

  private func expectStructure(of name: String, after pass: Pass) throws {
    let each = try RuleCase(path: fixture("passes/\(name).dearc"))
    let alone = Pipeline(stages: [.once(pass)])
    let result = try alone.run(Model(irVersion: 8, graph: each.graph))
    var graph = result.model.graph
    graph.inferShapes()
    let fates = try #require(result.pruning).requests.flatMap { request in
      request.fates.map { "// \(request.value)[\($0.channel)] \($0.cause): \($0.fate)\n" }
    }
    expectGolden(graph.text(.structure) + fates.joined(), "passes/\(name)")
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
    for each in try RuleCase.all(in: "norms") {
      let pipeline = Pipeline.prune(closing: [], exactNorm: true)
      let once = try pipeline.run(Model(irVersion: 8, graph: each.graph))
      let twice = try pipeline.run(once.model)
      #expect(twice.changes.isEmpty, "\(each.name): \(twice.changes)")
    }
  }
}
