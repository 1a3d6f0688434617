import ArgumentParser
import IR
import Images
import Importers

/// How pictures become what a network takes.
struct PreprocessingOptions: ParsableArguments {
  /// Under which key a file states it.
  static let key = "dearc.preprocessing"

  @OptionGroup var parts: PreprocessingParts

  @Option(
    help: ArgumentHelp("Cut out a square of this side in the middle; or none.", valueName: "side"),
    transform: { text in try PreprocessingParts.FieldValue(.crop, text) })
  var crop: PreprocessingParts.FieldValue?

  /// What `--preprocess` says.
  var preprocess: Preprocessing? { parts.preprocess }

  /// The names of the options that were given.
  var given: [String] { parts.given + (crop == nil ? [] : ["--crop"]) }

  /// What is asked for, or what the model's file states; nil if neither says anything.
  ///
  /// - Throws: `Failure` if the file states what makes no sense.
  func stated(by imported: ImportedModel) throws -> Preprocessing? {
    try parts.stated(by: imported, with: [crop].compactMap { $0 })
  }

  /// What the model's file states.
  ///
  /// - Throws: `Failure` if that makes no sense.
  static func statement(of imported: ImportedModel) throws -> Preprocessing? {
    guard let text = imported.record(key) else { return nil }
    do {
      return try Preprocessing(text)
    } catch {
      throw Failure(
        status: .malformedInput, message: "the model's \(error)",
        hints: ["--preprocess says it anew."])
    }
  }
}

/// The same but for what is cut out.
struct PreprocessingParts: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How pictures are prepared: imagenet, clip, none, or parts such as resize=256,crop=224.",
      discussion: """
        Parts are resize, filter, crop, scale, mean, std and layout, separated by commas. A file that \
        dearc wrote with this option states it, and needs it no more. Each of the next options \
        replaces one part of what is given here, or else of what the file states.
        """,
      valueName: "spec"), transform: { text in try Preprocessing(text) })
  var preprocess: Preprocessing?

  @Option(
    help: ArgumentHelp(
      "Subtract this after dividing by --scale: one number, or red/green/blue.",
      valueName: "numbers"), transform: { text in try FieldValue(.mean, text) })
  var mean: FieldValue?

  @Option(
    help: ArgumentHelp(
      "Divide by this last: one number, or red/green/blue.", valueName: "numbers"),
    transform: { text in try FieldValue(.std, text) })
  var std: FieldValue?

  @Option(
    help: ArgumentHelp(
      "Bring the shorter side to this extent, or both to 320x240; or none.", valueName: "extent"),
    transform: { text in try FieldValue(.resize, text) })
  var resize: FieldValue?

  @Option(
    help: ArgumentHelp("The order of axes: nchw or nhwc.", valueName: "order"),
    transform: { text in try FieldValue(.layout, text) })
  var layout: FieldValue?

  @Option(
    help: ArgumentHelp(
      "Divide pixels, which are 0 to 255, by this number.", valueName: "number"),
    transform: { text in try FieldValue(.scale, text) })
  var scale: FieldValue?

  /// The names of the options that were given.
  var given: [String] {
    (preprocess == nil ? [] : ["--preprocess"]) + fields.map { "--\($0.field.rawValue)" }
  }

  private var fields: [FieldValue] { [mean, std, resize, layout, scale].compactMap { $0 } }

  /// What is asked for, or what was `recorded` elsewhere, or what the model's file states; nil if none of them says
  /// anything.
  ///
  /// - Throws: `Failure` if the file states what makes no sense.
  func stated(
    by imported: ImportedModel, recorded: Preprocessing? = nil, with further: [FieldValue] = []
  ) throws -> Preprocessing? {
    let base = try preprocess ?? recorded ?? PreprocessingOptions.statement(of: imported)
    let replaced = fields + further
    guard !replaced.isEmpty else { return base }
    return try replaced.reduce(base ?? .none) { try $0.setting($1.field, to: $1.text) }
  }

  /// A part of preprocessing and what it becomes, which makes sense.
  struct FieldValue: Equatable {
    let field: Preprocessing.Field
    let text: String

    /// Between numbers commas are as good as slashes, here where nothing else follows them.
    init(_ field: Preprocessing.Field, _ text: String) throws {
      self.field = field
      self.text = text.replacing(",", with: "/")
      _ = try Preprocessing.none.setting(field, to: self.text)
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

extension ImportedModel {
  /// What dearc recorded in the file under `key`.
  func record(_ key: String) -> String? { provenance.first { $0.key == key }?.value }
}
