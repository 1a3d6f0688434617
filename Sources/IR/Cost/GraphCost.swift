/// What a graph costs to store and to run.
public struct GraphCost: Sendable {
  /// The number of nodes, those in bodies included.
  public internal(set) var nodes = 0
  /// The number of stored floating-point elements that the outputs depend on; whole numbers that scales
  /// make floats of count as these, and the scales do not.
  public internal(set) var parameters = 0
  /// The bytes of all stored elements that the outputs depend on.
  public internal(set) var constantBytes = 0
  /// What each node has a part in; what several nodes read counts for the first of them.
  public internal(set) var byNode: SideTable<NodeID, NodeCost>

  /// The sum over all nodes, or nil if it is not known for one of them.
  public internal(set) var macs: Int? = 0
  /// The most bytes that values take at a time, or nil if it is not known.
  public internal(set) var peakActivationBytes: Int?
}

/// What one node costs to store and to run.
public struct NodeCost: Hashable, Sendable {
  /// Multiply-accumulate operations; 0 but for convolutions and matrix products, nil where extents are not
  /// known.
  public internal(set) var macs: Int? = 0
  /// The number of floating-point elements that are stored for it.
  public internal(set) var parameters = 0
  /// The bytes of all elements that are stored for it.
  public internal(set) var constantBytes = 0
  /// The bytes of what it makes; nil where extents are not known.
  public internal(set) var activationBytes: Int? = 0
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
    var cost = GraphCost(byNode: SideTable(count: nodes.count, initial: NodeCost()))
    for value in constantIDs where live[value] {
      if let constant = values[value].constant {
        cost.add(
          constant, of: firstReader(of: value), areParameters: areParameters(value, constant))
      }
    }
    for node in nodeIDs {
      cost.nodes += 1
      let isLive = nodes[node].outputs.contains { $0.map { live[$0] } ?? false }
      let macs = isLive ? inference.macs(of: node, in: self) : 0
      cost.byNode[node].macs = macs
      cost.byNode[node].activationBytes = inference.resultBytes(of: node, in: self)
      cost.macs = cost.macs.addingChecked(macs)
      if isLive, let constant = ConstantView(node, in: self)?.constant {
        cost.add(constant, of: node, areParameters: constant.elementType.isFloatingPoint)
      }

      for body in nodes[node].attributes.flatMap(\.value.graphs) {
        cost.add(body: body, of: node, isLive: isLive)
      }
    }
    cost.peakActivationBytes = inference.peakActivationBytes(of: self)
    return cost
  }

  /// The first node that reads `value`, or reads what a node widens it to that does nothing else.
  private func firstReader(of value: ValueID) -> NodeID? {
    guard let node = values[value].uses.lazy.compactMap(\.node).first else { return nil }
    let isWidening = nodes[node].op.kind == .cast || nodes[node].op.kind == .dequantizeLinear
    guard isWidening, nodes[node].inputs.allSatisfy({ constant($0) != nil }) else { return node }
    return nodes[node].output(0).flatMap { values[$0].uses.lazy.compactMap(\.node).first } ?? node
  }

  /// Whether stored elements are weights: floats, or what a DequantizeLinear makes floats of.
  private func areParameters(_ value: ValueID, _ constant: Constant) -> Bool {
    for case .node(let node, let input) in values[value].uses {
      guard nodes[node].op.kind == .dequantizeLinear, self.constant(nodes[node].input(0)) != nil
      else { continue }
      return input == 0
    }
    return constant.elementType.isFloatingPoint
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
  fileprivate mutating func add(_ constant: Constant, of node: NodeID?, areParameters: Bool) {
    let elements = areParameters ? constant.storedCount : 0
    parameters += elements
    constantBytes += constant.byteCount
    guard let node else { return }
    byNode[node].parameters += elements
    byNode[node].constantBytes += constant.byteCount
  }

  /// Counts what a body stores; how often its nodes run is not known.
  fileprivate mutating func add(body: Graph, of node: NodeID, isLive: Bool) {
    let inner = body.cost()
    nodes += inner.nodes
    guard isLive else { return }
    parameters += inner.parameters
    constantBytes += inner.constantBytes
    byNode[node].parameters += inner.parameters
    byNode[node].constantBytes += inner.constantBytes
    if inner.macs != 0 {
      byNode[node].macs = nil
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
