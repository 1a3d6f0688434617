import Emitters
import Formats
import IR
import Importers

/// Where the commands meet files.
enum ModelFiles {
  /// Reads the model at `path`.
  ///
  /// - Throws: `Failure` that says what is wrong with the file.
  static func read(_ path: String) throws -> ImportedModel {
    do {
      return try importModel(at: path)
    } catch {
      throw Failure(error)
    }
  }

  /// The paths of all files that `imported` was read from, the model itself first.
  static func sources(of imported: ImportedModel, at path: String) -> [String] {
    [path] + imported.externalFiles.map(\.path)
  }

  /// The SHA-256 of each file at `paths`.
  ///
  /// - Throws: `Failure` if one of them cannot be read any more.
  static func digests(of paths: [String]) throws -> [String] {
    do {
      return try paths.map { try MappedFile(path: $0).sha256 }
    } catch let error as FormatError {
      throw Failure(error, status: .unreadableInput)
    }
  }

  /// Writes `model` and says in the file how it was made.
  ///
  /// Files at `sources` are never replaced. Returns the bytes of all files written.
  ///
  /// - Throws: `Failure` if that is not possible; then nothing was written.
  static func write(
    _ model: Model, to output: OutputFile, provenance: Provenance, keeping sources: [String]
  ) throws -> Int {
    var options = EmissionOptions()
    options.records = [
      MetadataEntry(key: "dearc.provenance", value: try JSONDocument.compactText(provenance))
    ]
    options.inputs = sources.compactMap(FileIdentity.init)
    do {
      let files =
        switch output.format {
        case .onnx: try emitONNX(model, to: output.path, options: options)
        case .safetensors: try emitSafetensors(model, to: output.path, options: options)
        }
      return files.reduce(0) { $0 + $1.byteCount }
    } catch {
      throw Failure(error)
    }
  }

  /// Writes `text` to `path`, whole or not at all.
  ///
  /// - Throws: `Failure` if it cannot be written.
  static func write(_ text: String, to path: String, keeping sources: [String]) throws {
    do {
      let file = try AtomicFile(path: path, notReplacing: sources.compactMap(FileIdentity.init))
      try file.write(Array(text.utf8))
      try file.commit()
    } catch {
      throw Failure(error, status: .cannotWrite)
    }
  }
}

extension Failure {
  /// Restates why a model could not be imported.
  init(_ error: ImportError) {
    switch error.kind {
    case .malformed, .unsupported: status = .malformedInput
    case .unreadable, .notFound: status = .unreadableInput
    }
    file = error.file
    let place = [error.offset.map { "at byte \($0)" }, error.entity].compactMap { $0 }
    message = (place + [error.message]).joined(separator: ": ")
  }

  /// Restates why a model could not be written.
  init(_ error: EmitError) {
    switch error.kind {
    case .cannotWrite: status = .cannotWrite
    case .unrepresentable: status = .malformedInput
    }
    file = error.file
    message = [error.entity, error.message].compactMap { $0 }.joined(separator: ": ")
  }

  /// Restates why a file could not be read or written.
  init(_ error: FormatError, status: Status) {
    self.status = status
    file = error.path
    message = (error.offset.map { "at byte \($0): " } ?? "") + error.message
  }
}
