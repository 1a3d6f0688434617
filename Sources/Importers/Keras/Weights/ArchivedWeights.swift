import HDF5Access
import IR

/// Finds the weights of a `.weights.h5`, Keras 3's format for them, which is also inside a `.keras`.
///
/// Each network has a group `layers`, and in it each layer a group that is called after its class, with a
/// number from the second on: `conv2d`, `conv2d_1`. A layer's weights are called 0, 1 and so on in its group
/// `vars`; a layer inside it, such as a projection of an attention, has a group of its own.
///
/// Source: `keras/src/saving/saving_lib.py` of Keras 3.15. Keras 2.13 called the group of layers
/// `_layer_checkpoint_dependencies`.
struct ArchivedWeights {
  let root: HDF5Group

  /// Whether `group` is one.
  static func isArchived(_ group: HDF5Group) -> Bool { layers(of: group) != nil }

  private static func layers(of group: HDF5Group) -> HDF5Group? {
    group.group("layers") ?? group.group("_layer_checkpoint_dependencies")
  }

  /// The dataset of every weight in `trees`.
  ///
  /// - Throws: `ImportError` that lists what the model has and the file lacks, or the other way round.
  func assigned(to trees: [WeightTree]) throws(ImportError) -> [ExactName: HDF5Dataset] {
    var assignment = Assignment()
    assignment.match(trees, in: root)
    assignment.requireAllKnown(in: root)
    let missing = assignment.mismatches.count
    guard missing == 0 else {
      var error = ImportError(
        .malformed,
        "the file lacks \(missing) weights of the model, or has others; they do not belong together"
      )
      error.mismatches = assignment.mismatches
      throw error
    }
    return assignment.datasets
  }

  private struct Assignment {
    var datasets: [ExactName: HDF5Dataset] = [:]
    var mismatches: [WeightMismatch] = []

    mutating func match(_ trees: [WeightTree], in group: HDF5Group?) {
      let layers = group.flatMap(ArchivedWeights.layers)
      var counts: [String: Int] = [:]
      for tree in trees {
        let name = tree.config.className.snakeCase
        let count = counts[name, default: 0]
        counts[name] = count + 1
        let inner = layers?.group(count == 0 ? name : "\(name)_\(count)")
        switch tree {
        case .layer(let config, let specs): match(config, specs, in: inner)
        case .network(_, let trees): match(trees, in: inner)
        }
      }
    }

    private mutating func match(_ layer: LayerConfig, _ specs: [WeightSpec], in group: HDF5Group?) {
      var indices: [String: Int] = [:]
      for spec in specs {
        let index = indices[spec.part, default: 0]
        indices[spec.part] = index + 1
        let place = WeightPlace(layer: layer, spec: spec, isTrained: true).name
        if let dataset = variables(spec.part, of: group)?.dataset(String(index)) {
          datasets[ExactName(place)] = dataset
        } else {
          let path = group.map { $0.path + "/" + spec.part } ?? "the file"
          mismatches.append(
            WeightMismatch(place, expected: "a weight", found: "no \(index) in '\(path)'"))
        }
      }
    }

    /// Notes weights that no layer of the model has; seeds of random numbers are none.
    mutating func requireAllKnown(in root: HDF5Group) {
      let known = Set(datasets.values.map { ExactName($0.path) })
      for dataset in ArchivedWeights.layers(of: root)?.allDatasets ?? []
      where !known.contains(ExactName(dataset.path)) && dataset.elementType != .uint32 {
        mismatches.append(
          WeightMismatch(
            WeightMismatch.nowhere, expected: "nothing", found: "a weight at '\(dataset.path)'"))
      }
    }

    private func variables(_ part: String, of group: HDF5Group?) -> HDF5Group? {
      guard !part.isEmpty else { return group?.group("vars") }
      return (group?.group(part) ?? group?.group("_" + part))?.group("vars")
    }
  }
}

extension String {
  /// The name of a class in Keras's way: `SeparableConv2D` is `separable_conv2d`, `PReLU` is `p_re_lu`.
  var snakeCase: String {
    let characters = Array(self).filter { $0.isLetter || $0.isNumber || $0 == "_" }
    var result = ""
    for (index, character) in characters.enumerated() {
      let next = index + 1 < characters.count ? characters[index + 1] : nil
      let previous = index > 0 ? characters[index - 1] : nil
      if character.isUppercase, let previous {
        if next?.isLowercase ?? false || previous.isLowercase { result += "_" }
      }
      result += character.lowercased()
    }
    return result
  }
}
