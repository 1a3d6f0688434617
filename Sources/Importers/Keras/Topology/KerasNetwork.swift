/// A network as its configuration describes it: layers, and which of them reads what.
struct KerasNetwork {
  let name: String
  /// In the order in which Keras keeps them, and their weights.
  let layers: [KerasLayer]
  let inputs: [TensorReference]
  let outputs: [TensorReference]

  /// Where the first layer that says so has the channels of pictures, which is how they come in.
  var dataFormat: String? {
    for layer in layers {
      if case .network(let inner) = layer.content {
        if let format = inner.dataFormat { return format }
      } else if let format = layer.config["data_format"]?.text {
        return format
      }
    }
    return nil
  }

  /// The layers that read `reference`.
  func readers(of reference: TensorReference) -> [KerasLayer] {
    layers.filter { $0.calls.contains { $0.references.contains(reference) } }
  }

  /// The types in which layers compute, other than single precision, each once.
  var otherPrecisions: [String] {
    var names: [String] = []
    for layer in layers {
      switch layer.content {
      case .input: continue
      case .network(let inner): names += inner.otherPrecisions
      case .layer:
        let type = layer.config["dtype"]
        if let name = type?.text ?? type?["config"]?["name"]?.text { names.append(name) }
      }
    }
    return Set(names).subtracting(["float32"]).sorted()
  }

  /// The layers that `layer` is applied to, in words.
  func sources(of layer: KerasLayer) -> String {
    let names = layer.calls.flatMap(\.references).prefix(3).map { "'\(layers[$0.layer].name)'" }
    return names.isEmpty ? "nothing" : names.joined(separator: " and ")
  }

  /// The paths of all layers, also of networks inside it.
  var layerPaths: [String] {
    layers.flatMap { layer in
      guard case .network(let inner) = layer.content else { return [layer.config.path] }
      return [layer.config.path] + inner.layerPaths
    }
  }
}

/// A layer of a network, or a function that Keras lists among the layers.
struct KerasLayer {
  /// What a layer is made of.
  enum Content {
    /// Stands for what the caller of the network passes.
    case input
    /// Computes something by itself.
    case layer
    /// Is a network of layers.
    indirect case network(KerasNetwork)
  }

  let name: String
  let config: LayerConfig
  let content: Content
  /// Where it is applied; a layer that is applied twice has the same weights each time.
  let calls: [LayerCall]
}

/// One application of a layer.
struct LayerCall: Sendable {
  var arguments: [CallArgument]
  var keywords: [(name: String, argument: CallArgument)] = []

  /// The tensors that are read, in order.
  var references: [TensorReference] {
    arguments.flatMap(\.references) + keywords.flatMap(\.argument.references)
  }
}

/// What a layer is given.
enum CallArgument: Sendable {
  case tensor(TensorReference)
  indirect case list([CallArgument])
  case constant(ConfigValue)

  var references: [TensorReference] {
    switch self {
    case .tensor(let reference): [reference]
    case .list(let list): list.flatMap(\.references)
    case .constant: []
    }
  }
}

/// A result of one application of a layer, by its place in the network's list of layers.
struct TensorReference: Hashable, Sendable {
  let layer: Int
  let call: Int
  let tensor: Int
}
