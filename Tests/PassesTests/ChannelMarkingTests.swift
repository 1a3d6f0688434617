import IR
import TestSupport
import Testing

@testable import Passes

@Suite struct ChannelMarkingTests {
  /// The whole way: close, fold, prune, fold.
  @Test(arguments: try RuleCase.all(in: "closing").map(\.name))
  func structureAfterClosing(_ name: String) throws {
    let each = try RuleCase(path: fixture("passes/closing/\(name).dearc"))
    let result = try Pipeline.prune(closing: each.marks).run(Model(irVersion: 8, graph: each.graph))
    let fates = try #require(result.pruning).requests.flatMap { request in
      request.fates.map { "// \(request.value)[\($0.channel)] \($0.cause): \($0.fate)\n" }
    }
    expectGolden(
      result.model.graph.text(.structure) + fates.joined(), "passes/closing/\(name)")
  }

  /// Every channel that was closed has one fate, and nothing that follows from it is listed.
  @Test func everyClosedChannelHasAFate() throws {
    for each in try RuleCase.all(in: "closing") {
      let result = try Pipeline.prune(closing: each.marks)
        .run(Model(irVersion: 8, graph: each.graph))
      let fates = try #require(result.pruning).fates.filter { $0.cause == .closed }
      let asked = each.marks.reduce(0) { $0 + $1.closed.count }
      #expect(fates.count == asked, "\(each.name)")
    }
  }

  @Test func pruningWhatWasClosedTwiceChangesNothing() throws {
    for each in try RuleCase.all(in: "closing") {
      let once = try Pipeline.prune(closing: each.marks).run(Model(irVersion: 8, graph: each.graph))
      let twice = try Pipeline.prune.run(once.model)
      #expect(twice.changes.isEmpty, "\(each.name): \(twice.changes)")
    }
  }
}

@Suite struct PruningTargetTests {
  private func target(_ body: String) throws -> String {
    var graph = try parseGraph("graph opset 17 { input %x : f32[N,4,H,W] \(body) }")
    graph.inferShapes()
    do throws(TargetError) {
      let (value, axis) = try graph.defaultPruningTarget()
      return "\(value) \(axis)"
    } catch {
      return error.message
    }
  }

  @Test func theFeatureMapPooledLastIsFound() throws {
    #expect(try target("%a = Relu(%x) %p = GlobalAveragePool(%a) output %p") == "a 1")
    #expect(
      try target("%a = Relu(%x) %p = ReduceMean(%a) {axes = [-1, -2], keepdims = 0} output %p")
        == "a 1")
    #expect(
      try target(
        "%a = Transpose(%x) {perm = [0, 2, 3, 1]} %p = ReduceMean(%a) {axes = [1, 2]} output %p")
        == "a 3")
  }

  @Test func squeezeAndExciteIsNoEnd() throws {
    let found = try target(
      """
      %a = Relu(%x) %s = GlobalAveragePool(%a) %g = Sigmoid(%s) %m = Mul(%a, %g)
      %p = GlobalAveragePool(%m) output %p
      """)
    #expect(found == "m 1")
  }

  @Test func noneOrSeveralAreRefused() throws {
    #expect(try target("%a = Relu(%x) output %a").contains("no feature map"))
    let several = try target(
      """
      %a = Relu(%x) %b = Neg(%x) %p = GlobalAveragePool(%a) %q = GlobalMaxPool(%b)
      output %p, %q
      """)
    #expect(several.contains("'a', 'b'"))
  }

  @Test(arguments: [
    ("nothing", 1, "no value called"), ("x", 1, "not computed"), ("b", 1, "an output"),
    ("a", 2, "known number of channels"), ("a", 9, "known number of channels"),
    ("s", 0, "expected floats"),
  ])
  func valuesThatHaveNoChannelsToCloseAreRefused(
    name: String, axis: Int, reason: String
  ) throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[N,4,H,W] %a = Relu(%x) %b = Neg(%a) %s = Shape(%a) %t = Neg(%s)
        output %b, %t
      }
      """)
    graph.inferShapes()
    let error = #expect(throws: TargetError.self) { try graph.channelCount(of: name, axis: axis) }
    #expect(error?.message.contains(reason) == true)
    #expect(try graph.channelCount(of: "a", axis: 1) == 4)
  }
}
