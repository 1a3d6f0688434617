/// Reads a Concat node.
public struct ConcatView: Sendable {
  /// What is joined, in order.
  public let operands: [ValueID]
  /// The axis along which the operands follow each other.
  public let axis: Int

  /// Reads `node`, or returns nil if it is no Concat or its axis cannot be resolved.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    let operands = row.inputs.compactMap { $0 }
    guard row.op.kind == .concat, !operands.isEmpty, operands.count == row.inputs.count,
      graph.version < 4 || row.attribute("axis") != nil,
      let stated = graph.attribute(node, "axis", default: 1)
    else { return nil }
    let ranks = (operands + [row.output(0)].compactMap { $0 }).compactMap { graph.rank(of: $0) }
    guard ranks.allSatisfy({ $0 == ranks[0] }),
      let axis = Axis.normalized(stated, rank: ranks.first)
    else { return nil }
    self.operands = operands
    self.axis = axis
  }
}

/// Reads a Split node.
public struct SplitView: Sendable {
  /// What is split.
  public let data: ValueID
  /// The axis that is divided.
  public let axis: Int
  /// The extent of every part, or nil if unknown.
  public let sizes: [Int]?

  /// Reads `node`, or returns nil if it is no Split or is malformed.
  public init?(_ node: NodeID, in graph: Graph, integers: IntegerReader? = nil) {
    let row = graph.nodes[node]
    guard row.op.kind == .split, let data = row.input(0), !row.outputs.isEmpty,
      let stated = graph.attribute(node, "axis", default: 0),
      let axis = Axis.normalized(stated, rank: graph.rank(of: data))
    else { return nil }
    self.data = data
    self.axis = axis
    let extent = graph.shape(of: data)?[axis].count
    let explicit: [Int]?
    if graph.version < 13 {
      guard let list = graph.attribute(node, "split", default: [Int]()) else { return nil }
      explicit = list.isEmpty ? nil : list
    } else if let operand = row.input(1) {
      explicit = OperandReader(graph: graph, known: integers).ints(operand)
      guard explicit != nil else {
        sizes = nil
        return
      }
    } else {
      explicit = nil
    }
    guard let explicit else {
      guard let parts = graph.attribute(node, "num_outputs", default: row.outputs.count),
        parts == row.outputs.count
      else { return nil }
      sizes = extent.flatMap { Self.evenSizes(of: $0, parts: parts, version: graph.version) }
      return
    }
    guard Self.isPartition(explicit, of: extent), explicit.count == row.outputs.count else {
      return nil
    }
    sizes = explicit
  }

  /// Equal parts; from operator set 18 on the last one may be smaller.
  private static func evenSizes(of extent: Int, parts: Int, version: Int64) -> [Int]? {
    guard extent >= 0, parts > 0 else { return nil }
    guard version >= 18 else {
      return extent % parts == 0 ? Array(repeating: extent / parts, count: parts) : nil
    }
    let size = extent / parts + (extent % parts == 0 ? 0 : 1)
    let (full, overflow) = size.multipliedReportingOverflow(by: parts - 1)
    guard !overflow, full <= extent else { return nil }
    return Array(repeating: size, count: parts - 1) + [extent - full]
  }

  private static func isPartition(_ sizes: [Int], of extent: Int?) -> Bool {
    var sum = 0
    for size in sizes {
      let (next, overflow) = sum.addingReportingOverflow(size)
      guard size >= 0, !overflow else { return false }
      sum = next
    }
    return extent.map { $0 == sum } ?? true
  }
}
