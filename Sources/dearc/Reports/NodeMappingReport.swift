import Comparison
import IR

/// Which nodes belong together, as Model Explorer reads it to move about in two graphs at once.
///
/// A node that was folded belongs to the one that does its work, and what that read to what the other reads.
/// Groups, inputs and outputs have entries too: what has none is shown as new or gone.
///
/// Source: `SyncNavigationData` in `sync_navigation.ts` of Model Explorer's user interface.
struct NodeMappingReport: Encodable {
  /// What belongs together; nothing is in two entries.
  struct Entry: Encodable {
    fileprivate(set) var leftNodeIds: [String]
    fileprivate(set) var rightNodeIds: [String]
  }

  let type = "sync_navigation"
  let mappingEntries: [Entry]
  /// Equal names are no sign of anything that is not in an entry.
  let disableMappingFallback = true
  let showDiffHighlights = true

  init(_ comparison: ModelComparison) {
    let families = NodeFamily.all(of: comparison)
    let (left, right) = (ModelExplorerIDs(comparison.before), ModelExplorerIDs(comparison.after))
    mappingEntries =
      families.map {
        Entry(leftNodeIds: $0.before.map(left.id), rightNodeIds: $0.after.map(right.id))
      }
      + Self.tensors(of: families, left, right) + Self.ports(comparison, left, right)
      + Self.groups(of: families, left, right)
  }

  /// Stored tensors belong to those of the first nodes that read them.
  private static func tensors(
    of families: [NodeFamily], _ left: ModelExplorerIDs, _ right: ModelExplorerIDs
  ) -> [Entry] {
    var (seen, otherSeen): (Set<ValueID>, Set<ValueID>) = ([], [])
    return families.compactMap { family in
      let own = left.tensors(of: family.before).filter { seen.insert($0).inserted }
      let other = right.tensors(of: family.after).filter { otherSeen.insert($0).inserted }
      return own.isEmpty || other.isEmpty
        ? nil : Entry(leftNodeIds: own.map(left.id), rightNodeIds: other.map(right.id))
    }
  }

  private static func ports(
    _ comparison: ModelComparison, _ left: ModelExplorerIDs, _ right: ModelExplorerIDs
  ) -> [Entry] {
    let (first, second) = (comparison.before, comparison.after)
    return zip(
      first.requiredInputs + first.outputs, second.requiredInputs + second.outputs
    ).map { Entry(leftNodeIds: [left.id($0)], rightNodeIds: [right.id($1)]) }
  }

  /// A group belongs to the one as deep in which most of its nodes are.
  private static func groups(
    of families: [NodeFamily], _ left: ModelExplorerIDs, _ right: ModelExplorerIDs
  ) -> [Entry] {
    var votes: [String: [String: Int]] = [:]
    var order: [String] = []
    for family in families {
      guard let other = family.after.first.map(right.groups) else { continue }
      for node in family.before {
        for (group, candidate) in zip(left.groups(of: node), other) {
          if votes[group] == nil { order.append(group) }
          votes[group, default: [:]][candidate, default: 0] += 1
        }
      }
    }
    var entries: [Entry] = []
    var places: [String: Int] = [:]
    for group in order {
      let winner = votes[group]?.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? group
      if let place = places[winner] {
        entries[place].leftNodeIds.append(group)
      } else {
        places[winner] = entries.count
        entries.append(Entry(leftNodeIds: [group], rightNodeIds: [winner]))
      }
    }
    return entries
  }
}

/// Nodes of both models that do the same work.
private struct NodeFamily {
  var before: [NodeID]
  var after: [NodeID]

  static func all(of comparison: ModelComparison) -> [NodeFamily] {
    var families = comparison.pairs.map { NodeFamily(before: [$0.before], after: [$0.after]) }
    let byAfter = Dictionary(zip(comparison.pairs.map(\.after), families.indices)) { first, _ in
      first
    }
    let byBefore = Dictionary(zip(comparison.pairs.map(\.before), families.indices)) { first, _ in
      first
    }
    for fold in comparison.folded {
      guard let place = fold.absorber.flatMap({ byAfter[$0] }) else { continue }
      families[place].before.append(fold.node)
    }
    for fold in comparison.unfolded {
      guard let place = fold.absorber.flatMap({ byBefore[$0] }) else { continue }
      families[place].after.append(fold.node)
    }
    return families
  }
}
