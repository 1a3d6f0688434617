import HDF5Access
import IR

/// Finds the weights of a file of Keras's former format, which all versions up to 3 write.
///
/// A group has the attribute `layer_names`, and a group for each of those layers has the attribute
/// `weight_names`, paths below it. Names are not to be relied on: the scope in them is often another than
/// the layer's, and a network built anew has other layer names. Keras goes by order, and so does dearc.
///
/// Source: `keras/src/legacy/saving/legacy_h5_format.py` of Keras 3.15.
struct LegacyWeights {
  let root: HDF5Group
  /// What wrote the file.
  let version: KerasVersion

  /// Whether `group` is one.
  static func isLegacy(_ group: HDF5Group) -> Bool {
    group.attribute("layer_names") != nil || group.attribute("layer_names0") != nil
  }

  /// The dataset of every weight in `trees`.
  ///
  /// - Throws: `ImportError` with a table if the file has other layers with weights.
  func assigned(to trees: [WeightTree]) throws(ImportError) -> [ExactName: HDF5Dataset] {
    var wanted: [(layer: LayerConfig, places: [WeightPlace])] = []
    for tree in trees {
      let places = try tree.places(version: version)
      if !places.isEmpty { wanted.append((tree.config, places)) }
    }
    let stored = try stored()
    try requireEqualCounts(wanted.map { ($0.layer, $0.places.count) }, stored)
    let pairs = zip(wanted, stored).flatMap { layer, group in zip(layer.places, group.datasets) }
    try requireKnownNames(pairs)
    return Dictionary(pairs.map { (ExactName($0.name), $1) }) { first, _ in first }
  }

  /// Refuses a weight whose name says that it is another than its place does.
  ///
  /// The order depends on which layers were frozen, and of parts of layers no configuration says that.
  private func requireKnownNames(
    _ pairs: [(WeightPlace, HDF5Dataset)]
  ) throws(ImportError) {
    let mismatches = pairs.compactMap { place, dataset -> WeightMismatch? in
      guard !place.spec.mayBeCalled(dataset.path) else { return nil }
      return WeightMismatch(
        place.name, expected: "'\(place.spec.name)'", found: "'\(dataset.path)'")
    }
    guard !mismatches.isEmpty else { return }
    var error = ImportError(
      .unsupported,
      "weights are in another order than the model's configuration says; save the model in Keras's own "
        + "format, .keras")
    error.mismatches = mismatches
    throw error
  }

  private typealias StoredLayer = (name: String, datasets: [HDF5Dataset])

  /// The layers of the file that have weights.
  private func stored() throws(ImportError) -> [StoredLayer] {
    var layers: [StoredLayer] = []
    for name in try Self.distinctNames("layer_names", of: root) {
      guard let group = root.group(name) else {
        throw ImportError(.malformed, "'\(root.path)' names the layer '\(name)' and has none")
      }
      var datasets: [HDF5Dataset] = []
      for weight in try Self.distinctNames("weight_names", of: group) {
        guard let dataset = group.dataset(weight) else {
          throw ImportError(
            .malformed, "'\(group.path)' names the weight '\(weight)' and has none")
        }
        datasets.append(dataset)
      }
      if !datasets.isEmpty { layers.append((name, datasets)) }
    }
    return layers
  }

  /// A list of names; in a group, none can be there twice.
  private static func distinctNames(
    _ key: String, of group: HDF5Group
  ) throws(ImportError) -> [String] {
    let names = try names(key, of: group)
    var known: Set<ExactName> = []
    for name in names where !known.insert(ExactName(name)).inserted {
      throw ImportError(.malformed, "'\(key)' of '\(group.path)' names '\(name)' twice")
    }
    return names
  }

  /// A list of names, which is cut in pieces `<key>0`, `<key>1` and so on if it is too long for HDF5.
  private static func names(_ key: String, of group: HDF5Group) throws(ImportError) -> [String] {
    if let attribute = group.attribute(key) { return try strings(attribute, of: group) }
    var names: [String] = []
    var piece = 0
    while let attribute = group.attribute("\(key)\(piece)") {
      names += try strings(attribute, of: group)
      piece += 1
    }
    guard piece > 0 else {
      throw ImportError(.malformed, "'\(group.path)' has no attribute '\(key)'")
    }
    return names
  }

  private static func strings(
    _ attribute: HDF5Attribute, of group: HDF5Group
  ) throws(ImportError) -> [String] {
    guard let strings = attribute.strings else {
      throw ImportError(
        .malformed,
        "the attribute '\(attribute.name)' of '\(group.path)' holds \(attribute.elementType), "
          + "expected texts")
    }
    return strings
  }

  private func requireEqualCounts(
    _ wanted: [(layer: LayerConfig, count: Int)], _ stored: [StoredLayer]
  ) throws(ImportError) {
    let fits =
      wanted.count == stored.count
      && zip(wanted, stored).allSatisfy { $0.count == $1.datasets.count }
    guard !fits else { return }
    var error = ImportError(
      .malformed,
      "the model has \(wanted.count) layers with weights, the file \(stored.count); they do not belong "
        + "together")
    error.mismatches = (0..<max(wanted.count, stored.count)).compactMap { index in
      let layer = index < wanted.count ? wanted[index] : nil
      let group = index < stored.count ? stored[index] : nil
      guard layer?.count != group?.datasets.count else { return nil }
      return WeightMismatch(
        layer?.layer.entity ?? WeightMismatch.nowhere,
        expected: layer.map { "\($0.count) weights" } ?? "nothing",
        found: group.map { "\($0.datasets.count) weights of '\($0.name)'" } ?? "nothing")
    }
    throw error
  }
}
