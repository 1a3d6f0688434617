import IR

/// One application of a layer: what it reads, its parameters, and the graph it adds to.
struct LayerApplication {
  /// What a layer is applied to.
  enum Operand {
    case tensor(KerasTensor)
    indirect case list([Operand])
    case constant(ConfigValue)

    /// Whether it is null or false, or a list of such.
    var isNothing: Bool {
      switch self {
      case .tensor: false
      case .list(let list): list.allSatisfy(\.isNothing)
      case .constant(let value): value.isNothing
      }
    }

    var tensors: [KerasTensor] {
      switch self {
      case .tensor(let tensor): [tensor]
      case .list(let list): list.flatMap(\.tensors)
      case .constant: []
      }
    }
  }

  let config: LayerConfig
  let operands: [Operand]
  let keywords: [(name: String, operand: Operand)]
  let version: KerasVersion
  let assembly: GraphAssembly

  /// `count` equal numbers.
  ///
  /// - Throws: `ImportError` if that are too many for any real layer.
  func repeated(_ number: Float, count: Int) throws(ImportError) -> [Float] {
    guard assembly.mayMake(elements: count) else {
      throw config.unsupported("its \(count) channels are more than any real network has")
    }
    return Array(repeating: number, count: count)
  }

  /// Refuses what a call is given by name and would be ignored, such as `training=True`.
  ///
  /// Arguments that are null or false change nothing.
  func requireKnownKeywords(_ known: Set<String>) throws(ImportError) {
    for (name, operand) in keywords where !known.contains(name) {
      guard !operand.isNothing else { continue }
      throw config.unsupported(
        "it is called with the argument '\(name)', which is not known to dearc")
    }
  }

  /// All tensors that are read by position.
  var inputs: [KerasTensor] { operands.flatMap(\.tensors) }

  /// The only tensor that is read.
  ///
  /// - Throws: `ImportError` if there is none, or several.
  func input() throws(ImportError) -> KerasTensor {
    let tensors = inputs
    guard tensors.count == 1 else {
      throw config.malformed("it reads \(tensors.count) tensors, expected 1")
    }
    return tensors[0]
  }

  /// The only tensor that is read, which must have `rank` axes.
  func input(rank: Int) throws(ImportError) -> KerasTensor {
    let tensor = try input()
    guard tensor.rank == rank else {
      throw config.malformed(
        "it reads a tensor of the extents \(KerasTensor.text(of: tensor.shape)), expected "
          + "\(rank) axes")
    }
    return tensor
  }

  /// The known extent of `axis` of `tensor`.
  func extent(of axis: Int, in tensor: KerasTensor) throws(ImportError) -> Int {
    guard let extent = tensor.shape[axis] else {
      throw config.unsupported(
        "it reads a tensor of the extents \(KerasTensor.text(of: tensor.shape)); axis \(axis) must be known"
      )
    }
    return extent
  }

  /// The axis that the parameter `key` names, counted from the start.
  func axis(_ key: String = "axis", of tensor: KerasTensor) throws(ImportError) -> Int {
    let axes = try config.integers(key, default: [-1])
    let axis = axes.first.map { $0 < 0 ? $0 + tensor.rank : $0 } ?? -1
    guard axes.count == 1, axis > 0, tensor.shape.indices.contains(axis) else {
      throw config.unsupported(
        "'\(key)' is \(axes), expected one axis, other than the batch, of \(KerasTensor.text(of: tensor.shape))"
      )
    }
    return axis
  }

  // MARK: Building

  /// Adds a node.
  func insert(
    _ kind: OperatorKind, _ operands: [ValueID?], _ attributes: [Attribute] = []
  ) -> ValueID {
    assembly.insert(kind, operands, attributes, layer: config.path)
  }

  /// Adds a node that reads every element by itself.
  func map(
    _ kind: OperatorKind, _ tensor: KerasTensor, _ further: [ValueID?] = [],
    _ attributes: [Attribute] = []
  ) -> KerasTensor {
    tensor.with(insert(kind, [tensor.value] + further, attributes))
  }

  /// A stored number.
  func scalar(_ number: Double, _ name: String = "scalar") -> ValueID {
    assembly.floats([Float(number)], shape: [], name: "\(config.path)/\(name)")
  }

  /// A stored list of whole numbers.
  func integers(_ numbers: [Int]) -> ValueID {
    assembly.integers(numbers, layer: config.path)
  }

  /// The weight called `name`, which has these extents.
  func stored(_ name: String, _ shape: [Int]) -> StoredTensor {
    assembly.stored("\(config.path)/\(name)", shape: shape)
  }

  /// The weight called `name` as a value.
  ///
  /// - Throws: `ImportError` if its elements cannot be read.
  func weight(_ name: String, _ shape: [Int]) throws(ImportError) -> ValueID {
    try assembly.constant(stored(name, shape))
  }

  // MARK: Layout

  /// The tensor with its axes in `order`, and its features in Keras's order.
  func arranged(_ tensor: KerasTensor, _ order: [Int]) -> KerasTensor {
    let tensor = plainFeatures(of: tensor)
    guard tensor.order != order else { return tensor }
    let permutation = order.map { tensor.place(of: $0) }
    let value = assembly.transposed(tensor.value, permutation, layer: config.path)
    return KerasTensor(value, tensor.shape, order: order)
  }

  /// The tensor as Keras has it.
  func plain(_ tensor: KerasTensor) -> KerasTensor {
    arranged(tensor, Array(tensor.shape.indices))
  }

  /// A picture or volume channels first, as the convolutions behind will want it; others as they are.
  func pictured(_ tensor: KerasTensor) -> KerasTensor {
    tensor.rank < 4 || !tensor.isPlain
      ? tensor : arranged(tensor, KerasTensor.channelsFirst(rank: tensor.rank))
  }

  /// The tensor with its features in Keras's order.
  func plainFeatures(of tensor: KerasTensor) -> KerasTensor {
    guard let features = tensor.features else { return tensor }
    return KerasTensor(
      assembly.plainFeatures(of: tensor.value, features, layer: config.path), tensor.shape)
  }

  /// The order of axes that ONNX's spatial operators want, for this layer's `data_format`.
  func spatialOrder(rank: Int) throws(ImportError) -> [Int] {
    try isChannelsLast() ? KerasTensor.channelsFirst(rank: rank) : Array(0..<rank)
  }

  /// Which axis the channels are, for this layer's `data_format`.
  func channelAxis(rank: Int) throws(ImportError) -> Int { try isChannelsLast() ? rank - 1 : 1 }

  private func isChannelsLast() throws(ImportError) -> Bool {
    switch try config.text("data_format", default: "channels_last") {
    case "channels_last": true
    case "channels_first": false
    case let other: throw config.malformed("'data_format' is '\(other)'")
    }
  }
}

/// The version of Keras that wrote a model; layers have changed their meaning.
struct KerasVersion: Sendable {
  let major: Int
  /// The version as the model states it; empty if it does not.
  let text: String

  /// Reads the first part of `text`, such as `2.3.1-tf`; models that do not say are Keras 1's.
  init(_ text: String?) {
    self.text = text ?? ""
    major = text?.split(separator: ".").first.flatMap { Int($0) } ?? 1
  }
}
