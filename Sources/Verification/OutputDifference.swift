internal import IR

/// How far one output of a model is from that of another, in one run or over several.
public struct OutputDifference: Sendable {
  /// The output.
  public let name: String
  /// How many elements were compared.
  public private(set) var count = 0
  /// The largest distance of two elements.
  public private(set) var largest = 0.0
  /// The distance that 99 of 100 elements are below.
  ///
  /// Over several runs it is an upper bound that is at most a 64th too large.
  public private(set) var percentile99 = 0.0
  /// Where the largest distance is, as an index for each axis.
  public private(set) var worst: [Int] = []
  /// The element there before.
  public private(set) var worstBefore = 0.0
  /// The element there after.
  public private(set) var worstAfter = 0.0
  /// The largest magnitude before.
  public private(set) var scale = 0.0
  /// How many elements are no numbers, or infinite, in one output and not in the other.
  public private(set) var strayCount = 0
  /// How many elements are no numbers, or infinite, in both outputs.
  public private(set) var nonFiniteCount = 0
  /// What is wrong besides elements, such as another shape.
  public private(set) var mismatch: String?

  /// How many pairs of finite numbers there were, and sums over them.
  private var finiteCount = 0
  private var sum = 0.0
  private var dot = 0.0
  private var squaredBefore = 0.0
  private var squaredAfter = 0.0

  /// Compares the elements of two outputs of one run.
  init(_ name: String, _ before: Constant, _ after: Constant) {
    var distances: [Double] = []
    self.init(name, before, after) { distances.append($0) }
    guard !distances.isEmpty else { return }
    distances.sort()
    percentile99 = distances[min(distances.count * 99 / 100, distances.count - 1)]
  }

  /// Compares the elements of two outputs and hands every distance on, from which the percentile is left to tell.
  init(_ name: String, _ before: Constant, _ after: Constant, note: (Double) -> Void) {
    self.name = name
    guard before.shape == after.shape, before.elementType == after.elementType else {
      mismatch =
        "is \(ValueType.tensor(before.type)) before and \(ValueType.tensor(after.type)) after"
      return
    }
    guard let first = before.doubles, let second = after.doubles else {
      mismatch = before.bytes == after.bytes ? nil : "has other elements"
      return
    }
    count = first.count
    compare(first, second, shape: before.shape, note)
  }

  private mutating func compare(
    _ before: [Double], _ after: [Double], shape: [Int], _ note: (Double) -> Void
  ) {
    var place: Int?
    for (index, (first, second)) in zip(before, after).enumerated() {
      guard first.isFinite, second.isFinite else {
        let isSame = first == second || first.isNaN && second.isNaN
        if isSame { nonFiniteCount += 1 } else { strayCount += 1 }
        continue
      }
      let distance = (first - second).magnitude
      if place == nil || distance > largest { (largest, place) = (distance, index) }
      scale = max(scale, first.magnitude)
      finiteCount += 1
      sum += distance
      dot += first * second
      squaredBefore += first * first
      squaredAfter += second * second
      note(distance)
    }
    guard let place else { return }
    (worstBefore, worstAfter) = (before[place], after[place])
    worst = Self.index(place, in: shape)
  }

  private static func index(_ place: Int, in shape: [Int]) -> [Int] {
    var (rest, index): (Int, [Int]) = (place, [])
    for extent in shape.reversed() {
      index.append(rest % max(extent, 1))
      rest /= max(extent, 1)
    }
    return index.reversed()
  }

  /// Takes in what another run came to, as if both had been one.
  mutating func merge(_ next: OutputDifference) {
    if next.largest > largest || finiteCount == 0 {
      largest = next.largest
      (worst, worstBefore, worstAfter) = (next.worst, next.worstBefore, next.worstAfter)
    }
    count += next.count
    scale = max(scale, next.scale)
    strayCount += next.strayCount
    nonFiniteCount += next.nonFiniteCount
    mismatch = mismatch ?? next.mismatch
    finiteCount += next.finiteCount
    sum += next.sum
    dot += next.dot
    squaredBefore += next.squaredBefore
    squaredAfter += next.squaredAfter
  }

  /// The same with the percentile that was counted elsewhere.
  func stating(percentile99: Double) -> OutputDifference {
    var difference = self
    difference.percentile99 = percentile99
    return difference
  }

  /// The mean distance of two elements.
  public var mean: Double { finiteCount > 0 ? sum / Double(finiteCount) : 0 }

  /// The cosine of the angle between both outputs as vectors; 1 if one has no length.
  public var cosine: Double {
    squaredBefore > 0 && squaredAfter > 0
      ? dot / (squaredBefore.squareRoot() * squaredAfter.squareRoot()) : 1
  }

  /// The largest distance in proportion to the largest magnitude before: the least relative tolerance that
  /// would pass.
  public var relative: Double {
    largest == 0 ? 0 : scale > 0 ? largest / scale : .infinity
  }

  /// The mean distance in proportion to the largest magnitude before.
  public var meanRelative: Double { mean == 0 ? 0 : scale > 0 ? mean / scale : .infinity }

  /// Whether no element is farther away than `tolerance` allows.
  public func passes(_ tolerance: Tolerance) -> Bool {
    mismatch == nil && strayCount == 0 && largest <= tolerance.absolute + tolerance.relative * scale
  }
}

/// How far answers may be apart.
public struct Tolerance: Hashable, Sendable {
  /// In proportion to the largest magnitude of an output.
  public let relative: Double
  /// At any magnitude.
  public let absolute: Double

  /// States both.
  public init(relative: Double, absolute: Double) {
    self.relative = relative
    self.absolute = absolute
  }

  /// Tens of times what single precision leaves of sums in another order, in the networks that were looked at.
  public static let usual = Tolerance(relative: 1e-4, absolute: 1e-7)
}

extension Constant {
  /// The elements in double precision; nil if they are no numbers.
  var doubles: [Double]? {
    if elementType == .float64 { return elements(as: Double.self) }
    if elementType.isFloatingPoint {
      return inSinglePrecision?.elements(as: Float.self)?.map(Double.init)
    }
    return integers?.map(Double.init)
  }
}
