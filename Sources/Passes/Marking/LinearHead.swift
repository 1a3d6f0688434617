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
  /// A head may be as wide as the layer, or lack the closed channels.
  ///
  /// - Returns: the head at full width.
  /// - Throws: `TargetError` if there is no such layer, or the head has other extents.
  public func fitted(
    _ head: LinearHead, closing marks: [ChannelMark]
  ) throws(TargetError) -> LinearHead {
    let layer = try lastLayer()
    let (outputs, features) = (layer.outputs, layer.features)
    let closed = marks.count == 1 ? marks[0].closed : []
    guard head.outputs == outputs,
      head.features == features || head.features == features - closed.count
    else {
      let narrow = closed.isEmpty ? "" : " or \(outputs)×\(features - closed.count)"
      throw TargetError(
        "the head is \(head.outputs)×\(head.features), but '\(label(layer.node))' takes "
          + "\(outputs)×\(features)\(narrow)")
    }
    return head.features == features ? head : head.widened(to: features, without: closed)
  }

  /// The linear layer that gives the model's only output, perhaps through a last activation.
  func lastLayer() throws(TargetError) -> LastLayer {
    guard outputs.count == 1, var node = producer(of: outputs[0]) else {
      throw TargetError("a head needs a model with one output that is computed")
    }
    while true {
      if let layer = LastLayer(node, in: self) { return layer }
      guard let data = nodes[node].inputs.compactMap({ $0 }).first(where: { constant($0) == nil }),
        Self.followsHead(nodes[node].op.kind), let before = producer(of: data)
      else { break }
      node = before
    }
    throw TargetError(
      "the output '\(values[outputs[0]].name)' does not come from a linear layer with stored weights"
    )
  }

  private static func followsHead(_ kind: OperatorKind?) -> Bool {
    switch kind {
    case .add, .flatten, .identity, .reshape, .sigmoid, .softmax, .squeeze, .unsqueeze: true
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
