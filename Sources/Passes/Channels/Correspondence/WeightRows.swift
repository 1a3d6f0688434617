internal import Glibc
internal import IR

/// A stored weight tensor as rows: for each output slot, what it takes from each data slot.
@safe
struct WeightRows {
  let outputCount: Int
  let inputCount: Int
  /// The elements between one output slot and one data slot.
  let window: Int
  private let groups: Int
  private let isTransposed: Bool
  private var outputStride: Int
  private var inputStride: Int
  private let tensor: Constant
  private var payload: Payload

  /// Reads the weights of `link`; nil if they are no floats of at most 64 bits.
  init?(_ weight: Constant, _ link: LinearLink) {
    let (output, input) = (link.weightOutput.position, link.weightInput.position)
    guard output + input == 1, weight.shape.count >= 2,
      let tensor = weight.inSinglePrecision, let payload = tensor.payload
    else { return nil }
    let strides = StridedView.rowMajor(weight.shape)
    self.tensor = tensor
    self.payload = payload
    groups = link.groups
    isTransposed = link.isTransposed
    outputStride = strides[output]
    inputStride = strides[input]
    window = weight.shape[2...].reduce(1, *)
    outputCount = weight.shape[output] * (isTransposed ? groups : 1)
    inputCount = weight.shape[input] * (isTransposed ? 1 : groups)
  }

  private var outputsPerGroup: Int { outputCount / groups }
  private var inputsPerGroup: Int { inputCount / groups }

  /// The number of elements.
  var elementCount: Int { payload.count / 4 }

  /// Whether reading the rows takes longer than another core takes to start.
  var paysToShare: Bool { elementCount > 1 << 16 }

  /// The same rows with the elements of each side by side.
  var outputsFirst: WeightRows {
    guard outputStride < inputStride else { return self }
    var rows = self
    let order = [1, 0] + tensor.shape.indices.dropFirst(2)
    let transposed = tensor.transposed(order)
    guard let elements = transposed.payload else { return self }
    payload.discard()
    rows.payload = elements
    rows.outputStride = transposed.shape[1] * window
    rows.inputStride = window
    return rows
  }

  /// Gives back the memory that the elements were read into.
  func discard() { payload.discard() }

  /// Whether both hold the same elements in the same places.
  func isEqual(to other: WeightRows) -> Bool {
    guard outputCount == other.outputCount, inputCount == other.inputCount, groups == other.groups,
      outputStride == other.outputStride, inputStride == other.inputStride,
      payload.count == other.payload.count
    else { return false }
    return unsafe payload.withBytes { own in
      unsafe other.payload.withBytes { theirs in
        guard let left = own.baseAddress, let right = theirs.baseAddress else { return true }
        return unsafe memcmp(left, right, own.count) == 0
      }
    }
  }

  /// The data slots that output slot `output` takes anything from.
  func inputs(of output: Int) -> Range<Int> {
    let start = output / outputsPerGroup * inputsPerGroup
    return start..<start + inputsPerGroup
  }

  /// Where the window between two slots starts.
  private func place(output: Int, input: Int) -> Int {
    isTransposed
      ? output % outputsPerGroup * outputStride + input * inputStride
      : output * outputStride + input % inputsPerGroup * inputStride
  }

  // MARK: Signatures

  /// What rows have in common with their multiples, and hardly any two others.
  struct Signature {
    /// Two projections of the row, over its length, with the sign of the first taken off both.
    let first: Double
    let second: Double
    let isZero: Bool
  }

  /// The signature of each row, of which data slot `i` counts as slot `keys[i]`, or not at all if negative.
  ///
  /// Rows of two tensors have equal signatures if they hold the same numbers at the same keys, times any
  /// factor.
  ///
  /// - Precondition: the elements of each output slot are side by side.
  func signatures(keys: [Int]) -> [Signature] {
    let table = Projections(keys: keys, window: window)
    return unsafe payload.withBytes { bytes in
      (0..<outputCount).map { output in
        let inputs = inputs(of: output)
        let start = place(output: output, input: inputs.lowerBound)
        return unsafe table.sums(
          of: bytes, at: start, from: inputs.lowerBound * window, count: inputs.count * window
        ).signature
      }
    }
  }

  @inline(__always)
  private static func element(_ place: Int, of bytes: UnsafeRawBufferPointer) -> Float {
    unsafe bytes.loadUnaligned(fromByteOffset: place * 4, as: Float.self)
  }

  /// What a signature is made of.
  private struct Sums {
    var first = 0.0
    var second = 0.0
    var square = 0.0

    var signature: Signature {
      guard square > 0 else { return Signature(first: 0, second: 0, isZero: true) }
      let length = first < 0 ? -square.squareRoot() : square.squareRoot()
      return Signature(first: first / length, second: second / length, isZero: false)
    }
  }

  /// Numbers, drawn by their key, that rows are projected with.
  private struct Projections {
    /// 0 where there is no key, and nowhere else.
    private var first: [Double] = []
    private var second: [Double] = []

    init(keys: [Int], window: Int) {
      for key in keys {
        for offset in 0..<window {
          let column = UInt64(bitPattern: Int64(key * window + offset))
          first.append(key < 0 ? 0 : Self.draw(2 &* column))
          second.append(key < 0 ? 0 : Self.draw(2 &* column &+ 1))
        }
      }
    }

    /// The sums over `count` elements, of which that at `place` is projected with number `column`.
    func sums(
      of bytes: UnsafeRawBufferPointer, at place: Int, from column: Int, count: Int
    ) -> Sums {
      var (firsts, seconds, squares) = (SIMD8<Double>.zero, SIMD8<Double>.zero, SIMD8<Double>.zero)
      let whole = count - count % 8
      for step in stride(from: 0, to: whole, by: 8) {
        var elements = unsafe SIMD8<Double>(
          bytes.loadUnaligned(fromByteOffset: (place + step) * 4, as: SIMD8<Float>.self))
        let (first, second) = (lanes(first, column + step), lanes(second, column + step))
        // What has no key does not count, be it infinite.
        elements.replace(with: 0, where: first .== 0)
        firsts += elements * first
        seconds += elements * second
        squares += elements * elements
      }
      var sums = Sums(first: firsts.sum(), second: seconds.sum(), square: squares.sum())
      for step in whole..<count where first[column + step] != 0 {
        let element = unsafe Double(WeightRows.element(place + step, of: bytes))
        sums.first += element * first[column + step]
        sums.second += element * second[column + step]
        sums.square += element * element
      }
      return sums
    }

    @inline(__always)
    private func lanes(_ numbers: [Double], _ start: Int) -> SIMD8<Double> {
      unsafe numbers.withUnsafeBytes {
        unsafe $0.loadUnaligned(fromByteOffset: start * 8, as: SIMD8<Double>.self)
      }
    }

    /// A number between −1 and 1 that looks as if drawn by lot, the same each time.
    private static func draw(_ key: UInt64) -> Double {
      var bits = (key &+ 1) &* 0x9E37_79B9_7F4A_7C15
      bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
      return Double(Int64(bitPattern: bits ^ bits >> 31)) / 0x1p63
    }
  }

  // MARK: Comparison

  /// How a row relates to another.
  struct Likeness {
    /// What the other is to be multiplied by to come nearest.
    let factor: Double
    /// How far it is then, in proportion to the row's length.
    let distance: Double
    /// Whether the elements are the same, bit by bit.
    let isEqual: Bool

    static let equal = Likeness(factor: 1, distance: 0, isEqual: true)

    /// What tells rows apart that are multiples of the same one.
    var strangeness: Double { distance + abs(factor - 1) }
  }

  /// Whether row `output` holds the same numbers as row `other` of `rows`, whose data slot `keys[i]` is this
  /// one's slot `i`.
  ///
  /// - Precondition: both have the elements of each output slot side by side, and equal windows.
  func isRow(_ output: Int, equalTo other: Int, of rows: WeightRows, keys: [Int]) -> Bool {
    let (inputs, others) = (inputs(of: output), rows.inputs(of: other))
    let start = place(output: output, input: inputs.lowerBound)
    let otherStart = rows.place(output: other, input: others.lowerBound)
    return unsafe payload.withBytes { own in
      unsafe rows.payload.withBytes { theirs in
        for (offset, input) in inputs.enumerated() where keys[input] >= 0 {
          let place = keys[input] - others.lowerBound
          let isThere = others.contains(keys[input])
          for step in 0..<window {
            let mine = unsafe Self.element(start + offset * window + step, of: own)
            let yours =
              isThere ? unsafe Self.element(otherStart + place * window + step, of: theirs) : 0
            if mine != yours { return false }
          }
        }
        return true
      }
    }
  }

  /// How row `output` relates to row `other` of `rows`, whose data slot `keys[i]` is this one's slot `i`.
  func likeness(of output: Int, to other: Int, of rows: WeightRows, keys: [Int]) -> Likeness {
    var (own, product, square) = (0.0, 0.0, 0.0)
    var isEqual = true
    compare(output, other, rows, keys) { mine, theirs in
      isEqual = isEqual && mine == theirs
      own += Double(mine) * Double(mine)
      product += Double(mine) * Double(theirs)
      square += Double(theirs) * Double(theirs)
    }
    guard square > 0, own > 0 else {
      return Likeness(factor: 1, distance: square == own ? 0 : 1, isEqual: isEqual)
    }
    let rest = max(own - product / square * product, 0)
    return Likeness(
      factor: product / square, distance: (rest / own).squareRoot(), isEqual: isEqual)
  }

  /// How far the rows are from rows `map` of `rows`, of which row `other` is compared as it is.
  func difference(from rows: WeightRows, map: [ChannelOrigin], keys: [Int]) -> WeightDifference {
    var difference = WeightDifference()
    for (output, other) in map.enumerated() {
      guard case .channel(let other) = other else { continue }
      compare(output, other, rows, keys) { mine, theirs in
        difference.add(before: theirs, after: mine)
      }
    }
    return difference
  }

  /// Calls `take` with the elements of one row and those in the same places of another tensor's, zeros where
  /// that has none.
  @inline(__always)
  private func compare(
    _ output: Int, _ other: Int, _ rows: WeightRows, _ keys: [Int],
    _ take: (_ mine: Float, _ theirs: Float) -> Void
  ) {
    let others = rows.inputs(of: other)
    unsafe payload.withBytes { own in
      unsafe rows.payload.withBytes { theirs in
        for input in inputs(of: output) where keys[input] >= 0 {
          let place = place(output: output, input: input)
          let isThere = others.contains(keys[input])
          let start = isThere ? rows.place(output: other, input: keys[input]) : 0
          for offset in 0..<min(window, rows.window) {
            take(
              unsafe Self.element(place + offset, of: own),
              isThere ? unsafe Self.element(start + offset, of: theirs) : 0)
          }
        }
      }
    }
  }
}
