public import ArgumentParser
import IR
import Importers
public import Passes

/// How finely weights are stored.
struct PrecisionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Store weights in this type, and widen them where they are read; else as they were read.",
      discussion: """
        f16 and bf16 round every tensor of 1024 elements and more, i8 the weights of layers, by output \
        channel. This changes answers a little; the report says by how much weights changed.
        """))
  var dtype: WeightPrecision?

  /// What of it decides the result, for the output's provenance.
  var flags: [String] { dtype.map { ["--dtype", $0.rawValue] } ?? [] }

  /// Whether weights are rounded.
  var isRounding: Bool { dtype.map { $0 != .single } ?? false }

  /// Checks that `output` can hold compact weights.
  ///
  /// - Throws: `ValidationError`, which exits with the status for wrong usage.
  func validate(for output: OutputFile) throws {
    guard dtype != nil, output.format == .hdf5 else { return }
    throw ValidationError(
      "--dtype needs an output that ends in .onnx or .safetensors: HDF5 has no place for the nodes that "
        + "widen weights.")
  }

  /// Checks that the operators which the weights need exist in the model's operator set.
  ///
  /// - Throws: `Failure` that says what to do.
  func check(_ imported: ImportedModel, at path: String) throws {
    guard let dtype, imported.model.graph.version < dtype.operatorSet else { return }
    let others = WeightPrecision.allCases.filter {
      $0 != .single && $0.operatorSet <= imported.model.graph.version
    }
    let choices = others.map { "--dtype \($0.rawValue) works with it." }
    throw Failure(
      status: .malformedInput, file: path,
      message: "the model uses operator set \(imported.model.graph.version), and weights in "
        + "\(dtype.rawValue) need \(dtype.operatorSet) or newer",
      hints: choices + [
        "onnx.version_converter.convert_version(model, \(dtype.operatorSet)) raises it in Python."
      ])
  }
}

extension WeightPrecision: ExpressibleByArgument {}
