import Executor
import IR
import Testing
import TestSupport

@testable import Passes

@Suite struct FoldingTests {
  /// Runs all folding passes, as `dearc convert` does.
  @Test(arguments: try RuleCase.all(in: "folding").map(\.name))
  func structureAfterFolding(_ name: String) throws {
    let each = try RuleCase(path: fixture("passes/folding/\(name).dearc"))
    let result = try Pipeline.fold.run(
      Model(irVersion: 8, graph: each.graph), options: .evaluating)
    let refusals = result.refusals.map { "// \($0.subject): \($0.reason)\n" }
    expectGolden(
      result.model.graph.text(.structure) + refusals.joined(), "passes/folding/\(name)")
  }

  /// Runtimes refuse such a model, dearc reads it: the branch would read %r and define it.
  @Test func aBodyKeepsNamesOfItsOwn() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[2, 3] input %c : bool[]
        %r = Relu(%x) %t = Identity(%r)
        %y = If(%c) {
          then_branch = graph { %a "r" = Neg(%t) output %a },
          else_branch = graph { %b = Abs(%t) output %b }
        }
        output %y
      }
      """)
    let result = try Pipeline.fold.run(Model(irVersion: 8, graph: graph))
    #expect(result.changes.isEmpty)
  }

  @Test func foldingTwiceChangesNothing() throws {
    for each in try RuleCase.all(in: "folding") {
      let once = try Pipeline.fold.run(
        Model(irVersion: 8, graph: each.graph), options: .evaluating)
      let twice = try Pipeline.fold.run(once.model, options: .evaluating)
      #expect(twice.changes.isEmpty, "\(each.name)")
    }
  }
}

extension PipelineOptions {
  /// With the executor to fold what passes cannot compute themselves, as commands have it.
  static var evaluating: PipelineOptions {
    var options = PipelineOptions()
    options.evaluate = ConstantEvaluation.evaluate
    return options
  }
}

extension PrintOptions {
  /// Structure, and elements where there are few.
  static var structure: PrintOptions {
    PrintOptions(constants: .summary(maxElements: 6), identifiers: .names, origins: false)
  }
}
