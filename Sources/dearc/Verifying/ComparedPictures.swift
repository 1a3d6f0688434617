import Executor
import IR
import Images
import Importers

/// The pictures of a folder on which two models are compared, which both are given alike.
struct ComparedPictures {
  /// A picture that could not be used.
  struct Unreadable: Encodable {
    let path: String
    let reason: String
  }

  let folder: String
  let preprocessing: Preprocessing
  private let paths: [String]
  /// The pictures that were used, once all were visited.
  private(set) var compared: [String] = []
  /// The others.
  private(set) var unreadable: [Unreadable] = []

  /// Lists `folder`.
  ///
  /// - Throws: `Failure` if it holds no pictures, a model does not take a single input, or it is not known how
  ///   pictures are to be prepared.
  init(
    in folder: String, _ options: PreprocessingOptions, _ before: ComparedModel,
    _ after: ComparedModel
  ) throws {
    for model in [before, after] {
      let count = model.imported.model.graph.requiredInputs.count
      guard count == 1 else {
        throw Failure(
          status: .usage, file: model.path,
          message: "the model has \(count) inputs; pictures are for one")
      }
    }
    self.folder = folder
    preprocessing = try Self.preprocessing(options, before, after)
    paths = try PictureFiles.expanded([folder])
  }

  /// What is asked for, or what the model before states; a model that states something else is warned of.
  private static func preprocessing(
    _ options: PreprocessingOptions, _ before: ComparedModel, _ after: ComparedModel
  ) throws -> Preprocessing {
    let other = try PreprocessingOptions.statement(of: after.imported)
    guard let chosen = try options.stated(by: before.imported) else {
      var failure = Failure.unstatedPreprocessing(of: before.path)
      failure.hints += other.map { ["\(after.path) states '\($0)'."] } ?? []
      throw failure
    }
    let stated = try PreprocessingOptions.statement(of: before.imported)
    for (model, statement) in [(before, stated), (after, other)] {
      guard let statement, statement != chosen else { continue }
      Terminal.printWarning(
        "\(model.path) states that pictures are prepared otherwise, as '\(statement)'; both models are "
          + "given them as '\(chosen)'")
    }
    return chosen
  }

  /// Prepares every picture and hands it to `body`; of those that cannot be read it warns.
  ///
  /// - Throws: `Failure` if none can be read, or a model does not take one.
  mutating func visit(
    _ progress: inout Progress, _ body: (Constant) throws -> Void
  ) throws {
    for (number, path) in paths.enumerated() {
      progress.report("\(number + 1) of \(paths.count) pictures")
      let tensor: Constant
      do throws(ImageError) {
        tensor = try PictureFiles.tensor(path, preprocessing)
      } catch {
        progress.clear()
        Terminal.printWarning("\(path): \(error.message); \(error.advice)")
        unreadable.append(Unreadable(path: path, reason: error.message))
        continue
      }
      compared.append(path)
      do {
        try body(tensor)
      } catch let error as ExecutionError {
        throw Failure(error, picture: path)
      }
    }
    progress.clear()
    guard !compared.isEmpty else {
      throw Failure(
        status: .malformedInput, file: folder,
        message: "none of its \(paths.count) pictures can be read")
    }
  }

  /// The picture of this number among those that were compared.
  func tensor(_ number: Int) throws -> Constant {
    do {
      return try PictureFiles.tensor(compared[number], preprocessing)
    } catch {
      throw Failure(error)
    }
  }

}

extension Failure {
  /// Says on which picture a model cannot be run.
  init(_ error: ExecutionError, picture: String) {
    self.init(error)
    file = picture
    guard error.kind == .invalidInput else { return }
    hints.append(
      "Say how pictures become what both models take with --preprocess, such as resize=256,crop=224."
    )
  }
}

/// A model and where it was read from.
struct ComparedModel {
  let path: String
  let imported: ImportedModel
}
