import Emitters
import Formats
import IR
import Importers

/// Where the commands meet files.
enum ModelFiles {
  /// Reads the model that `input` names.
  ///
  /// - Throws: `Failure` that says what is wrong with the file.
  static func read(_ input: InputOptions) throws -> ImportedModel {
    var options = ImportOptions()
    options.topology = input.topology
    options.isChannelsFirst = input.channelsFirst
    let path = try input.path()
    do throws(ImportError) {
      var imported = try importModel(at: path, options: options)
      if let weights = input.weights { try imported.replaceWeights(from: weights) }
      return imported
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

  /// Prepares the file for `model`, which says how it was made.
  ///
  /// Files at `sources` are never replaced.
  ///
  /// - Throws: `Failure` if that is not possible.
  static func prepare(
    _ model: Model, for output: OutputFile, provenance: Provenance, records: [MetadataEntry] = [],
    keeping sources: [String]
  ) throws -> Emission {
    try expectOther(output.path, than: sources)
    var options = EmissionOptions()
    options.records =
      [MetadataEntry(key: "dearc.provenance", value: provenance.json)] + records
    options.inputs = sources.compactMap(FileIdentity.init)
    do {
      return switch output.format {
      case .onnx: try emitONNX(model, to: output.path, options: options)
      case .safetensors: try emitSafetensors(model, to: output.path, options: options)
      case .hdf5: try emitHDF5(model, to: output.path, options: options)
      }
    } catch {
      throw Failure(error)
    }
  }

  private static func expectOther(_ path: String, than sources: [String]) throws {
    guard let target = FileIdentity(path: path),
      sources.contains(where: { FileIdentity(path: $0) == target })
    else { return }
    throw Failure(
      status: .cannotWrite, file: path, message: "this would replace a file that is read",
      hints: ["Name another output, or use --force to replace it."])
  }

  /// Prepares a text file.
  ///
  /// - Throws: `Failure` if it cannot be written, or would replace a file at `sources`.
  static func prepare(
    _ text: String, for path: String, keeping sources: [String]
  ) throws -> AtomicFile {
    do {
      let file = try AtomicFile(path: path, notReplacing: sources.compactMap(FileIdentity.init))
      try file.write(Array(text.utf8))
      return file
    } catch {
      throw Failure(error, status: .cannotWrite)
    }
  }

  /// Makes prepared files appear together.
  ///
  /// - Throws: `Failure` if one of them cannot be named.
  static func commit(_ emissions: [Emission], with others: [AtomicFile]) throws {
    do {
      try Emission.commit(emissions, with: others)
    } catch {
      throw Failure(error)
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
    hints = Self.table(of: error.mismatches)
  }

  /// Where weights do not fit, as far as a person would read.
  private static func table(of mismatches: [WeightMismatch]) -> [String] {
    guard !mismatches.isEmpty else { return [] }
    let limit = 20
    var table = Table([.init("place"), .init("the model wants"), .init("the file has")])
    for each in mismatches.prefix(limit) { table.add([each.place, each.expected, each.found]) }
    let rest = mismatches.count > limit ? ["and \(mismatches.count - limit) more"] : []
    return table.lines(width: nil, style: TextStyle(isColored: false)) + rest
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
