internal import IR

/// A tensor of floats in the form in which it is to be stored.
struct CompactTensor {
  /// The elements, or whole numbers that scales make elements of.
  let stored: Constant
  /// A scale for each slot of `axis`; nil if the elements themselves are stored.
  let scales: [Float]?
  /// The axis that scales are for.
  let axis: Int
  /// How far the elements are from what they were, in proportion to their length.
  let relativeError: Double

  /// Rounds elements in single precision to float16 or bfloat16.
  init?(rounding constant: Constant, to type: ElementType) {
    guard let stored = constant.inHalfPrecision(type),
      let error = Self.relativeError(of: stored, for: constant)
    else { return nil }
    self.stored = stored
    scales = nil
    axis = 0
    relativeError = error
  }

  /// The length of the difference between both tensors of floats, in proportion to that of the second.
  private static func relativeError(of stored: Constant, for original: Constant) -> Double? {
    guard let own = FloatDecoder(stored.elementType),
      let theirs = FloatDecoder(original.elementType),
      let left = stored.payload, let right = original.payload
    else { return nil }
    var error = RoundingError()
    unsafe left.withBytes { rounded in
      unsafe right.withBytes { exact in
        let pairs = unsafe zip(
          FloatRun(rounded, own, start: 0, count: stored.count),
          FloatRun(exact, theirs, start: 0, count: original.count))
        for (rounded, exact) in pairs { error.add(rounded, for: exact) }
      }
    }
    return error.relative
  }
}

/// Sums up how far rounded numbers are from what they were.
struct RoundingError {
  private var difference = 0.0
  private var length = 0.0

  @inline(__always)
  mutating func add(_ rounded: Double, for exact: Double) {
    difference += (rounded - exact) * (rounded - exact)
    length += exact * exact
  }

  /// The length of the difference in proportion to that of the numbers; not a number if one is not.
  var relative: Double { difference == 0 ? 0 : (difference / length).squareRoot() }
}

// Whole numbers with a scale for each slot of an axis.
extension CompactTensor {
  /// Rounds elements in single precision to whole numbers of one byte.
  ///
  /// The largest magnitude of every slot of `axis` becomes 127; zero stays zero. As ONNX's
  /// QuantizeLinear does, this divides in single precision and rounds to the nearest number, of two
  /// equally near ones to the even one.
  init?(quantizing constant: Constant, along axis: Int) {
    guard let weights = SlottedFloats(constant, axis) else { return nil }
    let scales = weights.largestMagnitudes.map { largest -> Float in
      // Where the scale would lose digits, all of the slot counts as zero.
      largest / 127 >= .leastNormalMagnitude ? largest / 127 : 1
    }
    var error = RoundingError()
    stored = unsafe Constant(count: constant.count, shape: constant.shape) {
      (target: UnsafeMutableBufferPointer<Int8>) in
      weights.forEach { index, slot, weight in
        let number = (weight / scales[slot]).rounded(.toNearestOrEven)
        let bounded = min(max(number.isNaN ? 0 : number, -127), 127)
        unsafe target[index] = Int8(bounded)
        error.add(Double(bounded * scales[slot]), for: Double(weight))
      }
    }
    self.scales = scales
    self.axis = axis
    relativeError = error.relative
  }

  /// Stores elements as whole numbers times the scales they were made by; nil if that is not exact.
  ///
  /// Slots may be fewer than before. Each takes the first scale that makes exactly its elements,
  /// beginning with the one behind that of its neighbour.
  init?(restoring constant: Constant, scales known: [Float], along axis: Int) {
    guard let weights = SlottedFloats(constant, axis) else { return nil }
    var next = 0
    var scales: [Float] = []
    for slot in 0..<weights.slotCount {
      let candidates = known[next...] + known[..<next]
      guard let place = candidates.indices.first(where: { weights.isExact(slot, candidates[$0]) })
      else { return nil }
      scales.append(candidates[place])
      next = (next + place - candidates.startIndex + 1) % known.count
    }
    stored = unsafe Constant(count: constant.count, shape: constant.shape) {
      (target: UnsafeMutableBufferPointer<Int8>) in
      weights.forEach { index, slot, weight in
        unsafe target[index] = Int8((weight / scales[slot]).rounded(.toNearestOrEven))
      }
    }
    self.scales = scales
    self.axis = axis
    relativeError = 0
  }
}

/// Stored floats in single precision, by the slots of one axis.
private struct SlottedFloats {
  let slotCount: Int
  private let payload: Payload
  private let count: Int
  /// How many elements of a slot lie next to each other.
  private let run: Int

  init?(_ constant: Constant, _ axis: Int) {
    guard constant.elementType == .float32, constant.count > 0, let payload = constant.payload,
      constant.shape.indices.contains(axis)
    else { return nil }
    self.payload = payload
    count = constant.count
    slotCount = constant.shape[axis]
    run = constant.shape[(axis + 1)...].reduce(1, *)
  }

  @inline(__always)
  func forEach(_ body: (_ index: Int, _ slot: Int, _ weight: Float) -> Void) {
    unsafe payload.withBytes { bytes in
      for start in stride(from: 0, to: count, by: run) {
        let slot = start / run % slotCount
        for index in start..<start + run {
          body(index, slot, unsafe bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self))
        }
      }
    }
  }

  var largestMagnitudes: [Float] {
    var largest = [Float](repeating: 0, count: slotCount)
    forEach { _, slot, weight in largest[slot] = max(largest[slot], weight.magnitude) }
    return largest
  }

  /// Whether every element of `slot` is `scale` times a whole number of one byte, as it is rounded.
  func isExact(_ slot: Int, _ scale: Float) -> Bool {
    unsafe payload.withBytes { bytes in
      for start in stride(from: slot * run, to: count, by: run * slotCount) {
        for index in start..<start + run {
          let weight = unsafe bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
          let number = (weight / scale).rounded(.toNearestOrEven)
          guard number >= -128, number <= 127, number * scale == weight else { return false }
        }
      }
      return true
    }
  }
}
