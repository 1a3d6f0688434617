extension KerasNetwork {
  /// The same network, with the calls of networks inside it counted like those of layers.
  ///
  /// Up to version 2, a model applied itself once while it was made. Keras counts that call, which is in
  /// no configuration: the first from outside has the number 1. Keras 3 does so only where it lists what
  /// a network takes and gives, and only for functional models.
  ///
  /// Source: `get_config` and `functional_from_config` in `keras/src/models/functional.py` of Keras 3.15.
  ///
  /// - Parameter isCurrent: Whether Keras 3 wrote the network.
  /// - Returns: the network in which the first call of everything has the number 0.
  func countingCallsFromZero(isCurrent: Bool) -> KerasNetwork {
    let inside = layers.flatMap { $0.calls.flatMap(\.references) }
    let border = inputs + outputs
    let starts = firstCalls(in: isCurrent ? border : inside + border)
    guard starts.contains(1) else { return self }
    func shifted(_ reference: TensorReference) -> TensorReference {
      TensorReference(
        layer: reference.layer, call: reference.call - starts[reference.layer],
        tensor: reference.tensor)
    }
    return KerasNetwork(
      name: name,
      layers: isCurrent ? layers : layers.map { $0.mapping(shifted) },
      inputs: inputs.map(shifted), outputs: outputs.map(shifted))
  }

  /// The number that `references` give the first call of each layer.
  private func firstCalls(in references: [TensorReference]) -> [Int] {
    var numbers = Array(repeating: [Int](), count: layers.count)
    for reference in references { numbers[reference.layer].append(reference.call) }
    return layers.indices.map { index in
      guard case .network = layers[index].content, let least = numbers[index].min(), least > 0
      else { return 0 }
      let isCounted = layers[index].config.className != "Sequential"
      return isCounted || numbers[index].contains(layers[index].calls.count) ? 1 : 0
    }
  }
}

extension KerasLayer {
  fileprivate func mapping(_ change: (TensorReference) -> TensorReference) -> KerasLayer {
    KerasLayer(
      name: name, config: config, content: content,
      calls: calls.map { call in
        LayerCall(
          arguments: call.arguments.map { $0.mapping(change) },
          keywords: call.keywords.map { ($0.name, $0.argument.mapping(change)) })
      })
  }
}

extension CallArgument {
  fileprivate func mapping(_ change: (TensorReference) -> TensorReference) -> CallArgument {
    switch self {
    case .tensor(let reference): .tensor(change(reference))
    case .list(let list): .list(list.map { $0.mapping(change) })
    case .constant: self
    }
  }
}
