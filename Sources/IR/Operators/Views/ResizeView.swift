/// Reads a Resize or Upsample node.
public struct ResizeView: Sendable {
  /// How new elements arise.
  public enum Mode: String, Hashable, Sendable {
    case nearest, linear, cubic
  }

  /// What is resized.
  public let data: ValueID
  /// The operand that holds the region to crop, if there is one.
  public let region: ValueID?
  /// The operand that holds factors, unless they are an attribute or sizes are given.
  public let scalesOperand: ValueID?
  /// The operand that holds extents, if they are given.
  public let sizesOperand: ValueID?
  /// A factor for each of `axes`, if known.
  public let scales: [Float]?
  /// An extent for each of `axes`, if known.
  public let sizes: [Int]?
  /// The resized axes, or nil for all.
  public let axes: [Int]?
  /// How new elements arise.
  public let mode: Mode
  /// How coordinates of the result map to those of the data.
  public let coordinateTransformation: String
  /// How `nearest` rounds.
  public let nearestMode: String
  /// How extents and aspect ratio are reconciled: `stretch`, `not_larger` or `not_smaller`.
  public let aspectRatioPolicy: String
  /// Whether shrinking averages over more elements.
  public let antialias: Bool

  /// Reads `node`, or returns nil if it is something else or malformed.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard row.op.kind == .resize || row.op.kind == .upsample, let data = row.input(0),
      let modeName = graph.attribute(node, "mode", default: "nearest"),
      let mode = Mode(rawValue: modeName == "bilinear" ? "linear" : modeName)
    else { return nil }
    let isOld = row.op.kind == .upsample || graph.version < 11
    guard
      let transformation = graph.attribute(
        node, "coordinate_transformation_mode", default: isOld ? "asymmetric" : "half_pixel"),
      let nearestMode = graph.attribute(
        node, "nearest_mode", default: isOld ? "floor" : "round_prefer_floor"),
      let policy = graph.attribute(node, "keep_aspect_ratio_policy", default: "stretch"),
      let antialias = graph.attribute(node, "antialias", default: false),
      let statedAxes = graph.attribute(node, "axes", default: [Int]()),
      let axes = Axis.normalized(statedAxes, rank: graph.rank(of: data))
    else { return nil }
    self.data = data
    self.mode = mode
    coordinateTransformation = transformation
    self.nearestMode = nearestMode
    aspectRatioPolicy = policy
    self.antialias = antialias
    self.axes = row.attribute("axes") == nil ? nil : axes
    region = isOld ? nil : graph.filled(row.input(1))
    scalesOperand = graph.filled(row.input(isOld ? 1 : 2))
    sizesOperand = isOld ? nil : graph.filled(row.input(3))
    if row.op.kind == .upsample, graph.version < 9 {
      guard let stated = graph.attribute(node, "scales", default: [Float]()) else { return nil }
      scales = stated
    } else {
      scales = graph.storedConstant(scalesOperand)?.elements(as: Float.self)
    }
    sizes = OperandReader(graph: graph, known: integers).ints(sizesOperand)
  }
}

extension Graph {
  /// The operand itself unless it is left out or stored with no elements.
  fileprivate func filled(_ operand: ValueID?) -> ValueID? {
    storedConstant(operand)?.count == 0 ? nil : operand
  }
}
