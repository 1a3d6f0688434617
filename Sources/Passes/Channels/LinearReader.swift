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

  /// Reads the pattern of `weight`; weights of an element type dearc cannot read count as non-zero.
  init(
    weight: Constant, outputAxis: Int, inputAxis: Int, groups: Int = 1, mayTouchPadding: Bool,
    scale: Double = 1, biasScale: Double = 1, uniformBias: Double = 0
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
    rows = matrix?.pattern() ?? (0..<layout.outputCount).map(layout.inputs)
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
    for output in outputs.slots { read.formUnion(rows[output]) }
    return read
  }

  /// What is known about the output slots, given what is known about data and bias.
  func facts(data: [SlotFact], bias: [SlotFact]?) -> [SlotFact] {
    // Few layers read constants alone, and only for those the weights are summed.
    let isConstant = rows.map { $0.slots.allSatisfy { data[$0] != .unknown } }
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

/// Where a weight tensor's elements stand between data slots and output slots.
///
/// With several groups one of the axes, the second of a convolution's, counts within a group.
struct WeightLayout {
  let shape: [Int]
  let outputAxis: Int
  let inputAxis: Int
  let groups: Int

  private var isTransposed: Bool { outputAxis > inputAxis }

  var outputCount: Int { shape[outputAxis] * (isTransposed ? groups : 1) }

  var inputCount: Int { shape[inputAxis] * (isTransposed ? 1 : groups) }

  /// The slots that the weights at a position along each axis stand between.
  func slots(output: Int, input: Int) -> (output: Int, input: Int) {
    guard groups > 1 else { return (output, input) }
    return isTransposed
      ? (output + input / (shape[inputAxis] / groups) * shape[outputAxis], input)
      : (output, input + output / (shape[outputAxis] / groups) * shape[inputAxis])
  }

  /// The data slots in the group of an output slot.
  func inputs(of output: Int) -> SlotSet {
    let width = inputCount / groups
    let start = output / (outputCount / groups) * width
    return SlotSet(extent: inputCount, start..<start + width)
  }
}

/// A stored weight tensor of floats with an axis for outputs and one for inputs.
struct WeightMatrix {
  private let layout: WeightLayout
  private let payload: Payload
  private let decoder: FloatDecoder

  init?(_ constant: Constant, _ layout: WeightLayout) {
    guard let decoder = FloatDecoder(constant.elementType), let payload = constant.payload else {
      return nil
    }
    self.payload = payload
    self.decoder = decoder
    self.layout = layout
  }

  /// For each output the inputs with at least one non-zero weight.
  func pattern() -> [SlotSet] {
    var rows = Array(
      repeating: SlotSet(extent: layout.inputCount), count: layout.outputCount)
    visit { output, input, run in
      for element in run where element != 0 {
        rows[output].insert(input)
        break
      }
    }
    return rows
  }

  /// For each output the sum of its weights, each times the value of the input it reads.
  func weightedSums(of values: [Double]) -> [Double] {
    var sums = Array(repeating: 0.0, count: layout.outputCount)
    visit { output, input, run in
      guard values[input] != 0 else { return }
      sums[output] += values[input] * run.reduce(0, +)
    }
    return sums
  }

  /// Calls `body` with each maximal contiguous run of weights between one output and one input.
  private func visit(_ body: (_ output: Int, _ input: Int, _ run: FloatRun) -> Void) {
    let (shape, strides) = (layout.shape, StridedView.rowMajor(layout.shape))
    let inner = (Swift.max(layout.outputAxis, layout.inputAxis) + 1..<shape.count).reduce(1) {
      $0 * shape[$1]
    }
    guard inner > 0 else { return }
    unsafe payload.withBytes { bytes in
      for start in stride(from: 0, to: shape.product, by: inner) {
        let slots = layout.slots(
          output: start / strides[layout.outputAxis] % shape[layout.outputAxis],
          input: start / strides[layout.inputAxis] % shape[layout.inputAxis])
        body(slots.output, slots.input, unsafe FloatRun(bytes, decoder, start: start, count: inner))
      }
    }
  }
}
