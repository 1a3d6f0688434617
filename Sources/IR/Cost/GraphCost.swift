/// What a graph costs to store and to run.
public struct GraphCost: Sendable {
  /// The number of nodes, those in bodies included.
  public internal(set) var nodes = 0
  /// The number of stored floating-point elements that the outputs depend on.
  public internal(set) var parameters = 0
  /// The bytes of all stored elements that the outputs depend on.
  public internal(set) var constantBytes = 0
  /// Multiply-accumulate operations of convolutions and matrix products, by node.
  ///
  /// Nil where extents are not known; 0 for nodes of other kinds.
  public internal(set) var macsByNode: SideTable<NodeID, Int?>

  /// The sum over all nodes, or nil if it is not known for one of them.
  public internal(set) var macs: Int? = 0
  /// The most bytes that values take at a time, or nil if it is not known.
  public internal(set) var peakActivationBytes: Int?
}

extension Graph {
  /// Counts what the graph costs.
  ///
  /// - Parameters:
  ///   - bindings: Numbers for extents that the model names.
  ///   - inputShapes: Shapes for inputs by name.
  /// - Returns: The counts; nodes whose results nobody receives count as nodes only.
  public func cost(
    bindings: [String: Int] = [:], inputShapes: [String: [Int]] = [:]
  ) -> GraphCost {
    let inference = ShapeInference.infer(self, bindings: bindings, inputShapes: inputShapes)
    let live = liveValues()
    var cost = GraphCost(macsByNode: SideTable(count: nodes.count, initial: 0))
    for value in constantIDs where live[value] {
      if let constant = values[value].constant { cost.add(constant) }
    }
    for node in nodeIDs {
      cost.nodes += 1
      let isLive = nodes[node].outputs.contains { $0.map { live[$0] } ?? false }
      let macs = isLive ? inference.macs(of: node, in: self) : 0
      cost.macsByNode[node] = macs
      cost.macs = cost.macs.addingChecked(macs)
      if isLive, let constant = ConstantView(node, in: self)?.constant { cost.add(constant) }
      for body in nodes[node].attributes.flatMap(\.value.graphs) {
        cost.add(body: body, of: node, isLive: isLive)
      }
    }
    cost.peakActivationBytes = inference.peakActivationBytes(of: self)
    return cost
  }

  /// The values that the outputs depend on.
  private func liveValues() -> SideTable<ValueID, Bool> {
    var live = SideTable<ValueID, Bool>(count: values.count, initial: false)
    for output in outputs { live[output] = true }
    for node in nodeIDs.reversed() {
      let row = nodes[node]
      guard row.outputs.contains(where: { $0.map { live[$0] } ?? false }) else { continue }
      for case let operand? in row.inputs { live[operand] = true }
      for capture in row.captures { live[capture] = true }
    }
    return live
  }
}

extension GraphCost {
  fileprivate mutating func add(_ constant: Constant) {
    if constant.elementType.isFloatingPoint { parameters += constant.storedCount }
    constantBytes += constant.byteCount
  }

  /// Counts what a body stores; how often its nodes run is not known.
  fileprivate mutating func add(body: Graph, of node: NodeID, isLive: Bool) {
    let inner = body.cost()
    nodes += inner.nodes
    guard isLive else { return }
    parameters += inner.parameters
    constantBytes += inner.constantBytes
    if inner.macs != 0 {
      macsByNode[node] = nil as Int?
      macs = nil
    }
  }
}

extension Constant {
  /// The number of elements that are really stored.
  fileprivate var storedCount: Int {
    if case .sparse(let values, _) = storage { values.count } else { count }
  }
}

extension Int? {
  /// The sum if both are known and it is a number.
  fileprivate func addingChecked(_ other: Int?) -> Int? {
    guard let self, let other else { return nil }
    let (sum, overflow) = self.addingReportingOverflow(other)
    return overflow ? nil : sum
  }
}
