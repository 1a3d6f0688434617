/// DEAR's choice of channels: both ends of the ranking go, the middle stays.
///
/// Channels are ranked by discrepancy, the largest first, equal ones by number. Of C channels the
/// first `trunc(C · excludeTop)` and the last `trunc(C · excludeBottom)` are closed, the products
/// taken in double precision: 0.29 of 100 channels are 28.
public struct BilateralRule: Hashable, Sendable {
  /// The share of channels to close at the upper end, from 0 to 1.
  public let excludeTop: Double
  /// The share of channels to close at the lower end, from 0 to 1.
  public let excludeBottom: Double

  /// Takes two shares, of which values outside of 0…1 count as the nearest inside.
  ///
  /// Nil if one is not a number, or if they leave nothing.
  public init?(excludeTop: Double, excludeBottom: Double) {
    guard !excludeTop.isNaN, !excludeBottom.isNaN else { return nil }
    self.excludeTop = min(max(excludeTop, 0), 1)
    self.excludeBottom = min(max(excludeBottom, 0), 1)
    guard self.excludeTop + self.excludeBottom < 1 else { return nil }
  }

  /// The channels in the order of their discrepancies.
  ///
  /// - Precondition: no discrepancy is NaN.
  public static func ranking(of discrepancies: [Double]) -> [Int] {
    discrepancies.indices.sorted { left, right in
      (discrepancies[right], left) < (discrepancies[left], right)
    }
  }

  /// Which of `count` ranks stay open, of which there is at least one.
  public func openRanks(of count: Int) -> Range<Int> {
    let top = Int(Double(count) * excludeTop)
    // Products are rounded: of 10 channels, 0.1 and 0.8999999999999999 are 1 and 9.
    let bottom = min(Int(Double(count) * excludeBottom), max(count - top - 1, 0))
    return top..<count - bottom
  }

  /// The channels to close, ascending; at least one of all stays open.
  ///
  /// - Precondition: no discrepancy is NaN.
  public func closedChannels(_ discrepancies: [Double]) -> [Int] {
    let ranking = Self.ranking(of: discrepancies)
    let open = openRanks(of: ranking.count)
    return (ranking[..<open.lowerBound] + ranking[open.upperBound...]).sorted()
  }
}
