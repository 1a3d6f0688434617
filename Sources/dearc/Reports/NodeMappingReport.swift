import Comparison
import IR

/// Which nodes belong together, as Model Explorer reads it to move about in two graphs at once.
///
/// Nodes are known to it by their names. One that was folded belongs to the one that does its work.
///
/// Source: `SyncNavigationData` in `sync_navigation.ts` of Model Explorer's user interface, and the ids that
/// its adapter for ONNX gives to nodes.
struct NodeMappingReport: Encodable {
  /// Nodes that belong together; a node is in one entry at most.
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
    let (before, after) = (comparison.before, comparison.after)
    var entries = comparison.pairs.map {
      Entry(leftNodeIds: before.ids([$0.before]), rightNodeIds: after.ids([$0.after]))
    }
    let byAfter = Dictionary(zip(comparison.pairs.map(\.after), entries.indices)) { first, _ in
      first
    }
    let byBefore = Dictionary(zip(comparison.pairs.map(\.before), entries.indices)) { first, _ in
      first
    }
    for fold in comparison.folded {
      guard let place = fold.absorber.flatMap({ byAfter[$0] }) else { continue }
      entries[place].leftNodeIds += before.ids([fold.node])
    }
    for fold in comparison.unfolded {
      guard let place = fold.absorber.flatMap({ byBefore[$0] }) else { continue }
      entries[place].rightNodeIds += after.ids([fold.node])
    }
    mappingEntries = entries.filter { !$0.leftNodeIds.isEmpty && !$0.rightNodeIds.isEmpty }
  }
}

extension Graph {
  /// The ids of nodes; one without a name has none that could be told beforehand.
  fileprivate func ids(_ nodes: [NodeID]) -> [String] {
    nodes.map { self.nodes[$0].name }.filter { !$0.isEmpty }
  }
}
