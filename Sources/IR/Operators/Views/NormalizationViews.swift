/// Reads a BatchNormalization node that has one set of numbers per channel.
public struct BatchNormalizationView: Sendable {
  /// What is normalised; axis 1 holds the channels.
  public let data: ValueID
  /// The factor per channel.
  public let scale: ValueID
  /// The shift per channel.
  public let bias: ValueID
  /// The mean per channel.
  public let mean: ValueID
  /// The variance per channel.
  public let variance: ValueID
  /// What is added to the variance before the root.
  public let epsilon: Float
  /// Whether it uses the stored mean and variance rather than those of its data.
  public let isInference: Bool

  /// Reads `node`, or returns nil if it is something else, malformed, or not per channel.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .batchNormalization, let data = row.input(0), let scale = row.input(1),
      let bias = row.input(2), let mean = row.input(3), let variance = row.input(4),
      let epsilon = graph.attribute(node, "epsilon", default: Float(1e-5)),
      let isInference = Self.isInference(node, in: graph)
    else { return nil }
    if graph.version < 9 {
      // Such a node could hold one set of numbers per element instead.
      guard graph.attribute(node, "spatial", default: true) == true else { return nil }
    }
    self.data = data
    self.scale = scale
    self.bias = bias
    self.mean = mean
    self.variance = variance
    self.epsilon = epsilon
    self.isInference = isInference
  }

  private static func isInference(_ node: NodeID, in graph: Graph) -> Bool? {
    // Only training makes statistics, and from version 7 to 13 asking for them is what starts it.
    guard graph.nodes[node].outputs.dropFirst().allSatisfy({ $0 == nil }) else { return false }
    switch graph.version {
    case 14...: return graph.attribute(node, "training_mode", default: false).map { !$0 }
    case 7..<14: return true
    default: return graph.attribute(node, "is_test", default: false)
    }
  }
}

/// Reads a Softmax, LogSoftmax or Hardmax node.
public struct SoftmaxView: Sendable {
  /// What is normalised.
  public let data: ValueID
  /// The axis along which the results belong together.
  public let axis: Int
  /// Whether all axes from `axis` on are treated as one, as before operator set 13.
  public let flattensTrailingAxes: Bool

  /// Reads `node`, or returns nil if it is something else or its axis cannot be resolved.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .softmax || row.op.kind == .logSoftmax || row.op.kind == .hardmax,
      let data = row.input(0)
    else { return nil }
    let flattens = graph.version < 13
    guard let stated = graph.attribute(node, "axis", default: flattens ? 1 : -1) else { return nil }
    let rank = graph.rank(of: data)
    // Flattening may start behind the last axis.
    let limit = flattens && stated >= 0 ? rank.map { $0 + 1 } : rank
    guard let axis = Axis.normalized(stated, rank: limit) else { return nil }
    self.data = data
    self.axis = axis
    flattensTrailingAxes = flattens
  }
}

/// Reads a node that normalises over the last axes of its data: LayerNormalization or
/// RMSNormalization.
public struct LayerNormalizationView: Sendable {
  /// The tensor that is normalised.
  public let data: ValueID
  /// What the result is multiplied by.
  public let scale: ValueID
  /// What is added to that, if anything is.
  public let shift: ValueID?
  /// The first of the axes that are normalised over, counted from 0.
  public let firstAxis: Int
  /// What is added to the variance, or the mean square, before its root divides.
  public let epsilon: Float

  /// Nil for other operators, an unknown rank, an axis out of range, and where statistics are wanted
  /// as further results.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .layerNormalization || row.op.kind == .rmsNormalization,
      let data = row.input(0), let scale = row.input(1), let rank = graph.rank(of: data),
      let stated = graph.attribute(node, "axis", default: -1),
      let axis = Axis.normalized(stated, rank: rank),
      let epsilon = graph.attribute(node, "epsilon", default: Float(1e-5)),
      row.output(1) == nil, row.output(2) == nil
    else { return nil }
    self.data = data
    self.scale = scale
    shift = row.input(2)
    firstAxis = axis
    self.epsilon = epsilon
  }
}

/// Reads a GroupNormalization node.
public struct GroupNormalizationView: Sendable {
  /// The tensor that is normalised; its second axis holds the channels.
  public let data: ValueID
  /// One factor a channel, or a group before version 21.
  public let scale: ValueID
  /// One summand a channel, or a group before version 21.
  public let shift: ValueID
  /// The number of groups, above 0.
  public let groups: Int
  /// What is added to the variance before its root divides.
  public let epsilon: Float

  /// Nil for other operators, and if an operand is left out or an attribute is malformed.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .groupNormalization, let data = row.input(0), let scale = row.input(1),
      let shift = row.input(2), let groups = graph.attribute(node, "num_groups", default: 0),
      groups > 0, let epsilon = graph.attribute(node, "epsilon", default: Float(1e-5))
    else { return nil }
    self.data = data
    self.scale = scale
    self.shift = shift
    self.groups = groups
    self.epsilon = epsilon
  }
}

/// Reads an LpNormalization node.
public struct LpNormalizationView: Sendable {
  /// The tensor that is normalised.
  public let data: ValueID
  /// The axis that is normalised over, counted from 0.
  public let axis: Int

  /// Nil for other operators, an unknown rank, and an axis out of range.
  public init?(_ node: NodeID, in graph: Graph) {
    guard graph.nodes[node].op.kind == .lpNormalization, let data = graph.nodes[node].input(0),
      let rank = graph.rank(of: data), let stated = graph.attribute(node, "axis", default: -1),
      let axis = Axis.normalized(stated, rank: rank)
    else { return nil }
    self.data = data
    self.axis = axis
  }
}
