import Emitters
import Foundation
import IR
import Importers
import TestSupport
import Testing

/// Every model of ONNX's own backend tests must survive being read and written.
@Suite struct BackendSuiteTests {
  /// The models, found through the installed onnx package.
  static func models() throws -> [String] {
    let folder = try Python.run(
      code: "import onnx, os; print(os.path.dirname(onnx.__file__) + '/backend/test/data')")
    let root = folder.trimmingCharacters(in: .whitespacesAndNewlines)
    let files = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return files.filter { $0.hasSuffix(".onnx") }.sorted().map { root + "/" + $0 }
  }

  @Test func everyModelSurvivesONNX() throws {
    try expectSurvival { model, folder, output in
      try emitONNX(model, to: output).commit()
    }
  }

  @Test func everyModelSurvivesSafetensors() throws {
    try expectSurvival { model, folder, output in
      let stored = folder.appending("stored.safetensors")
      try emitSafetensors(model, to: stored).commit()
      try emitONNX(importModel(at: stored).model, to: output).commit()
    }
  }

  /// Reads each model, writes it by way of `emit`, and has the results compared.
  private func expectSurvival(
    _ emit: (Model, _ folder: TemporaryDirectory, _ output: String) throws -> Void
  ) throws {
    let folder = try TemporaryDirectory()
    var pairs: [String] = []
    for (index, path) in try Self.models().enumerated() {
      let output = folder.appending("\(index).onnx")
      do {
        try emit(importModel(at: path).model, folder, output)
        pairs.append("\(path)\t\(output)\n")
      } catch {
        Issue.record("\(path): \(error)")
      }
    }
    let verdict = try Python.judge("compare_models.py", input: pairs.joined())
    #expect(verdict.contains("1914 pairs compared, 0 differ"))
  }
}
