import Formats
import HDF5Access
import IR

/// Reads a Keras model from HDF5.
///
/// A full model says in `model_config` what it computes; a file of weights needs the topology beside it.
/// No code is run or looked up: a layer that dearc does not know is refused.
///
/// - Parameters:
///   - file: The file, which is known to be HDF5.
///   - options: Where the topology is, and how pictures are laid out.
/// - Returns: the model, whose weights are lent by the file where they lie there as they are wanted.
/// - Throws: `ImportError` that names the layer, or the object in the file, that cannot be read.
func importKerasHDF5(
  _ file: MappedFile, options: ImportOptions
) throws(ImportError) -> ImportedModel {
  let source = try KerasSource(hdf5: file.path, options)
  return try importKeras(source, options, byteCount: file.count)
}

/// Reads a Keras model from a `.keras` archive; otherwise the same as from HDF5.
func importKerasArchive(
  _ file: MappedFile, options: ImportOptions
) throws(ImportError) -> ImportedModel {
  let source = try KerasSource(archive: file.path, options)
  do throws(ImportError) {
    return try importKeras(source, options, byteCount: file.count)
  } catch {
    // The weights were unpacked to a place that means nothing to anyone.
    var located = error
    if located.file == source.weights.file.path { located.file = file.path }
    throw located
  }
}

private func importKeras(
  _ source: KerasSource, _ options: ImportOptions, byteCount: Int
) throws(ImportError) -> ImportedModel {
  let network = try NetworkReader.read(source.model)
  let trees = try WeightTree.trees(of: network)
  try WeightTree.requireDistinctNames(trees, version: source.version)
  let weights = WeightFile(source.weights, try datasets(of: trees, in: source))
  let builder = KerasModelBuilder(
    network: network, version: source.version, weights: weights,
    isChannelsFirst: options.isChannelsFirst)
  return ImportedModel(
    model: try builder.model(), format: .keras, notes: precisionNotes(of: network), provenance: [],
    fileByteCount: byteCount, externalFiles: [])
}

/// What to say about layers that Keras computes in another precision than single.
private func precisionNotes(of network: KerasNetwork) -> [ImportNote] {
  let names = network.otherPrecisions
  guard !names.isEmpty else { return [] }
  let further = names.count > 3 ? " and \(names.count - 3) more types" : ""
  return [
    ImportNote(
      "layers compute in \(names.prefix(3).joined(separator: ", "))\(further); here everything is computed "
        + "in single precision")
  ]
}

/// The datasets of all weights, in whichever of Keras's formats they are.
private func datasets(
  of trees: [WeightTree], in source: KerasSource
) throws(ImportError) -> [ExactName: HDF5Dataset] {
  let root = source.weights.root
  for group in [root.group("model_weights"), root].compactMap({ $0 })
  where LegacyWeights.isLegacy(group) {
    let writer = group.attribute("keras_version")?.string.map(KerasVersion.init)
    return try LegacyWeights(root: group, version: writer ?? source.version).assigned(to: trees)
  }
  guard ArchivedWeights.isArchived(root) else {
    throw ImportError(
      .unsupported,
      "the file has neither an attribute 'layer_names' nor a group 'layers', so it holds no weights of "
        + "a Keras model")
  }
  return try ArchivedWeights(root: root).assigned(to: trees)
}
