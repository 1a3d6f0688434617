import Formats
import IR

/// Reads networks from the configuration of a model, whichever version of Keras wrote it.
///
/// A sequential model is read as the chain of calls that it is.
struct NetworkReader {
  /// What comes before the names of the network's layers: the names of the networks around it.
  let prefix: String

  /// Reads a model: `{"class_name": …, "config": …}`.
  ///
  /// - Throws: `ImportError` that names the layer if the configuration is malformed, or the model is of
  ///   a class whose structure exists in Python code only.
  static func read(_ model: ConfigValue) throws(ImportError) -> KerasNetwork {
    guard let className = model["class_name"]?.text, let config = model["config"] else {
      throw ImportError(
        .malformed, "the configuration has no 'class_name' and 'config'; it describes no model")
    }
    guard let network = try NetworkReader(prefix: "").network(className, config, path: "") else {
      throw ImportError(
        .unsupported,
        "the model is of the class '\(className)'; only Sequential and functional models say in "
          + "their configuration what they compute")
    }
    return network
  }

  /// The network in `config`, or nil if `className` is none of a network.
  private func network(
    _ className: String, _ config: ConfigValue, path: String
  ) throws(ImportError) -> KerasNetwork? {
    let inner = NetworkReader(prefix: path.isEmpty ? "" : path + "/")
    switch className {
    case "Sequential": return try inner.sequential(config)
    case "Functional", "Model", "Container": return try inner.functional(config)
    default: return nil
    }
  }

  // MARK: Sequential

  private func sequential(_ config: ConfigValue) throws(ImportError) -> KerasNetwork {
    // Before Keras 2.2.3, the configuration of a Sequential was the list itself.
    guard let entries = config.list ?? config["layers"]?.list else {
      throw ImportError(.malformed, "the Sequential model \(name(config)) has no list of layers")
    }
    var layers: [KerasLayer] = []
    if let input = implicitInput(entries, config) { layers.append(input) }
    for entry in entries {
      let call = LayerCall(
        arguments: layers.isEmpty
          ? [] : [.tensor(TensorReference(layer: layers.count - 1, call: 0, tensor: 0))])
      layers.append(try layer(entry, calls: [call]))
    }
    guard !layers.isEmpty else {
      throw ImportError(.malformed, "the Sequential model \(name(config)) has no layers")
    }
    try requireUniqueNames(layers)
    return KerasNetwork(
      name: name(config), layers: layers,
      inputs: [TensorReference(layer: 0, call: 0, tensor: 0)],
      outputs: [TensorReference(layer: layers.count - 1, call: 0, tensor: 0)])
  }

  /// The input that a Sequential has if its layers do not begin with one.
  ///
  /// Its shape may be missing: that of a network inside another one follows from what it is given.
  private func implicitInput(_ entries: [ConfigValue], _ config: ConfigValue) -> KerasLayer? {
    guard let first = entries.first, first["class_name"]?.text != "InputLayer" else { return nil }
    let inner = first["config"]
    let nested = inner?["layers"]?.list?.first?["config"]
    let candidates = [inner, nested, config].compactMap { $0 }
    let keys = ["batch_input_shape", "batch_shape", "build_input_shape"]
    let stated = candidates.lazy.flatMap { value in keys.lazy.compactMap { value[$0] } }.first
    let shape = stated ?? first["build_config"]?["input_shape"]
    let name = (inner?["name"]?.text ?? "sequential") + "_input"
    let values = ConfigValue.object(shape.map { [("batch_shape", $0)] } ?? [])
    return KerasLayer(
      name: name,
      config: LayerConfig(path: prefix + name, className: "InputLayer", values: values),
      content: .input, calls: [LayerCall(arguments: [])])
  }

  // MARK: Functional

  private func functional(_ config: ConfigValue) throws(ImportError) -> KerasNetwork {
    guard let entries = config["layers"]?.list else {
      throw ImportError(.malformed, "the model \(name(config)) has no list of layers")
    }
    var places: [ExactName: Int] = [:]
    for (index, entry) in entries.enumerated() {
      let name = try layerName(entry)
      guard places.updateValue(index, forKey: ExactName(name)) == nil else {
        throw ImportError(.malformed, "two layers are called '\(prefix)\(name)'")
      }
    }
    let references = ReferenceReader(places: places)
    var layers: [KerasLayer] = []
    for entry in entries {
      let config = try layerConfig(entry)
      layers.append(try layer(entry, calls: try references.calls(of: entry, config)))
    }
    let inputs = try references.list(config["input_layers"], "input_layers", of: name(config))
    let outputs = try references.list(config["output_layers"], "output_layers", of: name(config))
    return KerasNetwork(name: name(config), layers: layers, inputs: inputs, outputs: outputs)
      .countingCallsFromZero(isCurrent: entries.contains(where: ReferenceReader.isCurrent))
  }

  // MARK: Layers

  private func layer(
    _ entry: ConfigValue, calls: [LayerCall]
  ) throws(ImportError) -> KerasLayer {
    let config = try layerConfig(entry)
    let name = try layerName(entry)
    let content: KerasLayer.Content
    if config.className == "InputLayer" {
      content = .input
    } else if let values = entry["config"],
      let network = try network(config.className, values, path: config.path)
    {
      content = .network(network)
    } else {
      content = .layer
    }
    return KerasLayer(
      name: name, config: config, content: content,
      calls: config.className == "InputLayer" ? [LayerCall(arguments: [])] : calls)
  }

  private func layerConfig(_ entry: ConfigValue) throws(ImportError) -> LayerConfig {
    let name = try layerName(entry)
    guard let className = entry["class_name"]?.text else {
      throw ImportError(.malformed, "the layer '\(prefix)\(name)' has no class")
    }
    guard isOfKeras(entry) else {
      throw ImportError(
        .unsupported,
        "it is of a class of one's own, which is Python code that dearc never runs",
        entity: "layer '\(prefix)\(name)' (\(className))")
    }
    let values = entry["config"] ?? .object([])
    return try FormerLayers.modern(
      LayerConfig(path: prefix + name, className: className, values: values), values)
  }

  /// Whether a class is Keras's own, as far as the configuration says: others may have the same name.
  private func isOfKeras(_ entry: ConfigValue) -> Bool {
    let module = entry["module"]?.text
    let isInside = module.map { $0 == "keras" || $0.hasPrefix("keras.") } ?? true
    let registered = entry["registered_name"]?.text
    return isInside
      && (registered == nil || registered == entry["class_name"]?.text
        || module?.hasPrefix("keras.src.") ?? false)
  }

  private func layerName(_ entry: ConfigValue) throws(ImportError) -> String {
    guard let name = entry["name"]?.text ?? entry["config"]?["name"]?.text, !name.isEmpty else {
      throw ImportError(
        .malformed,
        "a layer of the class '\(entry["class_name"]?.text ?? "unknown")' has no name",
        entity: prefix.isEmpty ? nil : "network '\(prefix.dropLast())'")
    }
    let count = prefix.utf8.count + name.utf8.count
    guard count <= Limits.layerNameByteCount else {
      throw ImportError(
        .malformed,
        "a layer's name, with those of the networks around it, has \(count) bytes, at most "
          + "\(Limits.layerNameByteCount) are read")
    }
    return name
  }

  private func requireUniqueNames(_ layers: [KerasLayer]) throws(ImportError) {
    var names: Set<ExactName> = []
    for layer in layers where !names.insert(ExactName(layer.name)).inserted {
      throw ImportError(.malformed, "two layers are called '\(layer.config.path)'")
    }
  }

  private func name(_ config: ConfigValue) -> String { config["name"]?.text ?? "model" }
}
