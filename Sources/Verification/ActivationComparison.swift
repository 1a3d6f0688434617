internal import Executor
public import IR

/// How far a value inside one model is from that inside another, over many pictures.
public struct ActivationDifference: Sendable {
  /// How many elements were compared.
  public private(set) var count = 0
  /// The largest distance of two elements.
  public private(set) var largest = 0.0
  /// How many elements are no numbers, or infinite, in one model and not in the other.
  public private(set) var strayCount = 0
  /// What is wrong besides elements, such as another shape.
  public private(set) var mismatch: String?
  /// The shape on the last picture, after.
  public private(set) var shape: [Int] = []
  /// The number of the picture with the largest distance.
  public private(set) var worstPicture = 0

  private var pictures = 0
  private var finiteCount = 0
  private var sum = 0.0
  private var squaredDistance = 0.0
  private var dot = 0.0
  private var squaredBefore = 0.0
  private var squaredAfter = 0.0

  /// The mean distance of two elements.
  public var mean: Double { finiteCount > 0 ? sum / Double(finiteCount) : 0 }

  /// The root of the mean square of the elements before.
  public var rms: Double {
    finiteCount > 0 ? (squaredBefore / Double(finiteCount)).squareRoot() : 0
  }

  /// The largest distance in proportion to `rms`; infinite if there is a distance from zeros.
  public var largestRelative: Double { largest == 0 ? 0 : rms > 0 ? largest / rms : .infinity }

  /// The length of all distances in proportion to that of the elements before; 1 from zeros.
  public var relative: Double {
    squaredBefore > 0
      ? (squaredDistance / squaredBefore).squareRoot() : squaredDistance > 0 ? 1 : 0
  }

  /// The cosine of the angle between the elements before and after as vectors; 1 if one has no length.
  public var cosine: Double {
    squaredBefore > 0 && squaredAfter > 0
      ? dot / (squaredBefore.squareRoot() * squaredAfter.squareRoot()) : 1
  }

  /// Whether no element is farther away than `tolerance` allows, in proportion to `rms`.
  public func passes(_ tolerance: Tolerance) -> Bool {
    mismatch == nil && strayCount == 0 && largest <= tolerance.absolute + tolerance.relative * rms
  }

  /// Takes in the value for one more picture.
  mutating func add(_ before: Constant, _ after: Constant, _ slots: [SharedValue.Slots?]) {
    defer { pictures += 1 }
    shape = after.shape
    guard let own = before.selected(slots, \.before), let other = after.selected(slots, \.after),
      own.shape == other.shape
    else {
      mismatch =
        "is \(ValueType.tensor(before.type)) before and \(ValueType.tensor(after.type)) after"
      return
    }
    count += own.elements.count
    let known = largest
    for (first, second) in zip(own.elements, other.elements) {
      add(Double(first), Double(second))
    }
    if largest > known { worstPicture = pictures }
  }

  @inline(__always)
  private mutating func add(_ first: Double, _ second: Double) {
    guard first.isFinite, second.isFinite else {
      if first != second && !(first.isNaN && second.isNaN) { strayCount += 1 }
      return
    }
    let distance = (first - second).magnitude
    largest = max(largest, distance)
    finiteCount += 1
    sum += distance
    squaredDistance += distance * distance
    dot += first * second
    squaredBefore += first * first
    squaredAfter += second * second
  }
}

/// Compares values inside two models on many pictures.
///
/// Values are looked at in sweeps, as many at a time as a limit on their bytes allows. A sweep runs both models on
/// every picture, so that a model larger than the limit is run more than once on each.
public struct ActivationComparison {
  /// The values.
  public let values: [SharedValue]
  /// Which values each sweep is for.
  public let sweeps: [Range<Int>]
  /// How far each value is away, as far as sweeps have been run.
  public private(set) var differences: [ActivationDifference]

  private let before: Model
  private let after: Model
  private let threads: Int?

  /// Decides on sweeps.
  ///
  /// - Parameters:
  ///   - before: A model.
  ///   - after: Another model, which has the same inputs.
  ///   - values: What is compared.
  ///   - shape: The shape of the largest picture.
  ///   - threads: How many threads work at a time; nil for one per processor.
  public init(
    _ before: Model, _ after: Model, _ values: [SharedValue], shape: [Int], threads: Int? = nil
  ) {
    self.values = values
    self.before = before
    self.after = after
    self.threads = threads
    sweeps = values.sweeps(before.graph, after.graph, shapes: [shape])
    differences = values.map { _ in ActivationDifference() }
  }

  /// Runs both models on `pictureCount` pictures for the values `sweep`.
  ///
  /// - Parameters:
  ///   - sweep: One of `sweeps`.
  ///   - pictureCount: How many pictures there are.
  ///   - picture: The picture of a number, as the tensor that it becomes.
  /// - Throws: `ExecutionError` if either model cannot be run, and what `picture` throws.
  public mutating func run(
    _ sweep: Range<Int>, pictureCount: Int, picture: (Int) throws -> Constant
  ) throws {
    let runs = try ValueSweep(before, after, values[sweep], threads: threads)
    for number in 0..<pictureCount {
      for (place, (own, other)) in zip(sweep, try runs.run([try picture(number)])) {
        differences[place].add(own, other, values[place].slots)
      }
    }
  }
}

extension Constant {
  /// The elements of the slots that are compared, in single precision, and how many there are along each axis.
  ///
  /// Nil if the elements are no floats, or there are no such axes or slots.
  fileprivate func selected(
    _ slots: [SharedValue.Slots?], _ side: KeyPath<SharedValue.Slots, [Int]>
  ) -> (elements: [Float], shape: [Int])? {
    guard var elements = inSinglePrecision?.elements(as: Float.self) else { return nil }
    var extents = shape
    for (axis, slots) in slots.enumerated() {
      guard let numbers = slots?[keyPath: side] else { continue }
      guard axis < extents.count, numbers.allSatisfy({ $0 < extents[axis] }) else { return nil }
      let inner = extents[(axis + 1)...].reduce(1, *)
      let outer = extents[..<axis].reduce(1, *)
      var kept: [Float] = []
      kept.reserveCapacity(outer * numbers.count * inner)
      for block in 0..<outer {
        for number in numbers {
          let start = (block * extents[axis] + number) * inner
          kept += elements[start..<start + inner]
        }
      }
      elements = kept
      extents[axis] = numbers.count
    }
    return (elements, extents)
  }
}
