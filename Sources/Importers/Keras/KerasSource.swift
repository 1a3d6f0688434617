import Formats
import HDF5Access
import IR

/// What a Keras model consists of, wherever its parts were found.
struct KerasSource {
  /// The configuration.
  let model: ConfigValue
  /// What wrote it.
  let version: KerasVersion
  /// What holds the weights.
  let weights: HDF5File

  /// Reads an HDF5 file: a full model, or weights whose topology is a file of its own.
  ///
  /// - Throws: `ImportError` if one of them is malformed, or there is no topology.
  init(hdf5 path: String, _ options: ImportOptions) throws(ImportError) {
    weights = try importing { () throws(FormatError) in
      try HDF5File(path: path, program: options.program)
    }
    if let topology = options.topology {
      model = try Self.parse(topology: topology)
      version = KerasVersion(model["keras_version"]?.text ?? Self.version(impliedBy: model))
    } else if let text = weights.root.attribute("model_config")?.string {
      model = try Self.parse(Array(text.utf8), entity: "the attribute 'model_config'")
      version = KerasVersion(weights.root.attribute("keras_version")?.string)
    } else {
      throw ImportError(
        .unsupported,
        "the file has \(weights.root.allDatasets.count) datasets but no 'model_config' that says what "
          + "they are for; give the model's JSON with --topology")
    }
  }

  /// Reads a `.keras` archive.
  ///
  /// - Throws: `ImportError` if it is malformed, or some other sort of archive.
  init(archive path: String, _ options: ImportOptions) throws(ImportError) {
    let archive = try importing { () throws(FormatError) in try ZipArchive(path: path) }
    guard let config = archive.member("config.json") else {
      throw ImportError(
        .unsupported,
        "this is a ZIP archive without 'config.json', so no Keras model; export a PyTorch model to ONNX "
          + "first")
    }
    guard options.topology == nil else {
      throw ImportError(.unsupported, "a .keras archive has its own topology; leave --topology out")
    }
    model = try Self.parse(config, of: archive)
    let metadata = try archive.member("metadata.json").map { member throws(ImportError) in
      try Self.parse(member, of: archive)
    }
    version = KerasVersion(metadata?["keras_version"]?.text ?? Self.version(impliedBy: model))
    weights = try Self.weights(in: archive, options)
  }

  private static func weights(
    in archive: ZipArchive, _ options: ImportOptions
  ) throws(ImportError) -> HDF5File {
    guard let stored = archive.member("model.weights.h5") else {
      throw ImportError(
        .unsupported, "the archive has no 'model.weights.h5'; other forms of weights are not read")
    }
    let unpacked = try importing { () throws(FormatError) in try archive.extract(stored) }
    do throws(FormatError) {
      return try unpacked.withName { path throws(FormatError) in
        try HDF5File(path: path, program: options.program)
      }
    } catch {
      throw ImportError(ImportError(error).kind, error.message, entity: "'\(stored.name)'")
    }
  }

  /// Keras 3 names the module of every class, and states no version in the JSON.
  private static func version(impliedBy model: ConfigValue) -> String? {
    model["module"] == nil ? nil : "3"
  }

  private static func parse(
    _ member: ZipArchive.Member, of archive: ZipArchive
  ) throws(ImportError) -> ConfigValue {
    let json = try importing { () throws(FormatError) in
      try archive.content(of: member, limit: Limits.configurationByteCount)
    }
    return try parse(json, entity: "'\(member.name)'")
  }

  private static func parse(topology path: String) throws(ImportError) -> ConfigValue {
    let file = try importing { () throws(FormatError) in try MappedFile(path: path) }
    do throws(ImportError) {
      guard file.count <= Limits.configurationByteCount else {
        throw ImportError(
          .malformed,
          "the topology has \(file.count) bytes, at most \(Limits.configurationByteCount) are read")
      }
      return try parse(file.content, entity: nil)
    } catch {
      throw error.adding(file: path)
    }
  }

  private static func parse(_ json: [UInt8], entity: String?) throws(ImportError) -> ConfigValue {
    do throws(FormatError) {
      return try ConfigValue(parsing: json)
    } catch {
      throw ImportError(error).adding(entity: entity)
    }
  }
}
