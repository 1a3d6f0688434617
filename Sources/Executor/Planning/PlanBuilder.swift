import IR

/// What a step does each time.
typealias Work = () throws(ExecutionError) -> Void

/// Prepares a step's work once it is known where everything lies.
typealias Binding = (Buffers) throws(ExecutionError) -> Work

/// One piece of work on tensors of known types and shapes.
struct Step {
  let reads: [SlotID?]
  let makes: [SlotID?]
  let scratch: SlotID?
  let bind: Binding
  /// Whom to blame if it fails.
  let node: NodeID
}

/// Collects slots and steps.
struct PlanBuilder {
  /// What a slot's memory is.
  @safe
  enum Place {
    /// Memory for this many bytes, from the step that writes it to the last that reads it.
    case arena(byteCount: Int)
    /// The elements of a stored tensor.
    case constant(Constant)
    /// Weights that were put into another order.
    case packed(OwnedBytes)
    /// Memory of a plan that ran before.
    case earlier(UnsafeMutableRawPointer)
    /// Memory of another slot, from so many bytes after its start on.
    case alias(SlotID, offset: Int = 0)
  }

  private(set) var places: [Place] = []
  private(set) var steps: [Step] = []

  mutating func slot(_ place: Place) -> SlotID {
    places.append(place)
    return SlotID(index: places.count - 1)
  }

  mutating func add(_ step: Step) { steps.append(step) }

  /// The slot whose memory `slot` shares in the end.
  func root(of slot: SlotID) -> SlotID { location(of: slot).root }

  /// The slot whose memory `slot` shares in the end, and how far behind its start.
  func location(of slot: SlotID) -> (root: SlotID, offset: Int) {
    var (current, total) = (slot, 0)
    while case .alias(let other, let offset) = places[current.index] {
      current = other
      total += offset
    }
    return (current, total)
  }

  /// Moves what `slot` holds into the memory of `other`, `offset` bytes after its start, if it has memory of its
  /// own for `byteCount` bytes; returns whether it has.
  mutating func move(_ slot: SlotID, byteCount: Int, into other: SlotID, at offset: Int) -> Bool {
    let (root, start) = location(of: slot)
    guard case .arena(byteCount) = places[root.index], start == 0, root != other else {
      return false
    }
    places[root.index] = .alias(other, offset: offset)
    return true
  }
}
