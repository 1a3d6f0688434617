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
    /// The same memory as another slot.
    case alias(SlotID)
  }

  private(set) var places: [Place] = []
  private(set) var steps: [Step] = []

  mutating func slot(_ place: Place) -> SlotID {
    places.append(place)
    return SlotID(index: places.count - 1)
  }

  mutating func add(_ step: Step) { steps.append(step) }

  /// The slot whose memory `slot` shares in the end.
  func root(of slot: SlotID) -> SlotID {
    var current = slot
    while case .alias(let other) = places[current.index] { current = other }
    return current
  }
}
