internal import IR

/// Finds out which rows of a layer's weights are which of another layer's.
///
/// Rows are told by their direction: a normalisation that was folded into the layer scales them, and
/// rounding to a shorter type moves them little.
struct RowMatching {
  /// For each row of the layer after, the row before.
  private(set) var rows: [ChannelOrigin]
  /// The weakest evidence among the rows found.
  private(set) var evidence: ChannelEvidence = .equal

  /// Compares `after`, whose data slot `i` is slot `keys[i]` before, with `before`.
  ///
  /// A row may be `tolerance` from a multiple of another, in proportion to its length.
  init(_ after: WeightRows, _ before: WeightRows, keys: [Int], tolerance: Double) {
    rows = Array(repeating: .unknown, count: after.outputCount)
    guard after.window == before.window else { return }
    var own = Array(repeating: -1, count: before.inputCount)
    for key in keys where own.indices.contains(key) { own[key] = key }
    let places = own
    let (signatures, others) = both(
      pays: after.paysToShare,

      { after.signatures(keys: keys) }, { before.signatures(keys: places) })
    let search = Search(
      after: after, before: before, keys: keys, tolerance: tolerance,
      candidates: Candidates(others, tolerance))
    // Where rows have few elements, many are multiples of each other: equal ones go first.
    match(signatures, search, areEqual: true)
    match(signatures, search, areEqual: false)
    fillZeros(signatures, search.candidates)
    if !rows.contains(where: { $0.channel != nil }) { evidence = .implied }
  }

  private struct Search {
    let after: WeightRows
    let before: WeightRows
    let keys: [Int]
    let tolerance: Double
    let candidates: Candidates
  }

  private mutating func match(
    _ signatures: [WeightRows.Signature], _ search: Search, areEqual: Bool
  ) {
    var taken = Set(rows.compactMap(\.channel))
    var last = -1
    for (row, signature) in signatures.enumerated() where !signature.isZero {
      if let known = rows[row].channel {
        last = known
        continue
      }
      let free = search.candidates.near(signature, after: last).filter { !taken.contains($0) }
      guard let best = nearest(row, among: free, search, areEqual) else { continue }
      taken.insert(best.row)
      rows[row] = .channel(best.row)
      last = best.row
      evidence = max(evidence, ChannelEvidence(best.likeness))
    }
  }

  /// Of the rows that are like enough the one by the factor next to 1, the first of several equal ones; nil if
  /// another comes as near, so that it cannot be told.
  private func nearest(
    _ row: Int, among candidates: [Int], _ search: Search, _ areEqual: Bool
  ) -> (row: Int, likeness: WeightRows.Likeness)? {
    var best: (row: Int, likeness: WeightRows.Likeness)?
    var second = Double.infinity
    if areEqual {
      let equal = candidates.first {
        search.after.isRow(row, equalTo: $0, of: search.before, keys: search.keys)
      }
      return equal.map { ($0, .equal) }
    }
    for candidate in candidates {
      let likeness = search.after.likeness(
        of: row, to: candidate, of: search.before, keys: search.keys)
      guard likeness.distance <= search.tolerance else { continue }

      if let known = best, known.likeness.strangeness <= likeness.strangeness {
        second = min(second, likeness.strangeness)
      } else {
        second = best?.likeness.strangeness ?? second
        best = (candidate, likeness)
      }
    }
    return second > search.tolerance ? best : nil
  }

  /// Rows of nothing but zeros are taken for each other in their order, if there are equally many; else
  /// they make constants, which is what is left where channels were removed that were not zero.
  private mutating func fillZeros(
    _ signatures: [WeightRows.Signature], _ candidates: Candidates
  ) {
    let open = signatures.indices.filter { signatures[$0].isZero }
    let isSame = open.count == candidates.zeros.count
    for (place, row) in open.enumerated() {
      rows[row] = isSame ? .channel(candidates.zeros[place]) : .constant
    }
  }

  /// The rows before, in the order of their signatures.
  private struct Candidates {
    private let sorted: [(first: Double, second: Double, row: Int)]
    let zeros: [Int]
    private let reach: Double

    init(_ signatures: [WeightRows.Signature], _ tolerance: Double) {
      reach = 3 * tolerance
      zeros = signatures.indices.filter { signatures[$0].isZero }
      sorted = signatures.indices.filter { !signatures[$0].isZero }
        .map { (abs(signatures[$0].first), signatures[$0].second, $0) }
        .sorted { ($0.first, $0.row) < ($1.first, $1.row) }
    }

    /// The rows whose signature is near enough, those behind row `last` first: channels that are
    /// kept mostly stay in order.
    func near(_ signature: WeightRows.Signature, after last: Int) -> [Int] {
      let first = abs(signature.first)
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        if sorted[middle].first < first - reach { low = middle + 1 } else { high = middle }
      }
      var rows: [Int] = []
      while low < sorted.count, sorted[low].first <= first + reach {
        // Where the first projection is nearly zero, its sign is a matter of rounding.
        let distance =
          first > reach
          ? abs(sorted[low].second - signature.second)
          : abs(abs(sorted[low].second) - abs(signature.second))
        if distance <= reach { rows.append(sorted[low].row) }
        low += 1
      }
      return rows.sorted { ($0 <= last ? 1 : 0, $0) < ($1 <= last ? 1 : 0, $1) }
    }
  }
}
