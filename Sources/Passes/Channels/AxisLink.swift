internal import IR

/// An operand of a node.
enum Operand: Hashable, Sendable {
  case input(Int)
  case output(Int)
}

/// One axis of one operand of a node.
struct Place: Hashable, Sendable {
  let operand: Operand
  /// The position of the axis in the operand's shape.
  let position: Int
  /// The axis itself.
  let axis: AxisID

  /// The operand's number if it is an input.
  var input: Int? {
    if case .input(let index) = operand { index } else { nil }
  }
}

/// How the slots of some axes of a node's operands relate to each other.
///
/// An axis of an operand that no link mentions is a barrier: the node reads, or writes, all of it.
enum AxisLink {
  /// Slot i of the output is made from slot i of every input that has the axis.
  case aligned(AlignedLink)
  /// Every output slot is a weighted sum over data slots, with stored weights.
  case linear(LinearLink)
  /// Output slots c·m ..< c·m+m are made from data slot c alone, with stored weights.
  case depthwise(LinearLink, multiplier: Int)
  /// The output slot is the mean over the data slots.
  case averaged(data: Place, isSum: Bool)
  /// The output holds the slots of the inputs one after another.
  case concatenated(output: Place, inputs: [Place])
  /// The outputs hold consecutive slots of the input; the inverse of `concatenated`.
  case divided(outputs: [Place], input: Place)
  /// Output slot j is data slot `indices[j]`; without an output axis there is one index.
  case selected(output: Place?, input: Place, indices: [Int])
  /// Axes are split into factors and joined from factors, in row-major order.
  case regrouped(Regrouping)
}

/// Axes that carry the same slots in the same order.
struct AlignedLink {
  let output: Place
  let inputs: [Place]
  let transfer: Transfer

  /// How constant slots of the inputs make constant slots of the output.
  enum Transfer {
    /// The output slot is the input slot.
    case copy
    case unary(UnaryFunction)
    /// Combines the facts of all operands; an operand without the axis gives one fact for all.
    case combine([Source], @Sendable ([SlotFact]) -> SlotFact)
    /// Nothing is known.
    case unknown

    /// The output slot is the mean of copies of the input slot, which may round.
    static var averaging: Transfer { .unary(UnaryFunction { $0 }) }
  }

  /// Where `Transfer.combine` takes an operand's fact from.
  enum Source {
    case slots(Place)
    case uniform(SlotFact)
  }
}

/// A weighted sum over the slots of one axis.
struct LinearLink {
  let data: Place
  let output: Place
  /// The weight's axis that data slots index; nil for a depthwise convolution.
  let weightInput: Place?
  /// The weight's axis that output slots index.
  let weightOutput: Place
  /// The bias's axis that output slots index, if there is a bias with one entry a slot.
  let bias: Place?
  let reader: LinearReader
  /// Whether operand 2, present or not, is a bias; else an Add has to follow to add a constant.
  let takesBias: Bool
}

/// Axes of one input and one output whose extents have the same product.
struct Regrouping {
  /// The common refinement of the extents, outermost first.
  let factors: [Int]
  let inputs: [Member]
  let outputs: [Member]

  /// An axis and the factors that make it up.
  struct Member {
    let place: Place
    let factors: Range<Int>
  }
}
