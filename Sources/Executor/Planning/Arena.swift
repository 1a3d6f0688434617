import IR

/// Places slots in one piece of memory, such that those alive at the same time do not overlap.
///
/// Large ones go first, each to the lowest place that is free for as long as it lives: greedy by size, which
/// comes close to the largest set alive at a time. Source: Pisarchyk and Lee, "Efficient Memory Management
/// for Deep Neural Net Inference", 2020.
struct Arena {
  /// The offset of each slot that was placed.
  private(set) var offsets: [Int: Int] = [:]
  /// The bytes that all need.
  private(set) var byteCount = 0
  /// The most bytes that are alive at a time: what no arrangement can do without.
  private(set) var leastByteCount = 0

  static let alignment = 64

  private struct Tenant {
    let slot: Int
    let byteCount: Int
    let lifetime: ClosedRange<Int>
  }

  /// Places the slots of `builder`, of which `given` are there before the first step, and `kept` stay alive to
  /// the end.
  init(_ builder: PlanBuilder, given: [SlotID], kept: [SlotID]) {
    let tenants = Self.tenants(builder, given: given, kept: kept)
    var placed: [(offset: Int, tenant: Tenant)] = []
    for tenant in tenants.sorted(by: { ($1.byteCount, $0.slot) < ($0.byteCount, $1.slot) }) {
      let rivals = placed.filter { $0.tenant.lifetime.overlaps(tenant.lifetime) }
      var offset = 0
      for rival in rivals {
        if offset + tenant.byteCount <= rival.offset { break }
        offset = max(offset, rival.offset + rival.tenant.byteCount)
      }
      let place = placed.firstIndex { $0.offset > offset } ?? placed.count
      placed.insert((offset, tenant), at: place)
      offsets[tenant.slot] = offset
      byteCount = max(byteCount, offset + tenant.byteCount)
    }
    leastByteCount = Self.peak(tenants, steps: builder.steps.count)
  }

  private static func tenants(
    _ builder: PlanBuilder, given: [SlotID], kept: [SlotID]
  ) -> [Tenant] {
    var first: [Int: Int] = [:]
    var last: [Int: Int] = [:]
    func touch(_ slot: SlotID?, _ step: Int) {
      guard let root = slot.map(builder.root) else { return }
      first[root.index] = min(first[root.index] ?? step, step)
      last[root.index] = max(last[root.index] ?? step, step)
    }
    for (number, step) in builder.steps.enumerated() {
      for slot in step.reads + step.makes + [step.scratch] { touch(slot, number) }
    }
    for slot in given { touch(slot, 0) }
    for slot in kept { touch(slot, builder.steps.count) }
    return builder.places.enumerated().compactMap { index, place in
      guard case .arena(let count) = place, let start = first[index], let end = last[index] else {
        return nil
      }
      let size = (max(count, 1) + alignment - 1) / alignment * alignment
      return Tenant(slot: index, byteCount: size, lifetime: start...end)
    }
  }

  private static func peak(_ tenants: [Tenant], steps: Int) -> Int {
    var changes = Array(repeating: 0, count: steps + 2)
    for tenant in tenants {
      changes[tenant.lifetime.lowerBound] += tenant.byteCount
      changes[tenant.lifetime.upperBound + 1] -= tenant.byteCount
    }
    var (alive, peak) = (0, 0)
    for change in changes {
      alive += change
      peak = max(peak, alive)
    }
    return peak
  }
}
