internal import IR

/// How a linear operator treats the slots of its data.
struct DataNeeds {
  /// The slots it must be given.
  private(set) var needed: SlotSet
  /// Constant slots that its bias takes over.
  private(set) var absorbed: SlotSet
  /// Slots whose weights move to others.
  private(set) var carried: [CarriedSlot] = []

  fileprivate init(_ needed: SlotSet) {
    self.needed = needed
    absorbed = SlotSet(extent: needed.extent)
  }

  /// Whether other slots' weights move to `slot`.
  func carries(_ slot: Int) -> Bool {
    carried.contains { $0.terms.contains { $0.carrier == slot } }
  }

  fileprivate mutating func drop(_ slot: Int) { needed.remove(slot) }

  fileprivate mutating func absorb(_ slot: Int) {
    needed.remove(slot)
    absorbed.insert(slot)
  }

  /// Lets other slots stand for the given ones, if those are needed and no more remain.
  fileprivate mutating func carry(_ slots: [CarriedSlot]) {
    let wanted = slots.filter { needed.contains($0.slot) }
    var fewer = needed
    for each in wanted { fewer.remove(each.slot) }
    for term in wanted.flatMap(\.terms) { fewer.insert(term.carrier) }
    guard fewer.count <= needed.count else { return }
    needed = fewer
    carried += wanted
  }
}

/// A slot that is a combination of others wherever it is read: Σ ratio · carrier, and a number.
struct CarriedSlot {
  let slot: Int
  let terms: [(carrier: Int, ratio: Double)]
  let shift: Double
}

extension Needs {
  /// Splits the data slots that a linear operator would read into those it needs and the rest.
  ///
  /// A constant slot is *absorbed* where it can be added to the bias, and *carried* by the largest
  /// constant where windows may read padding: both have the same shape there. Slots that are *tied*
  /// are carried too.
  func dataNeeds(of link: LinearLink) -> DataNeeds {
    let facts = model.facts(link.data.axis)
    let reader = link.reader
    var needs = DataNeeds(reader.readSlots(by: self[link.output.axis]))
    for slot in needs.needed.slots {
      guard let value = facts[slot].value else { continue }
      if value == 0 {
        needs.drop(slot)
      } else if reader.isReadable, !reader.mayTouchPadding {
        needs.absorb(slot)
      }
    }
    guard reader.isReadable, !link.isDepthwise else { return needs }
    if reader.mayTouchPadding { needs.carry(facts.combinations(groups: link.groups)) }
    guard link.groups == 1 else { return needs }
    needs.carry(
      model.ties.combinations(on: link.data.axis, mayTouchPadding: reader.mayTouchPadding))
    return needs
  }
}

extension [SlotFact] {
  /// In each of `groups` equal runs, constants as multiples of the largest of them, the first among equals;
  /// zeros left out.
  fileprivate func combinations(groups: Int) -> [CarriedSlot] {
    let width = count / groups
    return (0..<groups).flatMap { combinations(in: $0 * width..<($0 + 1) * width) }
  }

  private func combinations(in slots: Range<Int>) -> [CarriedSlot] {
    let constants = slots.compactMap { slot in
      self[slot].value.flatMap { $0 == 0 ? nil : (slot: slot, value: $0) }
    }
    guard let largest = constants.map({ Swift.abs($0.value) }).max(),
      let carrier = constants.first(where: { Swift.abs($0.value) == largest })
    else { return [] }
    return constants.filter { $0.slot != carrier.slot }.map { slot, value in
      let term = (carrier: carrier.slot, ratio: value / carrier.value)
      return CarriedSlot(slot: slot, terms: [term], shift: 0)
    }
  }
}
