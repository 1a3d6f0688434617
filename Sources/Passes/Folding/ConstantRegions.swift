internal import IR

/// The parts of a graph that depend on stored elements alone, told by types without computing anything.
///
/// A *region* is what hangs together of such nodes. Its *frontier* are the results that other nodes
/// read: stored, they stand for all of it.
struct ConstantRegions {
  /// Nodes that hang together.
  struct Region {
    /// All of them, in the graph's order.
    fileprivate(set) var nodes: [NodeID] = []
    /// What other nodes read.
    fileprivate(set) var frontier: [ValueID] = []
    /// By how many bytes the frontier is larger than the constants that only the region reads.
    fileprivate(set) var growth = 0
    /// Whether nodes were left out that make more of less.
    fileprivate(set) var isTrimmed = false
  }

  /// The regions, in the order of their first nodes.
  private(set) var regions: [Region] = []

  private let graph: Graph
  private let limit: Int
  private var members: SideTable<NodeID, Bool>
  /// The members that were left out for what they add.
  private var trimmed: SideTable<NodeID, Bool>
  /// How often each value is read by others than members.
  private var outsideReads: SideTable<ValueID, Int>
  /// Points each node to one before it of the same region, the first to itself.
  private var earlier: [NodeID: NodeID] = [:]

  /// Finds the regions of `graph`.
  ///
  /// - Parameters:
  ///   - graph: The graph, with its types inferred.
  ///   - limit: How many bytes a constant may add; what adds more is left out at the end of a region.
  ///   - sizeLimit: How many bytes any one result may take.
  ///   - isComputable: Whether a node may belong to a region, as far as the caller knows.
  init(
    _ graph: Graph, limit: Int, sizeLimit: Int,
    where isComputable: (NodeID) -> Bool
  ) {
    self.graph = graph
    self.limit = limit
    members = SideTable(count: graph.nodes.count, initial: false)
    trimmed = SideTable(count: graph.nodes.count, initial: false)
    outsideReads = SideTable(count: graph.values.count, initial: 0)
    for node in graph.nodeIDs where isComputable(node) && dependsOnStored(node) {
      guard graph.mayFold(node), let size = graph.storedSizeOfResults(of: node), size <= sizeLimit
      else { continue }
      members[node] = true
    }
    for value in graph.valueIDs {
      outsideReads[value] = graph.values[value].uses.count { !isMember($0.node) }
    }
    regions = grouped()
    var isSmaller = false
    for region in regions { isSmaller = trim(region) || isSmaller }
    if isSmaller { regions = grouped() }
  }

  /// Whether what `node` reads is stored, or made by members.
  private func dependsOnStored(_ node: NodeID) -> Bool {
    let operands = graph.nodes[node].inputs.compactMap { $0 }
    return !operands.isEmpty
      && operands.allSatisfy { operand in
        graph.constant(operand)?.isSliceable ?? isMember(graph.producer(of: operand))
      }
  }

  private func isMember(_ node: NodeID?) -> Bool { node.map { members[$0] } ?? false }

  // MARK: Grouping

  private mutating func grouped() -> [Region] {
    earlier = [:]
    for node in graph.nodeIDs where members[node] { join(node) }
    var regions: [NodeID: Region] = [:]
    var order: [NodeID] = []
    for node in graph.nodeIDs where members[node] {
      let root = first(of: node)
      if root == node { order.append(node) }
      regions[root, default: Region()].nodes.append(node)
      for case let result? in graph.nodes[node].outputs where isReadOutside(result) {
        regions[root, default: Region()].frontier.append(result)
        regions[root, default: Region()].growth += graph.storedSize(of: result) ?? 0
        if graph.values[result].uses.contains(where: { $0.node.map { trimmed[$0] } ?? false }) {
          regions[root]?.isTrimmed = true
        }
      }
    }
    for value in graph.constantIDs {
      guard let root = soleRegion(reading: value) else { continue }
      regions[root]?.growth -= graph.constant(value)?.byteCount ?? 0
    }
    return order.compactMap { regions[$0] }.filter { !$0.frontier.isEmpty }
  }

  /// Puts `node` into one region with the nodes that compute its operands.
  private mutating func join(_ node: NodeID) {
    earlier[node] = node
    for operand in graph.nodes[node].inputs.compactMap({ $0 }) {
      guard let maker = graph.producer(of: operand), members[maker] else { continue }
      let (left, right) = (first(of: maker), first(of: node))
      earlier[max(left, right)] = min(left, right)
    }
  }

  /// The first node of the region of `node`.
  private mutating func first(of node: NodeID) -> NodeID {
    var node = node
    while let next = earlier[node], next != node {
      // Halves the path for those who ask next.
      earlier[node] = earlier[next]
      node = next
    }
    return node
  }

  /// Whether anyone reads `value` who is no member.
  private func isReadOutside(_ value: ValueID) -> Bool { outsideReads[value] > 0 }

  /// The region that alone reads a stored constant, which then goes with it.
  private mutating func soleRegion(reading value: ValueID) -> NodeID? {
    var root: NodeID?
    for use in graph.values[value].uses {
      guard case .node(let reader, _) = use, members[reader] else { return nil }
      let other = first(of: reader)
      guard root == nil || root == other else { return nil }
      root = other
    }
    return root
  }

  // MARK: Trimming

  /// Leaves out nodes at the end of `region` that are better computed when the network runs, the last
  /// first; returns whether there were any.
  private mutating func trim(_ region: Region) -> Bool {
    let isTooLarge = !ConstantFolding.allows(
      region.growth, for: region.frontier.count, limit: limit)
    var isSmaller = false
    for node in region.nodes.reversed() where isAtEnd(node) {
      guard graph.widensStoredFloats(node) || isTooLarge && growth(by: node) > limit else {
        continue
      }
      members[node] = false
      trimmed[node] = true
      for case let operand? in graph.nodes[node].inputs { outsideReads[operand] += 1 }
      isSmaller = true
    }
    return isSmaller
  }

  private func isAtEnd(_ node: NodeID) -> Bool {
    graph.nodes[node].outputs.compactMap { $0 }
      .allSatisfy { graph.values[$0].uses.allSatisfy { !isMember($0.node) } }
  }

  /// How many bytes more the results of `node`, which is a member, take than the operands that would be stored in
  /// their place.
  private func growth(by node: NodeID) -> Int {
    var operands: [ValueID] = []
    for case let operand? in graph.nodes[node].inputs where !operands.contains(operand) {
      operands.append(operand)
    }
    let stored = operands.filter { !isReadOutside($0) }
      .reduce(0) { $0 + (graph.constant($1)?.byteCount ?? graph.storedSize(of: $1) ?? 0) }
    return (graph.storedSizeOfResults(of: node) ?? 0) - stored
  }
}
