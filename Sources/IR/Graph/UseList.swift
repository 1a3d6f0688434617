/// The uses of one value, in the order in which they were made.
///
/// Most values have one or two; but a constant that a whole network shares has tens of thousands,
/// and removing its readers one by one must not take quadratic time. A long list therefore leaves
/// holes behind, knows where each use stands, and closes the holes once they prevail.
public struct UseList: Sendable {
  /// Lists longer than this know where each use stands.
  private static let longCount = 32

  /// The uses; holes only in a long list, and neither first nor last.
  private var entries: [Use?] = []
  /// The offset of the first use.
  private var head = 0
  /// Where each use stands; empty while there are no holes.
  private var places: [Use: Int] = [:]
  /// The number of uses.
  public private(set) var count = 0

  init(_ uses: some Sequence<Use>) {
    entries = uses.map { $0 }
    count = entries.count
  }

  mutating func append(_ use: Use) {
    if !places.isEmpty { places[use] = entries.count }
    entries.append(use)
    count += 1
  }

  /// Removes `use`; returns whether it was there.
  mutating func remove(_ use: Use) -> Bool {
    guard let place = place(of: use) else { return false }
    count -= 1
    if places.isEmpty {
      entries.remove(at: place)
      return true
    }
    places[use] = nil
    entries[place] = nil
    while let last = entries.last, last == nil { entries.removeLast() }
    while head < entries.count, entries[head] == nil { head += 1 }
    if count < entries.count / 2 || count == 0 { self = UseList(Array(self)) }
    return true
  }

  /// Puts `replacement` where `use` stands; does nothing if that is not there.
  mutating func replace(_ use: Use, with replacement: Use) {
    guard let place = place(of: use) else { return }
    entries[place] = replacement
    if places.removeValue(forKey: use) != nil { places[replacement] = place }
  }

  private mutating func place(of use: Use) -> Int? {
    if entries.count <= Self.longCount && places.isEmpty { return entries.firstIndex(of: use) }
    if places.isEmpty {
      for (place, entry) in entries.enumerated() {
        if let entry { places[entry] = place }
      }
    }
    return places[use]
  }
}

extension UseList: BidirectionalCollection {
  /// The place of the first use.
  public var startIndex: Int { head }

  /// The place after the last use.
  public var endIndex: Int { entries.count }

  /// The place of the next use.
  public func index(after index: Int) -> Int {
    var next = index + 1
    while next < entries.count, entries[next] == nil { next += 1 }
    return next
  }

  /// The place of the use before.
  public func index(before index: Int) -> Int {
    var previous = index - 1
    while entries[previous] == nil { previous -= 1 }
    return previous
  }

  /// The use at `index`.
  public subscript(index: Int) -> Use {
    guard let use = entries[index] else { preconditionFailure("no use stands at \(index)") }
    return use
  }

  /// Whether nothing reads the value.
  public var isEmpty: Bool { count == 0 }
}

extension UseList: ExpressibleByArrayLiteral, Equatable {
  /// Lists `uses`.
  public init(arrayLiteral uses: Use...) { self.init(uses) }

  /// Whether both lists hold the same uses in the same order.
  public static func == (left: UseList, right: UseList) -> Bool {
    left.count == right.count && left.elementsEqual(right)
  }
}
