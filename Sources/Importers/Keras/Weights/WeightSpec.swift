import IR

/// A weight that layers of some class have.
struct WeightSpec: Hashable, Sendable {
  /// Keras's name for it, such as `kernel`.
  let name: String
  /// Whether training changes it by gradients; Keras lists those first.
  let isTrainable: Bool
  /// The layer inside the layer that has it, as `.weights.h5` names it; empty for its own.
  let part: String

  /// Describes a weight.
  init(_ name: String, isTrainable: Bool = true, part: String = "") {
    self.name = name
    self.isTrainable = isTrainable
    self.part = part
  }
}

extension WeightSpec {
  private static let names: Set<String> = [
    "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "alpha", "mean",
    "variance", "count", "depthwise_kernel", "pointwise_kernel",
  ]

  /// Whether a dataset at `path` may be the weight: names of other versions say nothing.
  func mayBeCalled(_ path: String) -> Bool {
    let parts = path.split(separator: "/").map { $0.prefix { $0 != ":" } }
    guard let last = parts.last.map(String.init), Self.names.contains(last) else { return true }
    let isOwnPart =
      part.isEmpty
      || parts.dropLast().last.map { part.hasPrefix($0) || $0 == "attention_output" } ?? true
    return isOwnPart && (last == name || last == "depthwise_kernel" && name == "kernel")
  }
}

/// The layers of a network, in Keras's order, with the weights they have.
indirect enum WeightTree {
  case layer(LayerConfig, [WeightSpec])
  case network(LayerConfig, [WeightTree])

  var config: LayerConfig {
    switch self {
    case .layer(let config, _), .network(let config, _): config
    }
  }

  /// The trees of the layers of `network`.
  ///
  /// - Throws: `ImportError` if a layer is of a class that dearc does not know.
  static func trees(of network: KerasNetwork) throws(ImportError) -> [WeightTree] {
    var trees: [WeightTree] = []
    for layer in network.layers {
      switch layer.content {
      case .input: trees.append(.layer(layer.config, []))
      case .layer:
        trees.append(
          .layer(layer.config, try LayerTable.rule(for: layer, in: network).weights(layer.config)))
      case .network(let inner): trees.append(.network(layer.config, try self.trees(of: inner)))
      }
    }
    return trees
  }

  /// Refuses layers whose weights would have one name in the graph: `b` in the network `a`, and `a/b`.
  ///
  /// - Throws: `ImportError` that names the weight.
  static func requireDistinctNames(
    _ trees: [WeightTree], version: KerasVersion
  ) throws(ImportError) {
    var names: Set<ExactName> = []
    for tree in trees {
      for place in try tree.places(version: version)
      where !names.insert(ExactName(place.name)).inserted {
        throw ImportError(
          .malformed, "two weights would be called '\(place.name)'; rename one of the layers",
          entity: place.layer.entity)
      }
    }
  }

  /// The places of all weights, those that are trained first, each sort in the order of layers.
  ///
  /// That is the order of a nested model's list in a file of Keras's former format. A network that is
  /// frozen lists all in the order of layers. Up to version 2, that goes for one inside it as well; since
  /// then only the layers themselves count there.
  func places(version: KerasVersion) throws(ImportError) -> [WeightPlace] {
    let isTrainable = try config.flag("trainable", default: true)
    let all = try unsorted(isTrainable, version)
    return all.filter(\.isTrained) + all.filter { !$0.isTrained }
  }

  private func unsorted(
    _ isTrainable: Bool, _ version: KerasVersion
  ) throws(ImportError) -> [WeightPlace] {
    switch self {
    case .layer(let config, let specs):
      return specs.map {
        WeightPlace(layer: config, spec: $0, isTrained: $0.isTrainable && isTrainable)
      }
    case .network(_, let trees):
      var places: [WeightPlace] = []
      for tree in trees {
        var isOwn = try tree.config.flag("trainable", default: true)
        if case .network = tree, version.major >= 3 { isOwn = true }
        places += try tree.unsorted(isTrainable && isOwn, version)
      }
      return places
    }
  }
}

/// A weight of one layer.
struct WeightPlace {
  let layer: LayerConfig
  let spec: WeightSpec
  /// Whether Keras counts it among the weights that training changes: it does not if the layer is frozen.
  let isTrained: Bool

  /// How it is called in the graph.
  var name: String {
    [layer.path, spec.part, spec.name].filter { !$0.isEmpty }.joined(separator: "/")
  }
}
