import ArgumentParser
import Detection
import IR
import Importers

/// What the numbers mean that a network answers with.
struct OutputMeaningOptions: ParsableArguments {
  /// Under which key a file states it.
  static let key = "dearc.output"

  @Option(
    help: ArgumentHelp(
      "What the answer means, as in logit,positive=generated.",
      discussion: """
        logit or probability is one number, with positive=generated or positive=real for what a large one \
        stands for; softmax (of logits) or probabilities are one number for each class, with \
        generated=INDEX. Then may follow threshold=P, above which probability a picture is called \
        generated (0.5), and at the end output=NAME, if there are several. A file that dearc wrote with \
        this option states it, and needs it no more.
        """,
      valueName: "spec"), transform: { text in try OutputMeaning(text) })
  var outputMeans: OutputMeaning?

  /// The names of the options that were given.
  var given: [String] { outputMeans == nil ? [] : ["--output-means"] }

  /// What is asked for, or what the model's file states; nil if neither says anything.
  ///
  /// - Throws: `Failure` if it makes no sense, or does not fit the outputs as far as they are known.
  func stated(by imported: ImportedModel) throws -> OutputMeaning? {
    do {
      let recorded = outputMeans == nil ? imported.record(Self.key) : nil
      guard let meaning = try outputMeans ?? recorded.map(OutputMeaning.init) else { return nil }
      try meaning.check(imported.model.graph)
      return meaning
    } catch let error as OutputMeaningError {
      throw failure(error)
    }
  }

  /// Says that the answer does not mean what it is said to mean.
  func failure(_ error: OutputMeaningError) -> Failure {
    outputMeans == nil
      ? Failure(
        status: .malformedInput, message: "what the model says of its answer: \(error)",
        hints: ["--output-means says it anew."])
      : Failure(
        status: .usage, message: "--output-means: \(error)", hints: [Self.hint])
  }

  /// How a meaning is stated.
  static var hint: String {
    "--output-means takes \(OutputMeaning.examples.joined(separator: "; ")) and the like."
  }
}

extension OutputMeaning {
  /// Checks that the output exists and has a shape that fits, as far as it is known.
  fileprivate func check(_ graph: Graph) throws(OutputMeaningError) {
    let outputs = graph.outputs.map { graph.values[$0] }
    let output = outputs[try place(among: outputs.map(\.name))]
    guard let extents = output.type?.tensor?.shape?.map(\.count) else { return }
    // The extent of an only axis may be that of pictures or of classes.
    if extents.count == 1, let extent = extents[0], extent != 1 { return }
    try check(extents: Array(extents.dropFirst()))
  }
}
