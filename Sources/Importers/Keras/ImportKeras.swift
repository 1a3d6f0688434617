import Formats
import HDF5Access
import IR

/// Reads a Keras model from HDF5.
///
/// A full model says in `model_config` what it computes; a file of weights needs the topology beside it.
/// No code is run or looked up: a layer that dearc does not know is refused.
///
/// - Parameters:
///   - mapped: The file, which is known to be HDF5.
///   - options: Where the topology is, and how pictures are laid out.
/// - Returns: the model, whose weights are lent by the file where they lie there as they are wanted.
/// - Throws: `ImportError` that names the layer, or the object in the file, that cannot be read.
func importKeras(
  _ mapped: MappedFile, options: ImportOptions
) throws(ImportError) -> ImportedModel {
  let file = try importing { () throws(FormatError) in
    try HDF5File(path: mapped.path, program: options.program)
  }
  let description = try KerasDescription(file, topology: options.topology)
  let network = try NetworkReader.read(description.model)
  let trees = try WeightTree.trees(of: network)
  let datasets = try LegacyWeights(root: try weightRoot(of: file)).assigned(to: trees)
  let model = try KerasModelBuilder(
    network: network, version: description.version, weights: WeightFile(file, datasets),
    isChannelsFirst: options.isChannelsFirst
  ).model()
  return ImportedModel(
    model: model, format: .keras, notes: [], provenance: [], fileByteCount: file.file.count,
    externalFiles: [])
}

/// What a model computes, as its configuration says.
private struct KerasDescription {
  let model: ConfigValue
  let version: KerasVersion

  init(_ file: HDF5File, topology: String?) throws(ImportError) {
    let stored = file.root.attribute("model_config")
    if let topology {
      model = try Self.parse(topology: topology)
    } else if let text = stored?.string {
      model = try Self.parse(Array(text.utf8), entity: "the attribute 'model_config'")
    } else {
      throw ImportError(
        .unsupported,
        "the file has \(file.root.allDatasets.count) datasets but no 'model_config' that says what they "
          + "are for; give the model's JSON with --topology")
    }
    let stated = topology == nil ? nil : model["keras_version"]?.text
    // Keras 3 names the module of every class, and no version in the JSON.
    let fallback = model["module"] == nil ? nil : "3"
    let attribute = topology == nil ? file.root.attribute("keras_version")?.string : nil
    version = KerasVersion(stated ?? attribute ?? fallback)
  }

  private static func parse(topology path: String) throws(ImportError) -> ConfigValue {
    let file = try importing { () throws(FormatError) in try MappedFile(path: path) }
    do throws(ImportError) {
      guard file.count <= Limits.skeletonByteCount else {
        throw ImportError(.malformed, "the topology takes \(file.count) bytes")
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

/// The group that lists layers: the root of a file of weights, a group below it in a full model.
private func weightRoot(of file: HDF5File) throws(ImportError) -> HDF5Group {
  for group in [file.root.group("model_weights"), file.root].compactMap({ $0 })
  where LegacyWeights.isLegacy(group) {
    return group
  }
  throw ImportError(
    .unsupported, "the file has no attribute 'layer_names', so it holds no weights of Keras's")
}
