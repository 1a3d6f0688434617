import Emitters
import FoundationEssentials
import IR
import TestSupport
import Testing

@testable import Passes

/// What onnxruntime says of every rule: the case before and after must give the same answers.
@Suite struct RuleJudgement {
  /// An index as `judge.py batch` reads it.
  private struct Index: Encodable {
    struct Entry: Encodable {
      let file: String
      let seed: Int
      let cases: [[String: [Int]]]
    }
    var models: [Entry] = []
  }

  @Test(arguments: ["channels", "closing", "folding", "norms", "permutations", "unpacking"])
  func everyCaseKeepsItsAnswers(folder: String) throws {
    let (before, after) = (try TemporaryDirectory(), try TemporaryDirectory())
    var index = Index()
    for each in try RuleCase.all(in: folder) where each.hasInferenceOnly {
      let file = each.name + ".onnx"
      let model = Model(irVersion: 8, graph: each.graph)
      // What is closed changes the answers; the rest must keep those of the marked network.
      let marked = try Pipeline.mark(each.marks).run(model).model
      let pruned = try Pipeline.prune(closing: each.marks, exactNorm: folder == "norms")
        .run(model, options: .evaluating).model
      try emitONNX(marked, to: before.appending(file)).commit()
      try emitONNX(pruned, to: after.appending(file)).commit()
      index.models.append(Index.Entry(file: file, seed: 1, cases: each.inputShapes))
    }
    #expect(index.models.count > 3)
    let path = before.appending("index.json")
    try writeFile(Array(try JSONEncoder().encode(index)), to: path)
    try Python.judge("judge.py", ["batch", path, after.path])
  }
}

extension RuleCase {
  /// Runtimes cannot run a network in training mode.
  fileprivate var hasInferenceOnly: Bool {
    !graph.nodeIDs.contains { graph.nodes[$0].attribute("training_mode") != nil }
  }

  /// The shapes to judge at: `x:1,4,9,11` or, for several inputs, `x:1,4;y:1,4`.
  fileprivate var inputShapes: [[String: [Int]]] {
    sizes.map { size in
      var shapes: [String: [Int]] = [:]
      for part in size.split(separator: ";") {
        let pair = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        shapes[pair[0]] = pair[1].split(separator: ",").compactMap { Int($0) }
      }
      return shapes
    }
  }
}
