internal import IR

/// The parts of a graph that depend on stored elements alone, once all of them have been computed.
///
/// A *region* is what hangs together of such nodes. Its *frontier* are the results that other nodes
/// read: stored, they stand for all of it.
struct ConstantRegions {
  /// Nodes that hang together.
  struct Region {
    /// What other nodes read, and what it holds.
    fileprivate(set) var frontier: [(node: NodeID, constant: Constant)] = []
    /// By how many bytes the frontier is larger than the constants that only the region reads.
    fileprivate(set) var growth = 0
  }

  private let graph: Graph
  /// The same, in which what has been computed stands as stored elements.
  private var scratch: Graph
  /// What nodes make; nothing is kept of what only computed nodes read.
  private var computed: [NodeID: Constant] = [:]
  /// The nodes that made what is stored in `scratch`.
  private var makers: [ValueID: NodeID] = [:]
  /// Points each node to one before it of the same region, the first to itself.
  private var earlier: [NodeID: NodeID] = [:]

  /// Bounds the bytes that are computed, of which the results are mostly a small part.
  private static let workLimit = 1 << 27

  /// Computes every node that can be, in the order in which they stand.
  init(_ graph: Graph) {
    self.graph = graph
    scratch = graph
    var work = 0
    for node in graph.nodeIDs where ConstantFolding.dependsOnStored(node, scratch) {
      guard let result = graph.nodes[node].output(0), !graph.isOutput(result),
        let size = graph.storedSize(of: result), size <= Self.workLimit - work,
        let constant = ConstantEvaluator(node, in: scratch)?.evaluate()
      else { continue }
      work += size
      join(node)
      store(constant, as: result, of: node)
    }
  }

  private mutating func store(_ constant: Constant, as result: ValueID, of node: NodeID) {
    computed[node] = constant
    let operands = scratch.nodes[node].inputs.compactMap { $0 }
    let stored = scratch.addConstant(scratch.values[result].name, constant)
    makers[stored] = node
    scratch.replaceUses(of: result, with: stored)
    scratch.remove(node)
    for operand in operands where scratch.values[operand].uses.isEmpty {
      guard let maker = makers[operand] else { continue }
      computed[maker] = Self.nothing
      scratch.replaceConstant(operand, with: Self.nothing)
    }
  }

  private static let nothing = Constant([UInt8](), shape: [0])

  /// Puts `node` into one region with the nodes that compute its operands.
  private mutating func join(_ node: NodeID) {
    earlier[node] = node
    for operand in graph.nodes[node].inputs.compactMap({ $0 }) {
      guard let maker = graph.producer(of: operand), computed[maker] != nil else { continue }
      let (left, right) = (first(of: maker), first(of: node))
      earlier[max(left, right)] = min(left, right)
    }
  }

  /// The first node of the region of `node`.
  private mutating func first(of node: NodeID) -> NodeID {
    var root = node
    while let next = earlier[root], next != root { root = next }
    earlier[node] = root
    return root
  }

  /// The regions, in the order of their first nodes.
  mutating func all() -> [Region] {
    var regions: [NodeID: Region] = [:]
    var order: [NodeID] = []
    for node in graph.nodeIDs {
      guard let constant = computed[node] else { continue }
      let root = first(of: node)
      if root == node { order.append(node) }
      if isRead(node) {
        regions[root, default: Region()].frontier.append((node, constant))
        regions[root, default: Region()].growth += constant.byteCount
      }
    }
    for value in graph.constantIDs {
      guard let root = soleRegion(reading: value) else { continue }
      regions[root]?.growth -= graph.constant(value)?.byteCount ?? 0
    }
    return order.compactMap { regions[$0] }
  }

  /// Whether a node that was not computed reads the result.
  private func isRead(_ node: NodeID) -> Bool {
    guard let result = graph.nodes[node].output(0) else { return false }
    return graph.values[result].uses.contains { use in
      guard case .node(let reader, _) = use else { return true }
      return computed[reader] == nil
    }
  }

  /// The region that alone reads a stored constant, which then goes with it.
  private mutating func soleRegion(reading value: ValueID) -> NodeID? {
    var root: NodeID?
    for use in graph.values[value].uses {
      guard case .node(let reader, _) = use, computed[reader] != nil else { return nil }
      let other = first(of: reader)
      guard root == nil || root == other else { return nil }
      root = other
    }
    return root
  }
}

extension Graph {
  /// The bytes that `value` would take if it were stored, if its type tells.
  func storedSize(of value: ValueID) -> Int? {
    guard let type = values[value].type?.tensor,
      let count = type.shape?.counts?.checkedProduct
    else { return nil }
    return type.elementType?.byteCount(of: count)
  }
}
