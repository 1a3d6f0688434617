/// Reads a Pad node whose amounts are known.
public struct PadView: Sendable {
  /// What new elements hold.
  public enum Mode: String, Hashable, Sendable {
    case constant, edge, reflect, wrap
  }

  /// What is padded.
  public let data: ValueID
  /// What new elements hold.
  public let mode: Mode
  /// Elements added before each axis of the data; negative numbers remove.
  public let begins: [Int]
  /// Elements added after each axis of the data; negative numbers remove.
  public let ends: [Int]
  /// The constant that new elements equal, or nil if it is computed.
  public let value: Double?

  /// Reads `node`, or returns nil if it is no Pad, is malformed, or its amounts are not known.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard row.op.kind == .pad, let data = row.input(0),
      let modeName = graph.attribute(node, "mode", default: "constant"),
      let mode = Mode(rawValue: modeName),
      let pads = Self.pads(node, in: graph, integers: integers), pads.count % 2 == 0,
      pads.allSatisfy({ $0.magnitude <= UInt(SlidingWindow.extentLimit) }),
      let rank = graph.rank(of: data) ?? (row.input(3) == nil ? pads.count / 2 : nil)
    else { return nil }
    var axes = Array(0..<rank)
    if graph.version >= 18, let operand = row.input(3) {
      guard let stated = OperandReader(graph: graph, known: integers).ints(operand),
        let normalized = Axis.normalized(stated, rank: rank)
      else { return nil }
      axes = normalized
    }
    guard pads.count == 2 * axes.count else { return nil }
    var begins = Array(repeating: 0, count: rank)
    var ends = begins
    for (position, axis) in axes.enumerated() {
      begins[axis] = pads[position]
      ends[axis] = pads[position + axes.count]
    }
    self.data = data
    self.mode = mode
    self.begins = begins
    self.ends = ends
    value = Self.value(node, in: graph)
  }

  private static func pads(
    _ node: NodeID, in graph: Graph, integers: IntegerReader?
  ) -> [Int]? {
    if graph.version >= 11 {
      return OperandReader(graph: graph, known: integers).ints(graph.nodes[node].input(1))
    }
    let name = graph.version < 2 ? "paddings" : "pads"
    guard graph.nodes[node].attribute(name) != nil else { return nil }
    return graph.attribute(node, name, default: [Int]())
  }

  private static func value(_ node: NodeID, in graph: Graph) -> Double? {
    if graph.version < 11 {
      return graph.attribute(node, "value", default: Float(0)).map(Double.init)
    }
    guard let operand = graph.nodes[node].input(2) else { return 0 }
    return graph.storedScalar(operand)
  }
}
