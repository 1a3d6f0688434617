internal import IR

/// How far one output of a model is from that of another.
public struct OutputDifference: Sendable {
  /// The output.
  public let name: String
  /// How many elements were compared.
  public private(set) var count = 0
  /// The largest distance of two elements.
  public private(set) var largest = 0.0
  /// The mean distance of two elements.
  public private(set) var mean = 0.0
  /// The distance that 99 of 100 elements are below.
  public private(set) var percentile99 = 0.0
  /// Where the largest distance is, as an index for each axis.
  public private(set) var worst: [Int] = []
  /// The element there before.
  public private(set) var worstBefore = 0.0
  /// The element there after.
  public private(set) var worstAfter = 0.0
  /// The largest magnitude before.
  public private(set) var scale = 0.0
  /// The cosine of the angle between both outputs as vectors; 1 if one has no length.
  public private(set) var cosine = 1.0
  /// How many elements are no numbers, or infinite, in one output and not in the other.
  public private(set) var strayCount = 0
  /// What is wrong besides elements, such as another shape.
  public private(set) var mismatch: String?

  /// Compares the elements of two outputs.
  init(_ name: String, _ before: Constant, _ after: Constant) {
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
    compare(first, second, shape: before.shape)
  }

  private mutating func compare(_ before: [Double], _ after: [Double], shape: [Int]) {
    var distances: [Double] = []
    var (place, dot, own, other) = (0, 0.0, 0.0, 0.0)
    for (index, (first, second)) in zip(before, after).enumerated() {
      guard first.isFinite, second.isFinite else {
        if first != second && !(first.isNaN && second.isNaN) { strayCount += 1 }
        continue
      }
      let distance = (first - second).magnitude
      if distance > largest { (largest, place) = (distance, index) }
      scale = max(scale, first.magnitude)
      distances.append(distance)
      dot += first * second
      own += first * first
      other += second * second
    }
    guard !distances.isEmpty else { return }
    mean = distances.reduce(0, +) / Double(distances.count)
    distances.sort()
    percentile99 = distances[min(distances.count * 99 / 100, distances.count - 1)]
    if own > 0, other > 0 { cosine = dot / (own * other).squareRoot() }
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

  /// The largest distance in proportion to the largest magnitude before: the least relative tolerance that
  /// would pass.
  public var relative: Double {
    largest == 0 ? 0 : scale > 0 ? largest / scale : .infinity
  }

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
  fileprivate var doubles: [Double]? {
    if elementType == .float64 { return elements(as: Double.self) }
    if elementType.isFloatingPoint {
      return inSinglePrecision?.elements(as: Float.self)?.map(Double.init)
    }
    return integers?.map(Double.init)
  }
}
