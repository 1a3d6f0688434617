import IR

/// Builds a network's graph, call by call, in an order in which every tensor exists before it is read.
struct NetworkLowering {
  let assembly: GraphAssembly
  let version: KerasVersion

  /// Builds what `network` computes from `arguments`, one for each of its inputs.
  ///
  /// - Throws: `ImportError` that names the layer that cannot be built.
  func lower(
    _ network: KerasNetwork, arguments: [KerasTensor], path: String = ""
  ) throws(ImportError) -> [KerasTensor] {
    guard arguments.count == network.inputs.count else {
      throw ImportError(
        .malformed,
        "the network '\(network.name)' is applied to \(arguments.count) tensors, expected "
          + "\(network.inputs.count)")
    }
    var results: [CallSite: [KerasTensor]] = [:]
    for (reference, argument) in zip(network.inputs, arguments) {
      results[CallSite(reference)] = [argument]
    }
    for site in try CallOrder(network).sites where results[site] == nil {
      results[site] = try apply(site, of: network, results)
    }
    try assembly.countApplication(ofTensors: network.outputs.count)
    var outputs: [KerasTensor] = []
    for output in network.outputs { outputs.append(try tensor(output, results, of: network)) }
    return outputs
  }

  private func apply(
    _ site: CallSite, of network: KerasNetwork, _ results: [CallSite: [KerasTensor]]
  ) throws(ImportError) -> [KerasTensor] {
    let layer = network.layers[site.layer]
    let application = try application(of: layer, layer.calls[site.call], of: network, results)
    switch layer.content {
    case .input: throw layer.config.malformed("it is no input of '\(network.name)', but is read")
    case .network(let inner):
      try application.requireKnownKeywords([])
      return try lower(inner, arguments: application.inputs, path: layer.config.path)
    case .layer:
      return [try lower(application, by: try LayerTable.rule(for: layer, in: network))]
    }
  }

  private func application(
    of layer: KerasLayer, _ call: LayerCall, of network: KerasNetwork,
    _ results: [CallSite: [KerasTensor]]
  ) throws(ImportError) -> LayerApplication {
    try assembly.countApplication(ofTensors: call.references.count)
    var operands: [LayerApplication.Operand] = []
    for argument in call.arguments {
      operands.append(try operand(argument, results, of: network))
    }
    var keywords: [(name: String, operand: LayerApplication.Operand)] = []
    for (name, argument) in call.keywords {
      keywords.append((name, try operand(argument, results, of: network)))
    }
    return LayerApplication(
      config: layer.config, operands: operands, keywords: keywords, version: version,
      assembly: assembly)
  }

  private func lower(
    _ application: LayerApplication, by rule: LayerRule
  ) throws(ImportError) -> KerasTensor {
    let (config, count) = (application.config, assembly.valueCount)
    try application.requireKnownKeywords(
      rule.heedsTraining ? rule.keywords : rule.keywords.union(["training"]))
    let result = try rule.apply(application)
    if !rule.isForTraining { try config.requireAllKnown() }
    try checkExtents(of: result, config)
    assembly.name(result.value, after: config.path, ifNotAmong: count)
    return result
  }

  /// Bounds what every layer reads, so that none has to fear for its arithmetic.
  private func checkExtents(
    of tensor: KerasTensor, _ config: LayerConfig
  ) throws(ImportError) {
    guard tensor.rank <= LayerConfig.rankLimit else {
      throw config.malformed(
        "it computes a tensor of \(tensor.rank) axes, at most \(LayerConfig.rankLimit) are known")
    }
    guard tensor.shape.allSatisfy({ 1...LayerConfig.extentLimit ~= $0 ?? 1 }) else {
      throw config.malformed(
        "it computes a tensor of the extents \(KerasTensor.text(of: tensor.shape)); each must be from 1 to "
          + "\(LayerConfig.extentLimit)")
    }
  }

  private func operand(
    _ argument: CallArgument, _ results: [CallSite: [KerasTensor]], of network: KerasNetwork
  ) throws(ImportError) -> LayerApplication.Operand {
    switch argument {
    case .tensor(let reference): return .tensor(try tensor(reference, results, of: network))
    case .constant(let value): return .constant(value)
    case .list(let list):
      var operands: [LayerApplication.Operand] = []
      for item in list { operands.append(try operand(item, results, of: network)) }
      return .list(operands)
    }
  }

  private func tensor(
    _ reference: TensorReference, _ results: [CallSite: [KerasTensor]], of network: KerasNetwork
  ) throws(ImportError) -> KerasTensor {
    guard let tensors = results[CallSite(reference)], tensors.indices.contains(reference.tensor)
    else {
      throw network.layers[reference.layer].config.malformed(
        "tensor \(reference.tensor) of it is read, and it has none")
    }
    return tensors[reference.tensor]
  }
}

/// One of the calls of a layer.
struct CallSite: Hashable {
  let layer: Int
  let call: Int

  init(_ reference: TensorReference) {
    layer = reference.layer
    call = reference.call
  }
}

/// The calls that the outputs of a network depend on, each behind those it reads.
private struct CallOrder {
  private(set) var sites: [CallSite] = []

  /// - Throws: `ImportError` that names a layer if calls read each other in a circle, or a call is read
  ///   that does not exist.
  init(_ network: KerasNetwork) throws(ImportError) {
    var states: [CallSite: Bool] = [:]
    // Depth first, without recursion: networks are deeper than the stack.
    var stack = network.outputs.reversed().map { (site: CallSite($0), isLeaving: false) }
    while let (site, isLeaving) = stack.popLast() {
      let layer = network.layers[site.layer]
      if isLeaving {
        states[site] = true
        sites.append(site)
        continue
      }
      if states[site] == true { continue }
      guard states[site] == nil else {
        throw layer.config.malformed("it reads, through other layers, what it computes")
      }
      guard layer.calls.indices.contains(site.call) else {
        throw layer.config.malformed("call \(site.call) of it is read, and it has none")
      }
      states[site] = false
      stack.append((site, true))
      for reference in layer.calls[site.call].references.reversed()
      where states[CallSite(reference)] != true {
        stack.append((CallSite(reference), false))
      }
    }
  }
}
