import IR

/// Makes a model of a network and its weights.
struct KerasModelBuilder {
  let network: KerasNetwork
  let version: KerasVersion
  let weights: WeightFile
  /// Whether pictures go in and out channels first.
  let isChannelsFirst: Bool

  /// The model.
  ///
  /// - Throws: `ImportError` that names the layer that cannot be built, or lists the weights that do not
  ///   fit.
  func model() throws(ImportError) -> Model {
    let assembly = GraphAssembly(
      name: network.name, weights: weights, layers: network.layerPaths)
    var inputs: [KerasTensor] = []
    for reference in network.inputs {
      inputs.append(try input(reference, in: assembly))
    }
    let results = try NetworkLowering(assembly: assembly, version: version)
      .lower(network, arguments: inputs)
    guard assembly.mismatches.isEmpty else { throw assembly.mismatch }
    for result in results { addOutput(result, to: assembly) }
    var model = Model(irVersion: 8, graph: assembly.graph)
    model.producerName = "keras"
    model.producerVersion = version.text
    return model
  }

  private func input(
    _ reference: TensorReference, in assembly: GraphAssembly
  ) throws(ImportError) -> KerasTensor {
    let layer = network.layers[reference.layer]
    let shape = try inputShape(layer.config)
    let order = order(rank: shape.count)
    let type = try elementType(reference)
    let dimensions = order.map { dimension(shape[$0], axis: $0, of: layer, rank: shape.count) }
    let value = assembly.addInput(layer.name, TensorType(type, dimensions))
    guard type != .float32 else { return KerasTensor(value, shape, order: order) }
    let float = assembly.insert(
      .cast, [value], [Attribute("to", .int(Int64(ElementType.float32.rawValue)))],
      layer: layer.name)
    return KerasTensor(float, shape, order: order)
  }

  private func inputShape(_ config: LayerConfig) throws(ImportError) -> [Int?] {
    guard let list = (config["batch_shape"] ?? config["batch_input_shape"])?.list else {
      throw config.unsupported(
        "the model does not say what shape it reads; give it an Input layer, and save it again")
    }
    guard list.count <= LayerConfig.rankLimit else {
      throw config.malformed("its shape has \(list.count) axes")
    }
    var shape: [Int?] = []
    for item in list {
      if case .null = item {
        shape.append(nil)
      } else if let extent = item.integer, 1...LayerConfig.extentLimit ~= extent {
        shape.append(extent)
      } else {
        throw config.malformed("its shape holds \(item.summary), expected an extent or null")
      }
    }
    guard !shape.isEmpty else { throw config.malformed("its shape has no axes") }
    return shape
  }

  /// Pictures are called so by their open extents, in ONNX's usual words.
  private func dimension(
    _ extent: Int?, axis: Int, of layer: KerasLayer, rank: Int
  ) -> Dimension {
    if let extent { return .known(extent) }
    if axis == 0 { return .symbol("batch") }
    let suffix = rank == 4 && 1...2 ~= axis ? ["height", "width"][axis - 1] : "axis\(axis)"
    return .symbol(network.inputs.count == 1 ? suffix : "\(layer.name)_\(suffix)")
  }

  /// The type that the caller passes; whole numbers, if they become floats before anything else.
  private func elementType(_ reference: TensorReference) throws(ImportError) -> ElementType {
    let config = network.layers[reference.layer].config
    let name = config["dtype"]?.text ?? config["dtype"]?["config"]?["name"]?.text ?? "float32"
    // Half precision is a matter of speed: weights and answers are stored in single precision.
    if Self.floats.contains(name) { return .float32 }
    guard let type = Self.wholeNumbers[name] else {
      throw config.unsupported(
        "its elements are of the type '\(name)'; dearc knows networks that read floats, or whole numbers"
      )
    }
    for reader in network.readers(of: reference)
    where !["Rescaling", "Normalization"].contains(reader.config.className) {
      throw reader.config.unsupported(
        "it computes with elements of the type '\(name)'; put a Rescaling layer before it, which makes "
          + "floats of them")
    }
    return type
  }

  private static let floats: Set<String> = [
    "float32", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16",
  ]

  private static let wholeNumbers: [String: ElementType] = [
    "uint8": .uint8, "int8": .int8, "uint16": .uint16, "int16": .int16, "int32": .int32,
    "uint32": .uint32,
  ]

  private func order(rank: Int) -> [Int] {
    isChannelsFirst && network.dataFormat != "channels_first"
      ? KerasTensor.channelsFirst(rank: rank) : Array(0..<rank)
  }

  private func addOutput(_ tensor: KerasTensor, to assembly: GraphAssembly) {
    let name = assembly.graph.values[tensor.value].name
    let order = order(rank: tensor.rank)
    let call = LayerApplication(
      config: LayerConfig(path: name, className: "output", values: .object([])), operands: [],
      keywords: [], version: version, assembly: assembly)
    let value = call.arranged(tensor, order).value
    let shape = order.map { axis in
      tensor.shape[axis].map(Dimension.known) ?? (axis == 0 ? .symbol("batch") : .unknown)
    }
    assembly.addOutput(value, from: tensor.value, TensorType(.float32, shape))
  }
}
