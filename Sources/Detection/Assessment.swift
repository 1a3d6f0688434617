internal import Glibc

/// What a detector says of one picture.
public struct Assessment: Hashable, Sendable {
  /// The logarithm of the odds that the picture is generated; infinite where a probability is 0 or 1.
  public let logit: Double
  /// The probability that it is generated.
  public let probability: Double
  /// What the picture is called.
  public let verdict: PictureClass
}

extension OutputMeaning {
  /// How far probabilities may lie beyond 0 and 1, and their sum from 1: they may be rounded to 8 bits.
  private static let slack = 0.01

  /// Reads the numbers that belong to one picture, in the order of an output that `check` has let through.
  ///
  /// - Returns: what they say; nil if they say nothing, as some are not numbers.
  /// - Throws: `OutputMeaningError` if they are not what they are said to be.
  public func assess(_ numbers: [Float]) throws(OutputMeaningError) -> Assessment? {
    let numbers = numbers.map(Double.init)
    guard !numbers.isEmpty, !numbers.contains(where: \.isNaN) else { return nil }
    switch form {
    case .logit(let positive):
      let mean = numbers.reduce(0, +) / Double(numbers.count)
      return assessment(logit: positive == .generated ? mean : -mean)
    case .probability(let positive):
      let probability = try Self.bounded(numbers[0])
      let other = 1 - probability
      return positive == .generated
        ? assessment(probability, against: other) : assessment(other, against: probability)
    case .softmax(let index):
      return assessment(logit: Self.logit(of: numbers, at: try checked(index, numbers.count)))
    case .probabilities(let index):
      let probability = try Self.bounded(numbers[try checked(index, numbers.count)])
      var others = numbers
      others.remove(at: index)
      let sum = try Self.sum(others)
      guard abs(probability + sum - 1) <= Self.slack else {
        throw OutputMeaningError(
          "expected probabilities that add up to 1, found a sum of \(probability + sum)")
      }
      return assessment(probability, against: sum)
    }
  }

  /// The difference of a number to the logarithm of the sum of the others' exponentials.
  ///
  /// The largest of the others is taken out first, so that no exponential exceeds 1.
  private static func logit(of numbers: [Double], at index: Int) -> Double {
    var others = numbers
    let own = others.remove(at: index)
    let top = others.max() ?? -.infinity
    guard top.isFinite else { return own - top }
    return own - top - log(others.reduce(0) { $0 + exp($1 - top) })
  }

  private static func bounded(_ number: Double) throws(OutputMeaningError) -> Double {
    guard (-slack...1 + slack).contains(number) else {
      throw OutputMeaningError("expected a probability from 0 to 1, found \(number)")
    }
    return min(max(number, 0), 1)
  }

  private static func sum(_ numbers: [Double]) throws(OutputMeaningError) -> Double {
    var sum = 0.0
    for number in numbers { sum += try bounded(number) }
    return sum
  }

  private func checked(_ index: Int, _ count: Int) throws(OutputMeaningError) -> Int {
    guard index < count else {
      throw OutputMeaningError("expected more than \(index) classes, found \(count)")
    }
    return index
  }

  private func assessment(logit: Double) -> Assessment? {
    // Infinities of one sign take each other away.
    guard !logit.isNaN else { return nil }
    // Either way the exponential is at most 1.
    let small = exp(-abs(logit))
    let probability = logit >= 0 ? 1 / (1 + small) : small / (1 + small)
    return Assessment(logit: logit, probability: probability, verdict: verdict(logit))
  }

  private func assessment(_ probability: Double, against other: Double) -> Assessment {
    let logit = log(probability) - log(other)
    return Assessment(logit: logit, probability: probability, verdict: verdict(logit))
  }

  /// Logits are compared, as probabilities near 1 are all the same.
  private func verdict(_ logit: Double) -> PictureClass {
    logit > log(threshold) - log1p(-threshold) ? .generated : .real
  }
}
