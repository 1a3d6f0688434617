internal import IR

/// Computes nodes of stored operands, within bounds.
///
/// What `ConstantEvaluator` can compute it does: exactly, and the same on every processor. Everything
/// else is left to an engine, if there is one, where ONNX says what the answer is:
/// - selection and layout, whatever the type;
/// - arithmetic on floats, of which none is NaN: operators differ in what becomes of it.
///
/// Pooling over windows, recurrences and contractions of free form stay, as a small model can ask for any amount
/// of work with them that `LoneNode.work` does not tell.
struct ConstantComputation {
  /// Runs a graph without inputs.
  typealias Engine = @Sendable (Graph) throws -> [Constant]

  /// The nodes that could not be computed.
  private(set) var failed: Set<NodeID> = []
  /// Why, where users might expect otherwise.
  private(set) var reasons: [NodeID: String] = [:]
  /// How many bytes any one result may take.
  let sizeLimit: Int

  private let engine: Engine?
  /// How many bytes may yet be read and written, or elements be multiplied.
  private var workLeft: Int
  /// How many bytes results may take that only other computed nodes read.
  private let memoryLimit: Int

  /// Bounds for models that store little; real weights are larger than what is computed of them.
  private static let (leastSize, leastWork) = (1 << 26, 1 << 28)
  /// How often all that a graph stores may be read or written.
  private static let workPerByte = 64

  /// Bounds the work by what `graph` stores.
  init(_ graph: Graph, _ engine: Engine?) {
    self.engine = engine
    let stored = graph.constantIDs.reduce(0) { $0 + (graph.constant($1)?.payload?.count ?? 0) }
    sizeLimit = max(Self.leastSize, stored)
    memoryLimit = 2 * sizeLimit
    workLeft = max(Self.leastWork, Self.workPerByte * stored)
  }

  // MARK: Which nodes

  /// Whether nodes of this kind may be computed at all.
  static func isKnown(_ kind: OperatorKind?) -> Bool {
    guard let kind else { return false }
    return kind.isExactlyComputable || kind.engineScope != nil
  }

  /// Whether all operands of `node` are stored, and it has some.
  static func isReady(_ node: NodeID, _ graph: Graph) -> Bool {
    let operands = graph.nodes[node].inputs.compactMap { $0 }
    return !operands.isEmpty && operands.allSatisfy { graph.constant($0)?.isSliceable ?? false }
  }

  /// Whether the elements of its operands say how large the result of `node` is, which is bounded by theirs.
  static func decidesSizes(_ node: NodeID, _ graph: Graph) -> Bool {
    let kind = graph.nodes[node].op.kind
    return kind == .nonZero || kind == .compress
  }

  // MARK: Computing

  /// What a node makes, by the values that are there.
  typealias Results = [(value: ValueID, constant: Constant)]

  /// What `node` makes of stored operands; nil, with a failure noted where that is of interest, if it
  /// cannot be computed.
  mutating func results(of node: NodeID, in graph: Graph) -> Results? {
    results(of: node, in: graph) { graph.constant($0) }
  }

  /// What is read of `region` by others; nil if any of it cannot be computed.
  mutating func frontier(of region: ConstantRegions.Region, in graph: Graph) -> Results? {
    let wanted = Set(region.frontier)
    var lastReaders: [ValueID: NodeID] = [:]
    for node in region.nodes {
      for case let operand? in graph.nodes[node].inputs { lastReaders[operand] = node }
    }
    var known: [ValueID: Constant] = [:]
    var size = 0
    for node in region.nodes {
      let found = results(of: node, in: graph) { graph.constant($0) ?? known[$0] } ?? []
      for (value, constant) in found where lastReaders[value] != nil || wanted.contains(value) {
        known[value] = constant
        size += constant.byteCount
      }
      for case let operand? in graph.nodes[node].inputs
      where lastReaders[operand] == node && !wanted.contains(operand) {
        size -= known.removeValue(forKey: operand)?.byteCount ?? 0
      }
      guard size <= memoryLimit else { return fail(node, "computing it takes too much memory") }
    }
    let results = region.frontier.compactMap { value in known[value].map { (value, $0) } }
    return results.count == wanted.count ? results : nil
  }

  private mutating func results(
    of node: NodeID, in graph: Graph, operand: (ValueID) -> Constant?
  ) -> Results? {
    guard !failed.contains(node), let alone = graph.standing(alone: node, operand) else {
      return nil
    }
    guard let work = alone.work, work <= workLeft else {
      return fail(node, "computing it takes too long")
    }
    workLeft -= work
    guard let constants = computed(alone, for: node) else { return fail(node) }
    let values = graph.nodes[node].outputs.compactMap { $0 }
    return zip(values, constants).map { ($0, $1) }
  }

  /// What the only node of `alone` makes, which is `node` elsewhere.
  private mutating func computed(_ alone: LoneNode, for node: NodeID) -> [Constant]? {
    if let exact = ConstantEvaluator(alone.node, in: alone.graph)?.evaluate() { return [exact] }
    guard let engine, alone.isLeftToEngines else { return nil }
    do {
      let constants = try engine(alone.graph)
      return alone.canMake(constants) ? constants : fail(node, "its type says something else")
    } catch {
      return fail(node, "it cannot be run: \(error)")
    }
  }

  /// Notes that `node` cannot be computed; returns nothing.
  private mutating func fail<Result>(_ node: NodeID, _ reason: String? = nil) -> Result? {
    failed.insert(node)
    if let reason { reasons[node] = reason }
    return nil
  }
}
