internal import COneDNN
import IR

/// Turns a graph, for inputs of certain shapes, into steps.
///
/// It walks the nodes in order. What depends on known elements alone is computed on the spot, so that all
/// arithmetic on shapes is gone before anything runs. Each operator family adds its kernels in an extension:
/// a kernel looks at its operands and adds a step. Where a kernel needs to know elements that only a run
/// yields, the plan ends before that node, and the rest is planned once they are there.
struct Planner {
  /// A copy to which types are added as they become known.
  var graph: Graph
  var builder = PlanBuilder()
  let weights: PackedWeights
  /// How many bytes the values of a plan may take.
  let byteLimit: Int
  private var operands: [ValueID: Operand] = [:]
  private var inputs: [Operand] = []
  /// The nodes that are still to be planned, in order.
  private var pending: ArraySlice<NodeID>
  /// Nodes that another one does the work of.
  var fused: Set<NodeID> = []
  /// The node that is being planned.
  private(set) var current = NodeID(index: 0)
  /// Tensors that were put into another order, by where the original lies.
  var rearranged: [SlotID: [Operand]] = [:]
  /// What has been made of regions of pictures, for maps of each size.
  var regionWeights: [RegionExtents: (weights: Operand, areas: Operand)] = [:]
  /// How many nodes that are not planned yet read what lies in a slot, the graph's caller included.
  private var readers: [SlotID: Int] = [:]

  /// Plans `graph` for inputs of the given types.
  init(
    _ graph: Graph, inputs infos: [TensorInfo], weights: PackedWeights, byteLimit: Int = .max
  ) {
    self.graph = graph
    self.weights = weights
    self.byteLimit = byteLimit
    pending = graph.nodeIDs[...]
    for (value, info) in zip(graph.requiredInputs, infos) {
      let slot = builder.slot(.arena(byteCount: info.byteCount ?? 0))
      let operand = Operand(slot: slot, info: info, constant: nil)
      inputs.append(operand)
      define(value, operand)
    }
  }

  // MARK: The walk

  /// Plans as many nodes as can be without looking at what is computed.
  mutating func plan(after before: Plan? = nil) throws(ExecutionError) -> Plan {
    while let node = pending.first {
      guard !fused.contains(node) else {
        pending.removeFirst()
        continue
      }
      let open = unknownOperands(of: node)
      guard open.isEmpty else { return try pause(open, before) }
      guard try !isOpened(node) else { continue }
      pending.removeFirst()
      current = node
      do throws(ExecutionError) {
        try dispatch(node)
      } catch {
        throw error.named(node, in: graph)
      }
      finish(node)
    }
    return try conclude(before)
  }

  /// Puts the nodes of the branch that an If takes in front of it, if they are not there yet.
  ///
  /// The results of the branch become operands of the If, which passes them on. So the nodes are planned, and
  /// wait for what they have to know, like all others.
  private mutating func isOpened(_ node: NodeID) throws(ExecutionError) -> Bool {
    let row = graph.nodes[node]
    guard row.op.kind == .if, row.inputs.count == 1 else { return false }
    let captured = Set(row.captures)
    let before = captured.map { graph.values[$0].uses.count }
    do throws(ExecutionError) {
      pending.insert(contentsOf: try graph.openBranch(node), at: pending.startIndex)
    } catch {
      throw error.named(node, in: graph)
    }
    for (value, count) in zip(captured, before) {
      guard let operand = operands[value] else { continue }
      readers[builder.root(of: operand.slot), default: 0] += graph.values[value].uses.count - count
    }
    return true
  }

  private mutating func conclude(_ before: Plan?) throws(ExecutionError) -> Plan {
    var results: [Operand] = []
    for value in graph.outputs { results.append(try plain(try operand(value))) }
    return try Plan(
      builder, of: graph, byteLimit: byteLimit, inputs: inputs, kept: results.map(\.slot),
      end: .results(results),
      after: before)
  }

  private mutating func pause(_ values: [ValueID], _ before: Plan?) throws(ExecutionError) -> Plan {
    for value in values { operands[value] = try plain(try operand(value)) }
    let waiting = Set(pending).subtracting(fused)
    let alive = operands.filter { isAlive($0.key, waiting) }.map(\.value.slot)
    return try Plan(
      builder, of: graph, byteLimit: byteLimit, inputs: inputs, kept: alive,
      end: .pause(self, values), after: before)
  }

  /// Whether a node that is not planned yet, or the graph's caller, reads `value`.
  private func isAlive(_ value: ValueID, _ waiting: Set<NodeID>) -> Bool {
    graph.values[value].uses.contains { use in use.node.map(waiting.contains) ?? true }
  }

  /// Goes on after `plan`, which yielded `contents` for the values that it paused for.
  mutating func resume(
    after plan: Plan, _ values: [ValueID], _ contents: [Constant]
  ) throws(ExecutionError) -> Plan {
    builder = PlanBuilder()
    inputs = []
    readers = [:]
    rearranged = [:]
    regionWeights = [:]
    let waiting = Set(pending).subtracting(fused)
    for (value, operand) in operands {
      operands[value] = nil
      guard graph.constant(value) == nil, isAlive(value, waiting) else { continue }
      if let constant = operand.constant {
        operands[value] = known(constant)
        continue
      }
      let slot = unsafe builder.slot(
        plan.address(of: operand.slot).map { unsafe .earlier($0) } ?? .arena(byteCount: 0))
      define(value, Operand(slot: slot, info: operand.info, constant: operand.constant))
    }
    for (value, constant) in zip(values, contents) { know(value, constant) }
    return try self.plan(after: plan)
  }

  // MARK: Operands

  /// The tensor that `value` stands for.
  mutating func operand(_ value: ValueID) throws(ExecutionError) -> Operand {
    if let known = operands[value] { return known }
    guard let stored = graph.constant(value), stored.elementType != .string else {
      throw ExecutionError(
        .unsupported, "cannot compute with '\(graph.values[value].name)', which is no dense tensor")
    }
    // Packed weights are told apart by where they are stored, so the constant stays the original.
    let constant = try stored.payload == nil ? stored.dense() : stored
    let operand = Operand(
      slot: builder.slot(.constant(constant)),
      info: TensorInfo(constant.elementType, constant.shape), constant: constant)
    operands[value] = operand
    return operand
  }

  /// The tensor that `value` stands for, if it is computed already.
  func knownOperand(_ value: ValueID) -> Operand? { operands[value] }

  /// Operand `index` of `node`; nil if it is left out.
  mutating func optional(_ node: NodeID, _ index: Int) throws(ExecutionError) -> Operand? {
    guard let value = graph.nodes[node].input(index) else { return nil }
    return try operand(value)
  }

  /// Operand `index` of `node`, which must be there.
  mutating func operand(_ node: NodeID, _ index: Int) throws(ExecutionError) -> Operand {
    guard let operand = try optional(node, index) else {
      throw ExecutionError(.invalidOperands, "operand \(index) is missing")
    }
    return operand
  }

  /// The same with its elements in row-major order.
  mutating func plain(_ node: NodeID, _ index: Int) throws(ExecutionError) -> Operand {
    try plain(try operand(node, index))
  }

  /// All operands of `node` with their elements in row-major order; nil for those left out.
  mutating func plainOperands(of node: NodeID) throws(ExecutionError) -> [Operand?] {
    var operands: [Operand?] = []
    for index in graph.nodes[node].inputs.indices {
      let operand = try optional(node, index)
      operands.append(try operand.map { operand throws(ExecutionError) in try plain(operand) })
    }
    return operands
  }

  /// Remembers what `value` is, and that nobody needs it any more than the graph says.
  mutating func define(_ value: ValueID, _ operand: Operand) {
    operands[value] = operand
    let shape = operand.shape.map(Dimension.known)
    graph.setType(of: value, to: .tensor(TensorType(operand.elementType, shape)))
    let root = builder.root(of: operand.slot)
    readers[root, default: 0] += graph.values[value].uses.count
  }

  /// Says that the result of `node` is `operand`.
  mutating func define(_ node: NodeID, _ operand: Operand) { define(node, 0, operand) }

  /// Says that result `index` of `node` is `operand`.
  mutating func define(_ node: NodeID, _ index: Int, _ operand: Operand) {
    guard let value = graph.nodes[node].output(index) else { return }
    if let constant = operand.constant { know(value, constant) } else { define(value, operand) }
  }

  /// From now on `value` is a stored tensor.
  private mutating func know(_ value: ValueID, _ constant: Constant) {
    let name = graph.values[value].name
    graph.replaceUses(of: value, with: graph.addConstant(name + " known", constant))
    // The graph's caller goes on asking for the value itself.
    operands[value] = graph.isOutput(value) ? known(constant) : nil
  }

  private mutating func finish(_ node: NodeID) {
    for value in graph.nodes[node].inputs + graph.nodes[node].captures {
      guard let value, let operand = operands[value] else { continue }
      readers[builder.root(of: operand.slot), default: 0] -= 1
    }
  }

  /// Whether nobody but `node` is still to read what lies where `operand` does, so that it may be overwritten.
  func isLastReader(_ node: NodeID, of operand: Operand) -> Bool {
    let root = builder.root(of: operand.slot)
    guard case .arena = builder.places[root.index] else { return false }
    return readers[root, default: 0] <= 1
  }

  /// Counts `node` as planned, though another does its work.
  mutating func fuse(_ node: NodeID) {
    fused.insert(node)
    finish(node)
  }

  // MARK: Steps

  /// Adds a step, or takes it at once if all of its operands are known.
  mutating func step(
    _ node: NodeID, reads: [Operand?], makes: [TensorInfo], scratch: Int = 0,
    bind: @escaping Binding
  ) throws(ExecutionError) -> [Operand] {
    if reads.allSatisfy({ $0?.constant != nil || $0 == nil }),
      makes.allSatisfy({ $0.layout == .plain })
    {
      return try evaluate(reads, makes, scratch, bind)
    }
    var results: [Operand] = []
    for info in makes {
      let count = try allowed(info)
      let slot = builder.slot(.arena(byteCount: count))
      results.append(Operand(slot: slot, info: info, constant: nil))
    }
    builder.add(
      Step(
        reads: reads.map { $0?.slot }, makes: results.map(\.slot),
        scratch: scratch > 0 ? builder.slot(.arena(byteCount: scratch)) : nil, bind: bind,
        node: node))
    return results
  }

  /// The bytes that a tensor takes, if it may.
  @discardableResult
  func allowed(_ info: TensorInfo) throws(ExecutionError) -> Int {
    guard let count = info.byteCount, count <= byteLimit else {
      throw ExecutionError(
        .tooLarge,
        "a result of shape \(info.shape) takes more than the \(byteLimit) bytes that a run may")
    }
    return count
  }

  /// Adds a step that writes over what `operand` holds, as the last one that reads it.
  mutating func overwrite(
    _ node: NodeID, _ operand: Operand, as info: TensorInfo, reads: [Operand?], scratch: Int,
    bind: @escaping Binding
  ) -> Operand {
    let slot = builder.slot(.alias(operand.slot))
    builder.add(
      Step(
        reads: reads.map { $0?.slot }, makes: [slot],
        scratch: scratch > 0 ? builder.slot(.arena(byteCount: scratch)) : nil, bind: bind,
        node: node))
    return Operand(slot: slot, info: info, constant: nil)
  }

  /// Has `operand`, which lies row-major, made where `target` has room for it, `offset` bytes after its start, so
  /// that nothing needs to be copied there; returns whether that can be.
  mutating func move(_ operand: Operand, into target: SlotID, at offset: Int) -> Bool {
    let root = builder.root(of: operand.slot)
    guard operand.constant == nil, offset % Arena.alignment == 0,
      let count = operand.info.byteCount,
      builder.move(operand.slot, byteCount: count, into: target, at: offset)
    else { return false }
    readers[target, default: 0] += readers.removeValue(forKey: root) ?? 0
    return true
  }

  /// What lies `offset` bytes after the start of `operand`, seen as another tensor.
  mutating func part(_ operand: Operand, at offset: Int, as info: TensorInfo) -> Operand {
    Operand(
      slot: builder.slot(.alias(operand.slot, offset: offset)), info: info, constant: nil)
  }

  /// The same memory seen as another tensor.
  mutating func view(_ operand: Operand, as info: TensorInfo) -> Operand {
    if let constant = operand.constant {
      let seen = Constant(
        elementType: info.elementType, shape: info.shape, storage: constant.storage)
      return Operand(slot: operand.slot, info: info, constant: seen)
    }
    return Operand(slot: builder.slot(.alias(operand.slot)), info: info, constant: nil)
  }

  private mutating func evaluate(
    _ reads: [Operand?], _ makes: [TensorInfo], _ scratch: Int, _ bind: Binding
  ) throws(ExecutionError) -> [Operand] {
    var results: [Operand] = []
    let sizes = try makes.map { info throws(ExecutionError) in try allowed(info) }
    let memory = try Evaluation.run(reads.map { $0?.constant }, sizes, scratch, bind)
    for (info, owner) in zip(makes, memory) {
      let constant = Constant(
        elementType: info.elementType, shape: info.shape, storage: .dense(owner.payload))
      results.append(
        Operand(slot: builder.slot(.constant(constant)), info: info, constant: constant))
    }
    return results
  }
}

/// Takes a step whose operands are all known.
private enum Evaluation {
  static func run(
    _ reads: [Constant?], _ sizes: [Int], _ scratch: Int, _ bind: Binding
  ) throws(ExecutionError) -> [OwnedBytes] {
    let sources = reads.map { $0?.aligned }
    var owners: [OwnedBytes] = []
    for count in sizes {
      owners.append(
        unsafe OwnedBytes(count: count) { unsafe $0.initializeMemory(as: UInt8.self, repeating: 0) }
      )
    }
    let temporary = unsafe OwnedBytes(count: max(scratch, 1)) { _ in }
    let buffers = unsafe Buffers(
      reads: sources.map { unsafe $0?.payload?.base },
      makes: owners.map { unsafe $0.payload.base }, scratch: temporary.payload.base)
    try bind(buffers)()
    withExtendedLifetime((sources, owners, temporary)) {}
    return owners
  }
}

extension Payload {
  /// Where the bytes are, for as long as the owner lives.
  fileprivate var base: UnsafeMutableRawPointer? {
    unsafe withBytes { unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress) }
  }
}

extension Constant {
  /// The same elements where every processor can read them; those in a file may lie anywhere.
  var aligned: Constant {
    guard let payload else { return self }
    let isAligned = unsafe payload.withBytes { bytes in
      unsafe bytes.baseAddress.map { Int(bitPattern: $0) % 16 == 0 } ?? true
    }
    guard !isAligned else { return self }
    let owner = unsafe OwnedBytes(count: payload.count) { target in
      unsafe payload.withBytes { unsafe target.copyMemory(from: $0) }
    }
    return Constant(elementType: elementType, shape: shape, storage: .dense(owner.payload))
  }
}
