import IR

/// Work that is ready to be done on inputs of certain shapes.
@safe
final class Plan {
  /// What becomes of it once all steps are done.
  enum End {
    /// The results are these.
    case results([Operand])
    /// The elements of these values have to be looked at before the rest can be planned.
    case pause(Planner, [ValueID])
  }

  private let work: [(node: NodeID, run: Work)]
  private let memory: UnsafeMutableRawBufferPointer
  private let addresses: [UnsafeMutableRawPointer?]
  /// Keeps weights alive that steps point to.
  private let places: [PlanBuilder.Place]
  /// Keeps the memory alive that this plan reads.
  private let before: Plan?
  private let inputs: [Operand]
  /// Whose nodes the steps do the work of.
  private let graph: Graph
  let end: End
  /// Plans for what follows, by the elements that were looked at.
  var continuations: [[[UInt8]]: Plan] = [:]
  /// The bytes that values take together.
  let arenaByteCount: Int
  /// The most that are alive at a time.
  let leastByteCount: Int

  init(
    _ builder: PlanBuilder, of graph: Graph, byteLimit: Int, inputs: [Operand], kept: [SlotID],
    end: End,
    after before: Plan? = nil
  ) throws(ExecutionError) {
    let arena = Arena(builder, given: inputs.map(\.slot), kept: kept)
    guard arena.byteCount <= byteLimit else {
      throw ExecutionError(
        .tooLarge,
        "values take \(arena.byteCount) bytes together, more than the \(byteLimit) that a run may")
    }
    unsafe memory = .allocate(byteCount: max(arena.byteCount, 1), alignment: Arena.alignment)
    arenaByteCount = arena.byteCount
    leastByteCount = arena.leastByteCount
    let places = Self.aligned(builder)
    self.places = places
    self.inputs = inputs
    self.graph = graph
    self.end = end
    self.before = before
    let base = unsafe memory
    let addresses = unsafe builder.places.indices.map { index in
      unsafe Self.address(of: SlotID(index: index), builder, places, arena, base)
    }
    unsafe self.addresses = addresses
    var work: [(node: NodeID, run: Work)] = []
    do throws(ExecutionError) {
      for step in builder.steps {
        func find(_ slot: SlotID?) -> UnsafeMutableRawPointer? {
          unsafe slot.flatMap { unsafe addresses[$0.index] }
        }
        let buffers = unsafe Buffers(
          reads: step.reads.map(find), makes: step.makes.map(find), scratch: find(step.scratch))
        work.append((step.node, try step.bind(buffers)))
      }
    } catch {
      unsafe base.deallocate()
      throw error
    }
    self.work = work
  }

  deinit { unsafe memory.deallocate() }

  /// What slots are, with those stored tensors that steps read where every processor can read them.
  ///
  /// Most weights are read in another order, of which there is a copy already.
  private static func aligned(_ builder: PlanBuilder) -> [PlanBuilder.Place] {
    var places = builder.places
    for slot in builder.steps.flatMap(\.reads) {
      guard let root = slot.map(builder.root), case .constant(let constant) = places[root.index]
      else { continue }
      places[root.index] = .constant(constant.aligned)
    }
    return places
  }

  private static func address(
    of slot: SlotID, _ builder: PlanBuilder, _ places: [PlanBuilder.Place], _ arena: Arena,
    _ memory: UnsafeMutableRawBufferPointer
  ) -> UnsafeMutableRawPointer? {
    let (root, offset) = builder.location(of: slot)
    return unsafe base(of: root, places, arena, memory).map { unsafe $0 + offset }
  }

  private static func base(
    of root: SlotID, _ places: [PlanBuilder.Place], _ arena: Arena,
    _ memory: UnsafeMutableRawBufferPointer
  ) -> UnsafeMutableRawPointer? {
    switch places[root.index] {
    case .arena:
      return unsafe arena.offsets[root.index].flatMap {
        unsafe memory.baseAddress?.advanced(by: $0)
      }
    case .constant(let constant):
      return unsafe constant.payload.flatMap { payload in
        unsafe payload.withBytes { unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress) }
      }
    case .packed(let owner):
      return unsafe owner.payload.withBytes {
        unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress)
      }
    case .earlier(let address): return unsafe address
    case .alias: return nil
    }
  }

  /// Where `slot` lies, for as long as the plan lives.
  func address(of slot: SlotID) -> UnsafeMutableRawPointer? { unsafe addresses[slot.index] }

  /// Does all steps on `tensors`.
  func run(_ tensors: [Constant]) throws(ExecutionError) {
    for (input, tensor) in zip(inputs, tensors) {
      guard let target = unsafe addresses[input.slot.index], let payload = tensor.payload else {
        continue
      }
      unsafe payload.withBytes { bytes in
        guard let source = bytes.baseAddress else { return }
        unsafe target.copyMemory(from: source, byteCount: bytes.count)
      }
    }
    for (node, run) in work {
      do throws(ExecutionError) {
        try run()
      } catch {
        throw error.named(node, in: graph)
      }
    }
  }

  /// A copy of the elements of `operand`, whose layout is plain.
  func elements(of operand: Operand) -> Constant {
    if let constant = operand.constant { return constant }
    let count = operand.info.byteCount ?? 0
    let owner = unsafe OwnedBytes(count: count) { target in
      guard let source = unsafe addresses[operand.slot.index], count > 0 else { return }
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: count))
    }
    return Constant(
      elementType: operand.elementType, shape: operand.shape, storage: .dense(owner.payload))
  }
}

extension ExecutionError {
  /// The same error as that of `node`, unless it says already where it happened.
  func named(_ node: NodeID, in graph: Graph) -> ExecutionError {
    guard subject.isEmpty else { return self }
    var error = self
    error.subject = graph.label(node)
    error.operatorType = graph.nodes[node].op.type
    return error
  }
}
