/// How many numbers lie in each of equally wide bins between the smallest and the largest.
public struct Histogram: Hashable, Sendable {
  /// The smallest number, where the first bin begins.
  public let lowest: Double
  /// The largest number, where the last bin ends.
  public let highest: Double
  /// The numbers in each bin; what lies between two bins belongs to the upper one.
  public private(set) var counts: [Int]

  /// Counts `numbers`.
  ///
  /// - Precondition: there is a number and a bin, and every number is finite.
  public init(_ numbers: [Double], bins: Int) {
    precondition(bins > 0)
    guard let lowest = numbers.min(), let highest = numbers.max() else {
      preconditionFailure("there is no number")
    }
    self.lowest = lowest
    self.highest = highest
    counts = Array(repeating: 0, count: bins)
    for number in numbers { counts[bin(of: number)] += 1 }
  }

  /// The bin that `number` belongs to, or the nearest; the one in the middle if all numbers are equal, or no
  /// further apart than the smallest number there is.
  public func bin(of number: Double) -> Int {
    // Halves, as the distance of two finite numbers may not be finite.
    let width = highest / 2 - lowest / 2
    guard width > 0 else { return counts.count / 2 }
    let place = (number / 2 - lowest / 2) / width
    let last = counts.count - 1
    let bin = min(Int(min(max(place, 0), 1) * Double(counts.count)), last)
    // Rounding may lead across a border.
    let step = (highest - lowest) / Double(counts.count)
    guard step.isFinite, step > 0 else { return bin }
    func border(_ bin: Int) -> Double { lowest + Double(bin) * step }
    if bin > 0, number < border(bin) { return bin - 1 }
    return bin < last && number >= border(bin + 1) ? bin + 1 : bin
  }
}
