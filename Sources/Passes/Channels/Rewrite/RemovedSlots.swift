internal import IR

/// The constants that a normalised group has lost, and what they add to its statistics.
struct RemovedSlots {
  let kept: Int
  let values: [Double]

  var width: Double { Double(kept + values.count) }
  var sum: Double { values.reduce(0, +) }
  var mean: Double { values.isEmpty ? 0 : sum / Double(values.count) }
  /// The sum of squared distances from their mean.
  var spread: Double { values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } }
  /// The share of slots that are left.
  var share: Double { Double(kept) / width }

  /// What each of `count` equal runs has lost that keeps `kept` of constants on `axis`, runs that are gone
  /// left out.
  static func groups(
    _ count: Int, keeping kept: SlotSet, of axis: AxisID, needs: Needs
  ) -> [RemovedSlots] {
    let facts = needs.model.facts(axis)
    let width = kept.extent / count
    return (0..<count).compactMap { group in
      let gone = (group * width..<(group + 1) * width).filter { !kept.contains($0) }
      guard gone.count < width else { return nil }
      return RemovedSlots(kept: width - gone.count, values: gone.map { facts[$0].value ?? 0 })
    }
  }
}
