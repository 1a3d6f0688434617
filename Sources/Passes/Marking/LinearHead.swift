public import IR

/// The weights and bias of a network's last linear layer, as a refit makes them.
public struct LinearHead: Hashable, Sendable {
  /// The number of answers.
  public let outputs: Int
  /// The number of features.
  public let features: Int
  /// The weights, one row an answer.
  public let weights: [Double]
  /// One number an answer.
  public let bias: [Double]

  /// States a head.
  ///
  /// - Precondition: there are `outputs · features` weights and `outputs` numbers of bias.
  public init(outputs: Int, features: Int, weights: [Double], bias: [Double]) {
    precondition(weights.count == outputs * features && bias.count == outputs)
    self.outputs = outputs
    self.features = features
    self.weights = weights
    self.bias = bias
  }

  /// The same head for all features, of which those it knows nothing of count nothing.
  ///
  /// - Precondition: `closed` are as many of `count` features as this head lacks.
  func widened(to count: Int, without closed: [Int]) -> LinearHead {
    let isClosed = Set(closed)
    let places = (0..<count).filter { !isClosed.contains($0) }
    var wide = Array(repeating: 0.0, count: outputs * count)
    for output in 0..<outputs {
      for (feature, place) in places.enumerated() {
        wide[output * count + place] = weights[output * features + feature]
      }
    }
    return LinearHead(outputs: outputs, features: count, weights: wide, bias: bias)
  }
}

extension Graph {
  /// Fits `head` to the model's last linear layer, whose channels in `marks` are closed.
  ///
  /// A head may be as wide as the layer, or lack the features that a mark closes. The latter takes a
  /// mark whose channels are seen to be the layer's features, one to one.
  ///
  /// - Returns: the head at full width.
  /// - Throws: `TargetError` if there is no such layer, the head has other extents, or it holds
  ///   numbers too large for the model's type.
  public func fitted(
    _ head: LinearHead, closing marks: [ChannelMark]
  ) throws(TargetError) -> LinearHead {
    let layer = try lastLayer()
    let (outputs, features) = (layer.outputs, layer.features)
    let closed = closedFeatures(of: layer, marks)
    guard head.outputs == outputs,
      head.features == features || head.features == features - closed.count
    else {
      let narrow = closed.isEmpty ? "" : " or \(outputs)×\(features - closed.count)"
      throw TargetError(
        "the head is \(head.outputs)×\(head.features), but '\(label(layer.node))' takes "
          + "\(outputs)×\(features)\(narrow)")
    }
    if constant(layer.weight)?.elementType == .float32,
      !(head.weights + head.bias).allSatisfy({ Float($0).isFinite })
    {
      throw TargetError("the head holds numbers that are too large for float32, the model's type")
    }
    return head.features == features ? head : head.widened(to: features, without: closed)
  }

  /// The features that the nearest mark before `layer` closes, if its channels are the features.
  private func closedFeatures(of layer: LastLayer, _ marks: [ChannelMark]) -> [Int] {
    var value = nodes[layer.node].input(0)
    while let current = value {
      if let mark = marks.first(where: { $0.value == values[current].name }) {
        return mark.axis == channelAxis(of: current, count: layer.features) ? mark.closed : []
      }
      guard let node = producer(of: current), keepsFeatures(node, count: layer.features) else {
        return []
      }
      value = nodes[node].input(0)
    }
    return []
  }

  /// The only axis behind the first that has `count` entries.
  private func channelAxis(of value: ValueID, count: Int) -> Int? {
    guard let shape = values[value].shape else { return nil }
    let axes = shape.indices.dropFirst().filter { shape[$0].count == count }
    return axes.count == 1 ? axes[0] : nil
  }

  /// Whether what `node` yields has the features of its input, in their order.
  private func keepsFeatures(_ node: NodeID, count: Int) -> Bool {
    switch nodes[node].op.kind {
    case .averagePool, .dropout, .globalAveragePool, .globalMaxPool, .identity, .maxPool,
      .reduceMean, .relu:
      return true
    case .flatten, .reshape, .squeeze:
      // Only where nothing but the features is left can none of them move.
      guard let shape = nodes[node].input(0).flatMap({ values[$0].shape }) else { return false }
      let extents = shape.dropFirst().map(\.count)
      return extents.allSatisfy { $0 == 1 || $0 == count } && extents.count { $0 == count } == 1
    default: return false
    }
  }

  /// The linear layer that gives the model's only output, perhaps through a last activation.
  ///
  /// Whatever stands behind it has one reader, and adds nothing but the bias of a matrix product:
  /// with that replaced, the output is that of the head.
  func lastLayer() throws(TargetError) -> LastLayer {
    guard outputs.count == 1, producer(of: outputs[0]) != nil else {
      throw TargetError("a head needs a model with one output that is computed")
    }
    var value = outputs[0]
    while values[value].uses.count == 1, let node = producer(of: value) {
      if let layer = LastLayer(node, in: self) { return layer }
      if let layer = LastLayer(biasedBy: node, in: self) { return layer }
      guard Self.followsHead(nodes[node].op.kind), let data = nodes[node].input(0) else { break }
      value = data
    }
    throw TargetError(
      "the output '\(values[outputs[0]].name)' does not come from a linear layer with stored "
        + "float32 or float64 weights alone",
      hint: "Only reshaping and a Sigmoid or Softmax may stand behind it, and behind a MatMul the "
        + "Add of a bias.")
  }

  private static func followsHead(_ kind: OperatorKind?) -> Bool {
    switch kind {
    case .flatten, .identity, .reshape, .sigmoid, .softmax, .squeeze, .unsqueeze: true
    default: false
    }
  }
}

/// A linear layer seen as a matrix of one row an answer.
struct LastLayer {
  let node: NodeID
  let weight: ValueID
  let outputs: Int
  let features: Int
  /// Whether the weights are stored with one column an answer.
  let isTransposed: Bool
  private let kind: OperatorKind

  /// Nil unless `node` is a matrix product, or a convolution of one position, with stored floats.
  init?(_ node: NodeID, in graph: Graph) {
    guard let layer = LinearLayer(node, in: graph), let kind = graph.nodes[node].op.kind,
      kind != .convTranspose, let shape = graph.constant(layer.weight)?.shape,
      shape.dropFirst(2).allSatisfy({ $0 == 1 })
    else { return nil }
    if kind == .conv, ConvolutionView(node, in: graph)?.groups != 1 { return nil }
    self.node = node
    self.kind = kind
    weight = layer.weight
    outputs = layer.extent
    isTransposed = layer.orientation.axis == 1
    features = isTransposed ? shape[0] : shape[1]
  }

  /// The matrix product whose bias `sum` adds; nil if it is anything else.
  init?(biasedBy sum: NodeID, in graph: Graph) {
    guard graph.nodes[sum].op.kind == .add else { return nil }
    for operand in 0..<2 {
      guard let product = graph.nodes[sum].input(operand),
        graph.values[product].uses.count == 1, let node = graph.producer(of: product),
        let layer = LastLayer(node, in: graph), !layer.takesBias,
        let bias = graph.nodes[sum].input(1 - operand).flatMap({ graph.constant($0) }),
        bias.shape.dropLast().allSatisfy({ $0 == 1 }),
        bias.shape.last.map({ $0 == 1 || $0 == layer.outputs }) ?? true
      else { continue }
      self = layer
      return
    }
    return nil
  }

  /// The weights of `head` as the layer stores them.
  func stored(_ head: LinearHead, like model: Constant) -> Constant? {
    let weights =
      isTransposed
      ? (0..<features).flatMap { feature in
        (0..<outputs).map { head.weights[$0 * features + feature] }
      } : head.weights
    return Constant(rounding: weights, like: model, shape: model.shape)
  }

  /// Whether the layer takes a bias; else an Add behind it does.
  var takesBias: Bool { kind != .matMul }
}
