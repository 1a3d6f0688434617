/// The mean activations of one image, one number a channel.
public struct RegionMeans: Hashable, Sendable {
  /// Inside the inpainted region.
  public let inside: [Double]
  /// Outside of it.
  public let outside: [Double]
  /// Everywhere.
  public let overall: [Double]

  /// Whether every mean is a number.
  public var isFinite: Bool {
    [inside, outside, overall].allSatisfy { $0.allSatisfy(\.isFinite) }
  }

  /// States means.
  ///
  /// - Precondition: the lists are equally long.
  public init(inside: [Double], outside: [Double], overall: [Double]) {
    precondition(inside.count == outside.count && inside.count == overall.count)
    self.inside = inside
    self.outside = outside
    self.overall = overall
  }
}

extension ValueAlignment {
  /// Statistics of no image yet.
  public init(counting value: String, axis: Int, channels: Int) {
    let zeros = Array(repeating: 0.0, count: channels)
    self.init(
      value: value, axis: axis, discrepancies: zeros,
      moments: Moments(
        squaredDeviations: zeros, insideMeans: zeros, outsideMeans: zeros, activationMeans: zeros,
        count: 0))
  }

  /// Counts an image.
  ///
  /// Means move by Welford's method ("Note on a Method for Calculating Corrected Sums of Squares and Products",
  /// Technometrics 4, 1962), which loses no digits however many images there are.
  ///
  /// - Precondition: there are moments, and as many channels.
  public mutating func count(_ image: RegionMeans) {
    guard var moments, image.inside.count == discrepancies.count else {
      preconditionFailure("these are means of another value")
    }
    moments.count += 1
    let share = 1 / Double(moments.count)
    for channel in discrepancies.indices {
      let discrepancy = image.inside[channel] - image.outside[channel]
      let distance = discrepancy - discrepancies[channel]
      discrepancies[channel] += distance * share
      moments.squaredDeviations[channel] += distance * (discrepancy - discrepancies[channel])
      moments.insideMeans[channel] += (image.inside[channel] - moments.insideMeans[channel]) * share
      moments.outsideMeans[channel] +=
        (image.outside[channel] - moments.outsideMeans[channel]) * share
      moments.activationMeans[channel] +=
        (image.overall[channel] - moments.activationMeans[channel]) * share
    }
    self.moments = moments
  }

  /// Counts all images that `other` counts.
  ///
  /// Source: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances",
  /// Stanford STAN-CS-79-773, 1979.
  ///
  /// - Precondition: both have moments, and as many channels.
  mutating func merge(_ other: ValueAlignment) {
    guard var moments, let others = other.moments,
      other.discrepancies.count == discrepancies.count
    else { preconditionFailure("these are statistics of another value") }
    guard others.count > 0 else { return }
    let count = moments.count + others.count
    let share = Double(others.count) / Double(count)
    for channel in discrepancies.indices {
      let distance = other.discrepancies[channel] - discrepancies[channel]
      discrepancies[channel] += distance * share
      moments.squaredDeviations[channel] +=
        others.squaredDeviations[channel] + distance * distance * Double(moments.count) * share
      func approach(_ mean: inout Double, _ target: Double) { mean += (target - mean) * share }
      approach(&moments.insideMeans[channel], others.insideMeans[channel])
      approach(&moments.outsideMeans[channel], others.outsideMeans[channel])
      approach(&moments.activationMeans[channel], others.activationMeans[channel])
    }
    moments.count = count
    self.moments = moments
  }

  /// For each channel, the standard error of its discrepancy; nil where fewer than two images were counted.
  public var standardErrors: [Double]? {
    guard let moments, moments.count > 1 else { return nil }
    let divisor = Double(moments.count) * Double(moments.count - 1)
    return moments.squaredDeviations.map { (max($0, 0) / divisor).squareRoot() }
  }
}
