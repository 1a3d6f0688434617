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
  /// The node sums products over the slots of both operands, paired; no output slot corresponds.
  case contracted(ContractedLink)
  /// The node reduces all data slots to one.
  case reduced(data: Place, Reduction)
  /// Every output slot depends on all data slots of its group.
  case normalized(NormalizedLink)
  /// The output holds the slots of the inputs one after another.
  case concatenated(output: Place, inputs: [Place])
  /// The output holds the slots of the input between others that are stored nowhere.
  case bordered(BorderedLink)
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
  /// Axes of further results that hold the same slots.
  var siblings: [Place] = []
  let inputs: [Place]
  let transfer: Transfer

  /// The axes of all results.
  var outputs: [Place] { [output] + siblings }

  /// How constant slots of the inputs make constant slots of the output.
  enum Transfer {
    /// The output slot holds elements of the input slot, taken from the same places in every slot.
    case copy
    /// Every output element is a mean of elements, weighted alike in every slot.
    case mean
    /// Every output element is the largest, or the smallest, of some elements, the same in every slot.
    case extremum
    /// A mean in which, alike in every slot, a number has a share: that of a border.
    case bordered(by: Double)
    case unary(UnaryFunction)
    /// Combines the facts of all operands; an operand without the axis gives one fact for all.
    case combine([Source], @Sendable ([SlotFact]) -> SlotFact)
    /// Nothing is known.
    case unknown

    /// A zero slot stays zero; nothing is known of others.
    static var zeroAlone: Transfer {
      .unary(UnaryFunction(evaluate: { $0 == 0 ? 0 : .nan }, isExact: true))
    }
  }

  /// Where `Transfer.combine` takes an operand's fact from.
  enum Source {
    case slots(Place)
    case uniform(SlotFact)
  }
}

/// A sum of products over paired slots of two computed operands.
struct ContractedLink {
  let left: Place
  let right: Place
  /// Whether nothing changes if a slot of the right operand gets the same number added everywhere, as
  /// where a softmax over its columns follows.
  var ignoresConstantsOnTheRight = false
}

/// An axis that gets slots of its own before and behind those of the data.
struct BorderedLink {
  let output: Place
  let data: Place
  /// How many slots come before those of the data.
  let before: Int
  /// What the further slots hold, if that is known.
  let filler: SlotFact
  /// Whether every slot gets a border of that on another axis.
  let surroundsSlots: Bool
}

/// How slots are reduced to one.
enum Reduction {
  case mean
  case sum
  /// Any reduction that a zero adds nothing to.
  case zeroNeutral
  /// The mean of squares in a normalisation of `axis`: slots that are constant there are made up for.
  case variance(axis: AxisID, of: WrittenOutNorm)
}

/// A normalisation over the slots of each of `groups` equal runs of an axis.
struct NormalizedLink {
  let data: Place
  let output: Place
  /// The axes of the stored scale and shift that output slots index.
  let scale: Place?
  let shift: Place?
  let groups: Int
  let constants: Constants

  /// What may become of data slots that are constant.
  enum Constants {
    /// They count like others; a group stays whole or goes.
    case stay
    /// A zero adds nothing to a sum of squares, whose mean is scaled back to the original count.
    case zerosGo
    /// The node is written out, with the original count and what the missing slots add.
    case counted
  }
}

/// A weighted sum over the slots of one axis, or over each of `groups` equal runs of it.
///
/// With several groups a slot of a weight's axis that is shorter than the data or the output stands
/// for one slot in every group. A dense operator has one group, a depthwise convolution as many as
/// data slots.
struct LinearLink {
  let data: Place
  let output: Place
  /// The weight's axis that data slots index, or their positions within a group.
  let weightInput: Place
  /// The weight's axis that output slots index, or their positions within a group.
  let weightOutput: Place
  /// The bias's axis that output slots index, if there is a bias with one entry a slot.
  let bias: Place?
  let reader: LinearReader
  /// Whether operand 2, present or not, is a bias; else an Add has to follow to add a constant.
  let takesBias: Bool
  /// The axes behind the output's, which a bias that is added by a node of its own broadcasts over.
  var trailingAxes = 0
  var groups = 1
  /// Whether the weight's first axis indexes data, as in a transposed convolution.
  var isTransposed = false

  /// Whether every output slot is made from one data slot alone.
  var isDepthwise: Bool { groups > 1 && groups == reader.dataExtent }
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
