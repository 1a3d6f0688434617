import Executor
import FoundationEssentials
import IR
import Images

/// A file that is taken for a picture.
struct PictureFile {
  let path: String
  /// Whether the user named the file itself, and not a folder that holds it.
  let isNamed: Bool
}

/// The pictures that a command was given.
enum PictureFiles {
  /// Extensions under which pictures are looked for in folders.
  private static let extensions: Set<String> = ["jpg", "jpeg", "png", "webp"]

  /// The files among `paths`, and the pictures in the folders among them, by name.
  ///
  /// - Throws: `Failure` if one is neither, or there is none.
  static func expanded(_ paths: [String]) throws -> [String] {
    try listed(paths).map(\.path)
  }

  /// The same, with how each was found.
  static func listed(_ paths: [String]) throws -> [PictureFile] {
    let files = try paths.flatMap { path -> [PictureFile] in
      var isFolder = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw Failure(
          status: .unreadableInput, file: path, message: "there is no such file or folder")
      }
      return isFolder
        ? try pictures(in: path).map { PictureFile(path: $0, isNamed: false) }
        : [PictureFile(path: path, isNamed: true)]
    }
    guard !files.isEmpty else {
      throw Failure(
        status: .unreadableInput, file: paths.first, message: "there are no pictures in it",
        hints: ["Pictures end in \(extensions.sorted().map { "." + $0 }.joined(separator: ", "))."])
    }
    return files
  }

  private static func pictures(in folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        .filter { extensions.contains($0.split(separator: ".").last.map { $0.lowercased() } ?? "") }
        .map { folder.hasSuffix("/") ? folder + $0 : "\(folder)/\($0)" }
    } catch {
      throw Failure(status: .unreadableInput, file: folder, message: "cannot list the folder")
    }
  }

  /// The tensor that `preprocessing` makes of the picture at `path`.
  static func tensor(
    _ path: String, _ preprocessing: Preprocessing
  ) throws(ImageError) -> Constant {
    let prepared = try prepared(path, preprocessing)
    return Constant(prepared.values, shape: prepared.shape)
  }

  /// The numbers that `preprocessing` makes of the picture at `path`.
  static func prepared(
    _ path: String, _ preprocessing: Preprocessing
  ) throws(ImageError) -> PreprocessedPicture {
    let picture = try Picture(contentsOf: path)
    do throws(ImageError) {
      return try preprocessing.preprocess(picture)
    } catch {
      var located = error
      located.path = path
      throw located
    }
  }
}

extension Failure {
  /// Says why a picture cannot be used.
  init(_ error: ImageError) {
    let status: Status =
      error.kind == .malformed || error.kind == .unsupported ? .malformedInput : .unreadableInput
    self.init(status: status, file: error.path, message: error.message, hints: [error.advice])
  }
}
