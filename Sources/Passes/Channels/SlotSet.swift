/// A set of slots of one axis: indices from 0 up to the axis's extent.
///
/// A *slot* is one index of one axis of one value; for an NCHW activation the slots of axis 1 are
/// its channels.
public struct SlotSet: Hashable, Sendable {
  /// The number of slots the axis has.
  public let extent: Int
  private var words: [UInt64]

  /// Makes the empty set over an axis of `extent` slots.
  public init(extent: Int) {
    self.extent = extent
    words = Array(repeating: 0, count: (extent + 63) / 64)
  }

  /// Makes the set of all slots of an axis.
  public static func all(_ extent: Int) -> SlotSet {
    var set = SlotSet(extent: extent)
    for word in set.words.indices { set.words[word] = ~0 }
    if extent % 64 != 0, let last = set.words.indices.last {
      set.words[last] = (1 << UInt64(extent % 64)) - 1
    }
    return set
  }

  /// Makes the set of the given slots, all of which must be less than `extent`.
  public init(extent: Int, _ slots: some Sequence<Int>) {
    self.init(extent: extent)
    for slot in slots { insert(slot) }
  }

  /// Whether `slot` is a member.
  public func contains(_ slot: Int) -> Bool { words[slot / 64] >> UInt64(slot % 64) & 1 == 1 }

  /// Adds `slot`.
  public mutating func insert(_ slot: Int) { words[slot / 64] |= 1 << UInt64(slot % 64) }

  /// Takes `slot` out.
  public mutating func remove(_ slot: Int) { words[slot / 64] &= ~(1 << UInt64(slot % 64)) }

  /// The number of members.
  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Whether there are no members.
  public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  /// Whether every slot is a member.
  public var isFull: Bool { count == extent }

  /// Adds every member of `other`, over the same axis extent; tells whether that added any.
  @discardableResult
  public mutating func formUnion(_ other: SlotSet) -> Bool {
    precondition(extent == other.extent)
    var grew = false
    for word in words.indices {
      let union = words[word] | other.words[word]
      if union != words[word] {
        words[word] = union
        grew = true
      }
    }
    return grew
  }

  /// The members that `other` does not have.
  public func subtracting(_ other: SlotSet) -> SlotSet {
    precondition(extent == other.extent)
    var result = self
    for word in words.indices { result.words[word] &= ~other.words[word] }
    return result
  }

  /// The slots that are not members.
  public var complement: SlotSet { SlotSet.all(extent).subtracting(self) }

  /// Whether every member is a member of `other`.
  public func isSubset(of other: SlotSet) -> Bool {
    precondition(extent == other.extent)
    return zip(words, other.words).allSatisfy { $0 & ~$1 == 0 }
  }

  /// Whether the two sets share a member.
  public func intersects(_ other: SlotSet) -> Bool {
    precondition(extent == other.extent)
    return zip(words, other.words).contains { $0 & $1 != 0 }
  }

  /// The members in ascending order.
  public var slots: [Int] {
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
  public var runs: [Range<Int>] {
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
  public var ranks: [Int?] {
    var ranks: [Int?] = Array(repeating: nil, count: extent)
    for (rank, slot) in slots.enumerated() { ranks[slot] = rank }
    return ranks
  }
}
