internal import IR

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

  /// For each output slot the data slots in its group.
  var fullPattern: [SlotSet] {
    guard groups > 1 else {
      return Array(repeating: .all(inputCount), count: outputCount)
    }
    let width = inputCount / groups
    return (0..<outputCount).map { output in
      let start = output / (outputCount / groups) * width
      return SlotSet(extent: inputCount, start..<start + width)
    }
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
  func pattern() -> [SlotSet] { plainPattern() ?? generalPattern() }

  /// The same for 32-bit floats, which most large weights are, a word at a time.
  private func plainPattern() -> [SlotSet]? {
    guard decoder == .float32, layout.groups == 1 else { return nil }
    let (outputs, inputs) = (layout.outputCount, layout.inputCount)
    let blocks = (inputs + 63) / 64
    let words: [UInt64]
    switch (layout.outputAxis, layout.inputAxis, layout.shape.count) {
    case (0, 1, _): words = wordsOfRows(outputs, inputs, blocks)
    case (1, 0, 2): words = wordsOfColumns(outputs, inputs, blocks)
    default: return nil
    }
    return (0..<outputs).map { output in
      SlotSet(extent: inputs, words: Array(words[output * blocks..<(output + 1) * blocks]))
    }
  }

  /// One bit for each input with a weight that is not zero, where an output's weights are neighbours: a
  /// matrix, or filters whose window comes last.
  private func wordsOfRows(_ outputs: Int, _ inputs: Int, _ blocks: Int) -> [UInt64] {
    let window = layout.shape.dropFirst(2).reduce(1, *)
    var words = [UInt64](repeating: 0, count: outputs * blocks)
    unsafe payload.withBytes { bytes in
      for output in 0..<outputs {
        for block in 0..<blocks {
          var word: UInt64 = 0
          for input in block * 64..<Swift.min(block * 64 + 64, inputs) {
            let start = (output * inputs + input) * window
            let isRead = unsafe isAnyAlive(bytes, start..<start + window)
            word |= (isRead ? 1 : 0) << UInt64(input % 64)
          }
          words[output * blocks + block] = word
        }
      }
    }
    return words
  }

  @inline(__always)
  private func isAnyAlive(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
    for index in range where unsafe isAlive(bytes, index) { return true }
    return false
  }

  /// The same of a matrix in which an input's weights are neighbours: a block of 64 inputs at a time, whose
  /// words are neighbours as well.
  private func wordsOfColumns(_ outputs: Int, _ inputs: Int, _ blocks: Int) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: outputs * blocks)
    var block = [UInt64](repeating: 0, count: outputs)
    unsafe payload.withBytes { bytes in
      for index in 0..<blocks {
        for output in 0..<outputs { block[output] = 0 }
        for input in index * 64..<Swift.min(index * 64 + 64, inputs) {
          let bit = UInt64(1) << UInt64(input % 64)
          for output in 0..<outputs {
            block[output] |= unsafe isAlive(bytes, input * outputs + output) ? bit : 0
          }
        }
        for output in 0..<outputs { words[output * blocks + index] = block[output] }
      }
    }
    return words
  }

  /// Whether a 32-bit float is neither zero nor negative zero: shifting out the sign leaves bits.
  @inline(__always)
  private func isAlive(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Bool {
    unsafe bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self) << 1 != 0
  }

  private func generalPattern() -> [SlotSet] {
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
