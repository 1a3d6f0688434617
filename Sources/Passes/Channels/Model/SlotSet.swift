/// A set of slots of one axis: indices from 0 up to the axis's extent.
///
/// A *slot* is one index of one axis of one value; for an NCHW activation the slots of axis 1 are
/// its channels. Most axes keep all their slots or none, and such a set takes no memory.
struct SlotSet: Hashable, Sendable {
  /// The number of slots the axis has.
  let extent: Int
  /// The number of members.
  private(set) var count = 0
  /// One bit a slot; left out while no slot, or every slot, is a member.
  private var words: [UInt64] = []

  /// Makes the empty set over an axis of `extent` slots.
  init(extent: Int) { self.extent = extent }

  /// Makes the set of all slots of an axis.
  static func all(_ extent: Int) -> SlotSet {
    var set = SlotSet(extent: extent)
    set.count = extent
    return set
  }

  /// Makes the set of the given slots, all of which must be less than `extent`.
  init(extent: Int, _ slots: some Sequence<Int>) {
    self.init(extent: extent)
    for slot in slots { insert(slot) }
  }

  /// Makes the set whose members are the bits that are set, 64 slots a word; bits beyond `extent` must
  /// not be.
  init(extent: Int, words: [UInt64]) {
    self.init(extent: extent)
    self.words = words
    recount()
  }

  /// Whether there are no members.
  var isEmpty: Bool { count == 0 }

  /// Whether every slot is a member.
  var isFull: Bool { count == extent }

  /// Whether `slot` is a member.
  func contains(_ slot: Int) -> Bool {
    words.isEmpty ? count > 0 : words[slot / 64] >> UInt64(slot % 64) & 1 == 1
  }

  /// Adds `slot`.
  mutating func insert(_ slot: Int) {
    precondition(slot >= 0 && slot < extent)
    guard !contains(slot) else { return }
    spell()
    words[slot / 64] |= 1 << UInt64(slot % 64)
    count += 1
    abbreviate()
  }

  /// Takes `slot` out.
  mutating func remove(_ slot: Int) {
    guard contains(slot) else { return }
    spell()
    words[slot / 64] &= ~(1 << UInt64(slot % 64))
    count -= 1
    abbreviate()
  }

  /// Adds every member of `other`, over the same axis extent; tells whether that added any.
  @discardableResult
  mutating func formUnion(_ other: SlotSet) -> Bool {
    precondition(extent == other.extent)
    guard !other.isEmpty, !isFull else { return false }
    guard !other.isFull, !isEmpty else {
      self = other
      return true
    }
    let before = count
    for word in words.indices { words[word] |= other.words[word] }
    recount()
    return count > before
  }

  /// The members that `other` does not have.
  func subtracting(_ other: SlotSet) -> SlotSet {
    precondition(extent == other.extent)
    guard !other.isEmpty, !isEmpty else { return self }
    guard !other.isFull else { return SlotSet(extent: extent) }
    var result = self
    result.spell()
    for word in result.words.indices { result.words[word] &= ~other.words[word] }
    result.recount()
    return result
  }

  /// Whether no slot is a member of both sets, which are over the same axis extent.
  func isDisjoint(with other: SlotSet) -> Bool {
    precondition(extent == other.extent)
    guard !isEmpty, !other.isEmpty else { return true }
    guard !words.isEmpty, !other.words.isEmpty else { return false }
    return words.indices.allSatisfy { words[$0] & other.words[$0] == 0 }
  }

  /// The slots that are not members.
  var complement: SlotSet { SlotSet.all(extent).subtracting(self) }

  /// The members in ascending order.
  var slots: [Int] {
    if words.isEmpty { return Array(0..<count) }
    var slots: [Int] = []
    slots.reserveCapacity(count)
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        slots.append(index * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    return slots
  }

  /// The members as maximal runs of neighbours, in ascending order.
  var runs: [Range<Int>] {
    var runs: [Range<Int>] = []
    for slot in slots {
      if let last = runs.last, last.upperBound == slot {
        runs[runs.count - 1] = last.lowerBound..<slot + 1
      } else {
        runs.append(slot..<slot + 1)
      }
    }
    return runs
  }

  /// For each slot its rank among the members; nil where it is not a member.
  var ranks: [Int?] {
    var ranks: [Int?] = Array(repeating: nil, count: extent)
    for (rank, slot) in slots.enumerated() { ranks[slot] = rank }
    return ranks
  }

  /// Writes the bits out.
  private mutating func spell() {
    guard words.isEmpty else { return }
    words = Array(repeating: count > 0 ? ~0 : 0, count: (extent + 63) / 64)
    if count > 0, extent % 64 != 0, let last = words.indices.last {
      words[last] = (1 << UInt64(extent % 64)) - 1
    }
  }

  /// Leaves the bits out where the count says everything, so that equal sets are the same.
  private mutating func abbreviate() {
    if count == 0 || count == extent { words = [] }
  }

  private mutating func recount() {
    count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    abbreviate()
  }
}
