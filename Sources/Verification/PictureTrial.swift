internal import IR

/// What comparing the answers of two models to many pictures came to, as if the pictures had been one batch.
///
/// Pictures are taken in one after another; all that is kept of each is one number for every output.
public struct PictureTrial: Sendable {
  /// One output over all pictures.
  fileprivate struct Series: Sendable {
    var difference: OutputDifference
    var histogram = DistanceHistogram()
    /// For each picture the largest distance; infinite where no tolerance would do.
    var distances: [Double] = []
    var worstPicture = 0
  }

  private var series: [Series] = []
  /// How many pictures were compared.
  public private(set) var count = 0

  /// Starts without pictures.
  public init() {}

  /// How far each output is away over all pictures.
  public var outputs: [OutputDifference] {
    series.map { $0.difference.stating(percentile99: $0.histogram.bound(below: 0.99)) }
  }

  /// For each output the picture on which it is farthest away, by its number.
  public var worstPictures: [Int] { series.map(\.worstPicture) }

  /// Whether all outputs are near enough on all pictures.
  public func passes(_ tolerance: Tolerance) -> Bool {
    series.allSatisfy { $0.difference.passes(tolerance) }
  }

  /// On how many pictures an output is farther away than `tolerance` allows.
  public func failureCount(_ tolerance: Tolerance) -> Int {
    let limits = series.map { tolerance.absolute + tolerance.relative * $0.difference.scale }
    return (0..<count).count { picture in
      zip(series, limits).contains { !($0.distances[picture] <= $1) }
    }
  }

  /// Takes in what two models answer to one more picture, output by output.
  mutating func add(_ names: [String], _ before: [Constant], _ after: [Constant]) {
    for (place, name) in names.enumerated() {
      var histogram = count > 0 ? series[place].histogram : DistanceHistogram()
      let next = OutputDifference(name, before[place], after[place]) { histogram.note($0) }
      if count == 0 { series.append(Series(difference: next)) }
      series[place].take(next, histogram, isFirst: count == 0)
    }
    count += 1
  }
}

extension PictureTrial.Series {
  fileprivate mutating func take(
    _ next: OutputDifference, _ histogram: DistanceHistogram, isFirst: Bool
  ) {
    let isComparable = next.mismatch == nil && next.strayCount == 0
    let distance = isComparable ? next.largest : .infinity
    if !isFirst {
      if distance > distances[worstPicture] { worstPicture = distances.count }
      difference.merge(next)
    }
    distances.append(distance)
    self.histogram = histogram
  }
}

/// How often distances of each magnitude occur, however many there are.
///
/// A bucket holds what agrees in the exponent and in six bits behind the point.
struct DistanceHistogram: Sendable {
  private var counts: [UInt64: Int] = [:]
  private var total = 0

  private static let droppedBits: UInt64 = 52 - 6

  /// Counts a distance, which is finite and not negative.
  mutating func note(_ distance: Double) {
    counts[distance.bitPattern >> Self.droppedBits, default: 0] += 1
    total += 1
  }

  /// A number that is above `share` of all distances: the end of the bucket in which the next one is.
  func bound(below share: Double) -> Double {
    var rest = Int(Double(total) * share)
    for bucket in counts.keys.sorted() {
      rest -= counts[bucket] ?? 0
      // Bit patterns of positive numbers are in the order of the numbers.
      if rest < 0 { return bucket == 0 ? 0 : Double(bitPattern: (bucket + 1) << Self.droppedBits) }
    }
    return 0
  }
}
