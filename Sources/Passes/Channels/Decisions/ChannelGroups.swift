internal import IR

/// What a linear operator with several groups keeps: whole groups go, and those that stay have
/// equally many data slots and equally many output slots.
///
/// ```
/// before: %2 = Conv(%1, %w) {group = 3}   w: f32[12, 8, 3, 3]   group 1 unread; of the data, slots
///                                         2 and 3 of group 0 are zero, and slot 5 of group 2
/// after:  %2 = Conv(%1, %w) {group = 2}   w: f32[8, 7, 3, 3]    group 0 keeps slot 2, to be as large
/// ```
struct ChannelGroups {
  let link: LinearLink
  let data: SlotSet
  let output: SlotSet

  init(_ link: LinearLink, data: SlotSet, output: SlotSet) {
    self.link = link
    self.data = data
    self.output = output
  }

  /// The groups of which an output slot is kept, ascending.
  var live: [Int] { (0..<link.groups).filter { !positions(of: output, in: $0).isEmpty } }

  /// The data slots that the operator is given: those kept of live groups.
  var dataOfLiveGroups: SlotSet {
    guard link.groups > 1 else { return data }
    return SlotSet(extent: data.extent, live.flatMap { slots(of: data, in: $0) })
  }

  /// The slots to keep besides, so that live groups are of one size.
  var missing: (data: SlotSet, output: SlotSet) {
    (missing(from: data), missing(from: output))
  }

  /// The positions within a group, on the weight's axis that they index, that are kept.
  ///
  /// Where groups keep different ones, as many from the front: `cut` moves the weights there.
  var positions: SlotSet {
    let kept = live.map { positions(of: partialSet, in: $0) }
    guard let first = kept.first else { return SlotSet(extent: width(partialSet)) }
    return kept.allSatisfy { $0 == first }
      ? first : SlotSet(extent: first.extent, 0..<first.count)
  }

  /// The weights that live groups keep, if those are not the same positions in each of them.
  func cut(_ weights: Constant) -> Constant? {
    guard link.groups > 1 else { return nil }
    let kept = live.map { positions(of: partialSet, in: $0) }
    guard let first = kept.first, kept.contains(where: { $0 != first }) else { return nil }
    let blocks = zip(live, kept).map { group, positions in
      weights.selecting([(0, slots(of: wholeSet, in: group)), (1, positions.slots)])
    }
    return Constant(stacking: blocks)
  }

  /// What the weight's first axis indexes slot by slot.
  private var wholeSet: SlotSet { link.isTransposed ? data : output }

  /// What the weight's second axis indexes by positions within a group.
  private var partialSet: SlotSet { link.isTransposed ? output : data }

  private func width(_ set: SlotSet) -> Int { set.extent / link.groups }

  private func slots(of set: SlotSet, in group: Int) -> [Int] {
    positions(of: set, in: group).slots.map { $0 + group * width(set) }
  }

  private func positions(of set: SlotSet, in group: Int) -> SlotSet {
    let width = width(set)
    guard !set.isFull else { return .all(width) }
    let start = group * width
    return SlotSet(extent: width, (0..<width).filter { set.contains(start + $0) })
  }

  /// For each live group the first slots that it lacks of the largest count.
  private func missing(from set: SlotSet) -> SlotSet {
    let live = self.live
    let kept = live.map { positions(of: set, in: $0) }
    let count = Swift.max(kept.map(\.count).max() ?? 0, 1)
    var missing = SlotSet(extent: set.extent)
    for (group, positions) in zip(live, kept) {
      let start = group * width(set)
      for position in positions.complement.slots.prefix(count - positions.count) {
        missing.insert(start + position)
      }
    }
    return missing
  }
}

extension Needs {
  /// What a linear operator keeps of its data and its output.
  func groups(of link: LinearLink) -> ChannelGroups {
    ChannelGroups(link, data: self[link.data.axis], output: self[link.output.axis])
  }
}

extension Constant {
  /// Puts tensors of one element type behind one another along the first axis.
  fileprivate init?(stacking blocks: [Constant]) {
    guard let first = blocks.first else { return nil }
    let shape = [blocks.reduce(0) { $0 + $1.shape[0] }] + first.shape.dropFirst()
    self.init(
      bytes: blocks.flatMap { $0.bytes ?? [] }, elementType: first.elementType, shape: shape)
  }
}
