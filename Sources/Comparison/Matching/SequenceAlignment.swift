/// Finds the longest part that two sequences have in common, in order.
///
/// Source: E. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1 (1986): fast where
/// the sequences differ little.
enum SequenceAlignment {
  /// The places of what is common, or nil if more than `limit` elements differ.
  static func commonPlaces(
    _ first: [UInt64], _ second: [UInt64], limit: Int
  ) -> [(first: Int, second: Int)]? {
    var furthest = [1: 0]
    var history: [[Int: Int]] = []
    for distance in 0...limit {
      history.append(furthest)
      for diagonal in stride(from: -distance, through: distance, by: 2) {
        var place = start(of: diagonal, distance, furthest)
        while place < first.count, place - diagonal < second.count,
          first[place] == second[place - diagonal]
        {
          place += 1
        }
        furthest[diagonal] = place
        if place >= first.count, place - diagonal >= second.count {
          return walkBack(from: (first.count, second.count), history)
        }
      }
    }
    return nil
  }

  /// Where the path on a diagonal begins, coming from one of its neighbours.
  private static func start(of diagonal: Int, _ distance: Int, _ furthest: [Int: Int]) -> Int {
    let (below, above) = (furthest[diagonal - 1] ?? -1, furthest[diagonal + 1] ?? -1)
    return diagonal == -distance || diagonal != distance && below < above ? above : below + 1
  }

  private static func walkBack(
    from end: (Int, Int), _ history: [[Int: Int]]
  ) -> [(first: Int, second: Int)] {
    var (first, second) = end
    var common: [(first: Int, second: Int)] = []
    for (distance, furthest) in history.enumerated().reversed() {
      let diagonal = first - second
      let begin = start(of: diagonal, distance, furthest)
      while first > begin, second > begin - diagonal, first > 0, second > 0 {
        (first, second) = (first - 1, second - 1)
        common.append((first, second))
      }
      guard distance > 0 else { break }
      let isDown = furthest[diagonal + 1].map { $0 == begin } ?? false
      let wasAbove =
        diagonal == -distance
        || diagonal != distance && (furthest[diagonal - 1] ?? -1) < (furthest[diagonal + 1] ?? -1)
      if wasAbove, isDown { second -= 1 } else { first -= 1 }
    }
    return common.reversed()
  }
}
