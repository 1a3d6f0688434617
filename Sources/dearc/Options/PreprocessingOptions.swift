public import ArgumentParser
import IR
public import Images
import Importers

/// How pictures become what a network takes.
struct PreprocessingOptions: ParsableArguments {
  /// Under which key a file states it.
  static let key = "dearc.preprocessing"

  @Option(
    help: ArgumentHelp(
      "How pictures are prepared: imagenet, clip, none, or parts such as resize=256,crop=224.",
      discussion: """
        Parts are resize, filter, crop, scale, mean, std and layout, separated by commas. A file that \
        dearc wrote with this option states it, and needs it no more.
        """,
      valueName: "spec"))
  var preprocess: Preprocessing?

  /// What is asked for, or what the model's file states.
  ///
  /// - Throws: `Failure` if the file states what makes no sense.
  func stated(by imported: ImportedModel) throws -> Preprocessing? {
    try preprocess ?? Self.statement(of: imported)
  }

  /// What the model's file states.
  ///
  /// - Throws: `Failure` if that makes no sense.
  static func statement(of imported: ImportedModel) throws -> Preprocessing? {
    guard let text = imported.provenance.first(where: { $0.key == key })?.value else {
      return nil
    }
    do {
      return try Preprocessing(text)
    } catch {
      throw Failure(status: .malformedInput, message: "the model's \(error)")
    }
  }
}

extension Failure {
  /// Says that nobody knows how pictures are prepared for the model at `path`.
  static func unstatedPreprocessing(of path: String) -> Failure {
    Failure(
      status: .usage, file: path,
      message: "the model does not state how pictures are to be prepared",
      hints: [
        "Say it with --preprocess: imagenet, clip, none, or parts such as crop=224,mean=0.5/0.5/0.5."
      ])
  }
}

extension Preprocessing: ExpressibleByArgument {
  /// Reads a preset or parts, or returns nil if they make no sense.
  public init?(argument: String) {
    guard let value = try? Preprocessing(argument) else { return nil }
    self = value
  }
}
