import IR

extension LayerTable {
  /// Layers that shift and scale, by stored statistics or by those of what they read.
  static let normalizations: [String: LayerRule] = [
    "BatchNormalization": LayerRule(
      weights: { (config) throws(ImportError) in
        try scaleAndCenter(config)
          + ["moving_mean", "moving_variance"].map { WeightSpec($0, isTrainable: false) }
      },
      heedsTraining: true,
      apply: { (call) throws(ImportError) in try call.batchNormalized() }),
    "LayerNormalization": LayerRule(
      weights: { (config) throws(ImportError) in try scaleAndCenter(config) },
      apply: { (call) throws(ImportError) in try call.layerNormalized() }),
    "GroupNormalization": LayerRule(
      weights: { (config) throws(ImportError) in try scaleAndCenter(config) },
      apply: { (call) throws(ImportError) in try call.groupNormalized() }),
    "Normalization": LayerRule(
      weights: { (config) throws(ImportError) in
        guard config["mean"] == nil else { return [] }
        return ["mean", "variance", "count"].map { WeightSpec($0, isTrainable: false) }
      },
      apply: { (call) throws(ImportError) in try call.normalized() }),
    "Rescaling": LayerRule { (call) throws(ImportError) in try call.rescaled() },
    // ConvNeXt's own layer, which scales each channel by a weight.
    "LayerScale": LayerRule(
      weights: { (_) throws(ImportError) in [WeightSpec("gamma")] },
      apply: { (call) throws(ImportError) in
        let tensor = try call.input()
        let channels = try call.extent(of: tensor.rank - 1, in: tensor)
        let gamma = try call.vector(
          call.stored("gamma", [channels]), along: tensor.rank - 1, of: tensor)
        return call.map(.mul, tensor, [gamma])
      }),
  ]

  private static func scaleAndCenter(_ config: LayerConfig) throws(ImportError) -> [WeightSpec] {
    let scale = try config.flag("scale", default: true) ? [WeightSpec("gamma")] : []
    return try config.flag("center", default: true) ? scale + [WeightSpec("beta")] : scale
  }
}

extension LayerApplication {
  fileprivate func batchNormalized() throws(ImportError) -> KerasTensor {
    let input = try input()
    let axis = try axis(of: input)
    let count = try extent(of: axis, in: input)
    let others = input.shape.indices.filter { $0 != 0 && $0 != axis }
    let tensor =
      input.rank == 2 || input.place(of: axis) == 1
      ? input : arranged(input, [0, axis] + others)
    let scale = try parameter("gamma", if: "scale", otherwise: 1, count, of: tensor)
    let shift = try parameter("beta", if: "center", otherwise: 0, count, of: tensor)
    let mean = try assembly.constant(
      stored("moving_mean", [count]).permutingRows(tensor.features))
    let variance = try assembly.constant(
      stored("moving_variance", [count]).permutingRows(tensor.features))
    return map(
      .batchNormalization, tensor, [scale, shift, mean, variance],
      [.number("epsilon", try config.number("epsilon", default: 1e-3))])
  }

  /// The weight called `name` if the layer's flag `key` says so, or else equal numbers.
  private func parameter(
    _ name: String, if key: String, otherwise number: Float, _ count: Int, of tensor: KerasTensor
  ) throws(ImportError) -> ValueID {
    if try config.flag(key, default: true) {
      return try assembly.constant(stored(name, [count]).permutingRows(tensor.features))
    }
    return assembly.floats(
      try repeated(number, count: count), shape: [count], name: "\(config.path)/\(name)")
  }

  /// A weight of one number for each index of Keras's axis `axis`, in extents that spread over `tensor`.
  fileprivate func vector(
    _ weight: StoredTensor, along axis: Int, of tensor: KerasTensor
  ) throws(ImportError) -> ValueID {
    let trailing = tensor.rank - 1 - tensor.place(of: axis)
    let count = weight.shape.product
    return try assembly.constant(
      weight.permutingRows(tensor.features)
        .reshaped([count] + Array(repeating: 1, count: trailing)))
  }

  /// Over the last axes, which is what Keras does unless told otherwise.
  fileprivate func layerNormalized() throws(ImportError) -> KerasTensor {
    let tensor = plain(try input())
    let axes = Set(
      try config.integers("axis", default: [-1]).map { $0 < 0 ? $0 + tensor.rank : $0 })
    guard let first = axes.min(), 1..<tensor.rank ~= first, axes == Set(first..<tensor.rank) else {
      throw config.unsupported("'axis' is \(axes.sorted()), expected the last axes")
    }
    guard try !config.flag("rms_scaling", default: false) else {
      throw config.unsupported("'rms_scaling' is not known to dearc")
    }
    var extents: [Int] = []
    for axis in first..<tensor.rank { extents.append(try extent(of: axis, in: tensor)) }
    let scale =
      try config.flag("scale", default: true)
      ? try weight("gamma", extents) : try ones(extents, "gamma")
    let shift = try config.flag("center", default: true) ? try weight("beta", extents) : nil
    return map(
      .layerNormalization, tensor, [scale] + (shift.map { [$0] } ?? []),
      [
        Attribute("axis", .int(Int64(first))),
        .number("epsilon", try config.number("epsilon", default: 1e-3)),
      ])
  }

  private func ones(_ extents: [Int], _ name: String) throws(ImportError) -> ValueID {
    let ones = try repeated(1, count: extents.checkedProduct ?? .max)
    return assembly.floats(ones, shape: extents, name: "\(config.path)/\(name)")
  }

  /// Written as a normalisation of each group as one channel: there is no such operator before operator
  /// set 21.
  fileprivate func groupNormalized() throws(ImportError) -> KerasTensor {
    let input = try input()
    let axis = try axis(of: input)
    let others = input.shape.indices.filter { $0 != 0 && $0 != axis }
    let tensor = arranged(input, [0, axis] + others)
    let channels = try extent(of: axis, in: input)
    var result = try normalizedByGroups(tensor, try groupCount(of: channels))
    if try config.flag("scale", default: true) {
      result = map(.mul, result, [try vector(stored("gamma", [channels]), along: axis, of: tensor)])
    }
    if try config.flag("center", default: true) {
      result = map(.add, result, [try vector(stored("beta", [channels]), along: axis, of: tensor)])
    }
    return result
  }

  /// How many groups the channels are in; -1 stands for one each.
  private func groupCount(of channels: Int) throws(ImportError) -> Int {
    let stated = try config.integer("groups", default: 32)
    let groups = stated == -1 ? channels : stated
    guard groups >= 1, channels % groups == 0 else {
      throw config.malformed("'groups' is \(stated), which does not divide \(channels) channels")
    }
    return groups
  }

  private func normalizedByGroups(
    _ tensor: KerasTensor, _ count: Int
  ) throws(ImportError) -> KerasTensor {
    let grouped = insert(.reshape, [tensor.value, integers([0, count, -1])])
    let ones = assembly.floats(
      try repeated(1, count: count), shape: [count], name: "\(config.path)/one")
    let zeros = assembly.floats(
      try repeated(0, count: count), shape: [count], name: "\(config.path)/zero")
    let normalized = insert(
      .instanceNormalization, [grouped, ones, zeros],
      [.number("epsilon", try config.number("epsilon", default: 1e-3))])
    return tensor.with(insert(.reshape, [normalized, insert(.shape, [tensor.value])]))
  }

  /// `(x − mean) / max(√variance, 1e-7)`, by numbers of the configuration or the file.
  fileprivate func normalized() throws(ImportError) -> KerasTensor {
    let tensor = pictured(plainFeatures(of: try input()))
    guard try !config.flag("invert", default: false) else {
      throw config.unsupported("'invert' is not known to dearc")
    }
    // Without an axis, there is one mean of everything.
    let axis = config["axis"]?.list?.isEmpty ?? false ? nil : try axis(of: tensor)
    let extents =
      try axis.map { axis throws(ImportError) in [try extent(of: axis, in: tensor)] } ?? []
    let mean = try statistics("mean", extents)
    let deviation = try statistics("variance", extents).map { max($0.squareRoot(), 1e-7) }
    let trailing = axis.map { tensor.rank - 1 - tensor.place(of: $0) } ?? 0
    let shape = extents + Array(repeating: 1, count: trailing)
    let centred = map(
      .sub, tensor, [assembly.floats(mean, shape: shape, name: "\(config.path)/mean")])
    return map(
      .div, centred,
      [assembly.floats(deviation, shape: shape, name: "\(config.path)/deviation")])
  }

  private func statistics(_ key: String, _ extents: [Int]) throws(ImportError) -> [Float] {
    guard let stated = config["mean"] == nil ? nil : config[key] else {
      return try assembly.numbers(stored(key, extents))
    }
    let count = extents.product
    let numbers = stated.flattened.compactMap(\.number).map { Float($0) }
    guard numbers.count == count || numbers.count == 1 else {
      throw config.malformed("'\(key)' is \(stated.summary), expected \(count) numbers")
    }
    return numbers.count == count ? numbers : try repeated(numbers[0], count: count)
  }

  /// `x · scale + offset`, each a number or a list of one for each channel.
  fileprivate func rescaled() throws(ImportError) -> KerasTensor {
    let tensor = pictured(try input())
    let scaled = map(.mul, tensor, [try channelNumbers("scale", of: tensor, default: 1)])
    guard config["offset"].map({ $0.number != 0 }) ?? false else { return scaled }
    return map(.add, scaled, [try channelNumbers("offset", of: tensor, default: 0)])
  }

  private func channelNumbers(
    _ key: String, of tensor: KerasTensor, default fallback: Double
  ) throws(ImportError) -> ValueID {
    guard let list = config[key]?.list else {
      return scalar(try config.number(key, default: fallback), key)
    }
    let numbers = list.compactMap(\.number).map { Float($0) }
    guard tensor.features == nil, numbers.count == list.count,
      numbers.count == tensor.shape.last || numbers.count == 1
    else {
      throw config.malformed(
        "'\(key)' is \(config[key]?.summary ?? "missing"), expected a number for each channel")
    }
    let trailing = tensor.rank - 1 - tensor.place(of: tensor.rank - 1)
    return assembly.floats(
      numbers, shape: [numbers.count] + Array(repeating: 1, count: trailing),
      name: "\(config.path)/\(key)")
  }
}

extension ConfigValue {
  /// The values of nested lists, one after another.
  fileprivate var flattened: [ConfigValue] { list?.flatMap(\.flattened) ?? [self] }
}
