internal import IR

/// The stored weights of a linear operator, seen as a matrix from data slots to output slots.
///
/// Kernel positions are further axes of the weight; entry (o, i) stands for all of them.
struct LinearReader {
  /// For each output slot the data slots it has a non-zero weight for.
  ///
  /// The test looks at every element: a filter that merely sums to zero is alive. Negative zero is
  /// zero, a denormal is not.
  let rows: [SlotSet]
  /// The number of data slots.
  let dataExtent: Int
  /// Whether a window may read padding, so that a constant data slot is not constant to a window.
  let mayTouchPadding: Bool
  /// A factor that the operator multiplies the weights by (Gemm's alpha).
  let scale: Double
  /// A factor that the operator multiplies the bias by (Gemm's beta).
  let biasScale: Double
  /// The bias of every output slot, where there is no bias with one entry a slot.
  let uniformBias: Double

  private let weight: WeightMatrix?
  /// Whether dearc can compute with the weights; it can slice them in any case.
  var isReadable: Bool { weight != nil }

  /// Reads the pattern of `weight`; weights of an element type dearc cannot read count as non-zero, as do all
  /// if nobody looks for zeros.
  init(
    weight: Constant, outputAxis: Int, inputAxis: Int, groups: Int = 1, mayTouchPadding: Bool,
    scale: Double = 1, biasScale: Double = 1, uniformBias: Double = 0, findsZeros: Bool = true
  ) {
    let layout = WeightLayout(
      shape: weight.shape, outputAxis: outputAxis, inputAxis: inputAxis, groups: groups)
    let matrix = WeightMatrix(weight, layout)
    dataExtent = layout.inputCount
    self.mayTouchPadding = mayTouchPadding
    self.scale = scale
    self.biasScale = biasScale
    self.uniformBias = uniformBias
    self.weight = matrix
    rows = (findsZeros ? matrix?.pattern() : nil) ?? layout.fullPattern
  }

  /// For each output slot the sum, over data slots and the kernel, of weights times `values`.
  ///
  /// Infinite where dearc cannot compute with the weights.
  func weightedSums(of values: [Double]) -> [Double] {
    weight?.weightedSums(of: values).map { scale * $0 }
      ?? Array(repeating: .infinity, count: rows.count)
  }

  /// The data slots that some slot of `outputs` has a non-zero weight for.
  func readSlots(by outputs: SlotSet) -> SlotSet {
    var read = SlotSet(extent: dataExtent)
    for output in outputs.slots where !read.isFull { read.formUnion(rows[output]) }
    return read
  }

  /// What is known about the output slots, given what is known about data and bias.
  func facts(data: [SlotFact], bias: [SlotFact]?) -> [SlotFact] {
    // Few layers read constants alone, and only for those the weights are summed.
    let unknown = SlotSet(extent: dataExtent, data.indices.filter { data[$0] == .unknown })
    let isConstant = rows.map { $0.isDisjoint(with: unknown) }
    let shares =
      zip(rows, isConstant).contains { !$0.isEmpty && $1 }
      ? weightedSums(of: data.map { $0.value ?? 0 }) : Array(repeating: 0, count: rows.count)
    return rows.enumerated().map { output, row in
      let stored = bias?[output] ?? .constant(uniformBias, isExact: true)
      guard case .constant(let base, let isExact) = stored else { return .unknown }
      guard !row.isEmpty else {
        let scaled = Double(Float(base * biasScale))
        return scaled.isFinite
          ? .constant(scaled, isExact: isExact && biasScale == 1) : .unknown
      }
      guard isConstant[output], !mayTouchPadding || row.slots.allSatisfy({ data[$0].isZero }) else {
        return .unknown
      }
      let rounded = Double(Float(base * biasScale + shares[output]))
      return rounded.isFinite ? .constant(rounded, isExact: false) : .unknown
    }
  }
}
