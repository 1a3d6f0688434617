import IR
import Importers
import TestSupport
import Testing

/// Every model of ONNX's own backend tests is well formed once imported, and survives its text.
@Suite struct BackendTextTests {
  @Test func everyModelIsWellFormedAndReadsBackFromItsText() throws {
    let result = try Python.run(
      script: "import onnx, os; print(os.path.dirname(onnx.__file__) + '/backend/test/data')")
    let folder = String(result.output.prefix { $0 != "\n" })
    let paths = try files(under: folder, suffix: ".onnx")
    #expect(paths.count == 1914)
    for path in paths {
      let model = try importModel(at: path).model
      #expect(model.violations().map(\.description) == [], "\(path)")
      let text = model.text()
      let again = try Model(parsing: text)
      #expect(again.text() == text, "\(path)")
    }
  }
}
