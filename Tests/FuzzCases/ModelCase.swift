import Emitters
import Formats
import IR
import Importers
import Passes

/// Takes the bytes of a model through everything that the commands do with one.
///
/// Fuzzers and tests run the same cases, so that what one of them finds the others keep.
public struct ModelCase: Sendable {
  private let folder: String

  /// Works in `folder`, where models find a file `weights` for their external data.
  ///
  /// - Throws: `FormatError` if the folder cannot be written to.
  public init(folder: String) throws {
    self.folder = folder
    try write([UInt8](0..<255), to: "weights")
  }

  /// Reads `bytes` as a model, inspects it, converts it, prunes it and reads the results again.
  ///
  /// - Returns: what became of them.
  /// - Throws: `Finding` if something other than a refusal went wrong.
  public func run(_ bytes: [UInt8]) throws -> Outcome {
    try write(bytes, to: "model")
    let model: Model
    do throws(ImportError) {
      model = try importModel(at: "\(folder)/model").model
    } catch {
      return try .refused(for: error.message)
    }
    try expectSound(model, "the model as read")
    inspect(model)
    try expectSurvival(of: model, as: "safetensors", emitSafetensors)
    let pruned = try run(.prune.storingWeights(in: nil), model)
    try expectSound(pruned, "the pruned model")
    try expectSound(try run(.empty.storingWeights(in: .half), model), "the model in half precision")
    try expectSound(try run(.empty.storingWeights(in: .byte), model), "the model in bytes")
    try expectSurvival(of: pruned, as: "onnx", emitONNX)
    return .accepted
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    let file = try AtomicFile(path: "\(folder)/\(name)")
    try file.write(bytes)
    try file.commit()
  }

  private func expectSound(_ model: Model, _ subject: String) throws {
    guard let violation = model.violations().first else { return }
    throw Finding("\(subject) breaks a rule: \(violation)")
  }

  private func inspect(_ model: Model) {
    _ = model.graph.cost()
    _ = model.text(PrintOptions(constants: .summary(maxElements: 16)))
  }

  private func run(_ pipeline: Pipeline, _ model: Model) throws -> Model {
    do throws(PipelineError) {
      return try pipeline.run(model).model
    } catch {
      throw Finding("\(error.description)\n\(error.subgraph ?? "")")
    }
  }

  /// Writes `model` unless the format cannot hold it; what was written must be readable.
  private func expectSurvival(
    of model: Model, as format: String,
    _ emit: (Model, String, EmissionOptions) throws(EmitError) -> Emission
  ) throws {
    let path = "\(folder)/result.\(format)"
    do throws(EmitError) {
      try emit(model, path, EmissionOptions()).commit()
    } catch {
      guard error.kind == .unrepresentable, !error.message.isEmpty else {
        throw Finding("cannot write: \(error)")
      }
      return
    }
    do throws(ImportError) {
      _ = try importModel(at: path)
    } catch {
      throw Finding("what was written as \(format) is refused: \(error)")
    }
  }
}
