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
  /// Whether a constant can be added to each output slot.
  let canAbsorb: Bool
  /// A factor that the operator multiplies the weights by (Gemm's alpha).
  let scale: Double
  /// A factor that the operator multiplies the bias by (Gemm's beta).
  let biasScale: Double
  /// The bias of every output slot, where there is no bias with one entry a slot.
  let uniformBias: Double

  private let weight: WeightMatrix?
  /// For a depthwise convolution, the output slots made from one data slot.
  private let outputsPerInput: Int

  /// Whether dearc can compute with the weights; it can slice them in any case.
  var isReadable: Bool { weight != nil }

  /// Reads the pattern of `weight`; weights of an element type dearc cannot read count as non-zero.
  init(
    weight: Constant, outputAxis: Int, inputAxis: Int?, outputsPerInput: Int = 1,
    mayTouchPadding: Bool, canAbsorb: Bool, scale: Double = 1, biasScale: Double = 1,
    uniformBias: Double = 0
  ) {
    let matrix = WeightMatrix(weight, outputAxis: outputAxis, inputAxis: inputAxis)
    let outputs = weight.shape[outputAxis]
    let inputs = inputAxis.map { weight.shape[$0] } ?? outputs / outputsPerInput
    dataExtent = inputs
    self.mayTouchPadding = mayTouchPadding
    self.canAbsorb = canAbsorb && matrix != nil
    self.scale = scale
    self.biasScale = biasScale
    self.uniformBias = uniformBias
    self.weight = matrix
    self.outputsPerInput = outputsPerInput
    if inputAxis == nil {
      let alive = matrix?.pattern()
      rows = (0..<outputs).map { output in
        let isAlive = alive.map { $0[output].contains(0) } ?? true
        return SlotSet(extent: inputs, isAlive ? [output / outputsPerInput] : [])
      }
    } else {
      rows = matrix?.pattern() ?? Array(repeating: .all(inputs), count: outputs)
    }
  }

  /// For each output slot the sum, over data slots and the kernel, of weights times `values`.
  ///
  /// Infinite where dearc cannot compute with the weights.
  func weightedSums(of values: [Double]) -> [Double] {
    weight?.weightedSums(of: values, outputsPerInput: outputsPerInput).map { scale * $0 }
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

/// A stored weight tensor of floats with an axis for outputs and, unless depthwise, one for inputs.
struct WeightMatrix {
  let outputCount: Int
  let inputCount: Int
  private let payload: Payload
  private let decoder: FloatDecoder
  private let outputAxis: Int
  private let inputAxis: Int?
  private let shape: [Int]

  init?(_ constant: Constant, outputAxis: Int, inputAxis: Int?) {
    guard let decoder = FloatDecoder(constant.elementType), let payload = constant.payload else {
      return nil
    }
    self.payload = payload
    self.decoder = decoder
    self.outputAxis = outputAxis
    self.inputAxis = inputAxis
    shape = constant.shape
    outputCount = shape[outputAxis]
    inputCount = inputAxis.map { constant.shape[$0] } ?? 1
  }

  /// For each output the inputs with at least one non-zero weight.
  func pattern() -> [SlotSet] {
    var rows = Array(repeating: SlotSet(extent: inputCount), count: outputCount)
    visit { output, input, run in
      for element in run where element != 0 {
        rows[output].insert(input)
        break
      }
    }
    return rows
  }

  /// For each output the sum of its weights, each times the value of the input it reads.
  func weightedSums(of values: [Double], outputsPerInput: Int) -> [Double] {
    var sums = Array(repeating: 0.0, count: outputCount)
    visit { output, input, run in
      let value = values[inputAxis == nil ? output / outputsPerInput : input]
      guard value != 0 else { return }
      sums[output] += value * run.reduce(0, +)
    }
    return sums
  }

  private var strides: [Int] {
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  /// Calls `body` with each maximal contiguous run of weights between one output and one input.
  private func visit(_ body: (_ output: Int, _ input: Int, _ run: FloatRun) -> Void) {
    let strides = self.strides
    let inner = (Swift.max(outputAxis, inputAxis ?? -1) + 1..<shape.count).reduce(1) {
      $0 * shape[$1]
    }
    guard inner > 0 else { return }
    unsafe payload.withBytes { bytes in
      for start in stride(from: 0, to: shape.product, by: inner) {
        let output = start / strides[outputAxis] % outputCount
        let input = inputAxis.map { start / strides[$0] % inputCount } ?? 0
        body(output, input, unsafe FloatRun(bytes, decoder, start: start, count: inner))
      }
    }
  }
}
