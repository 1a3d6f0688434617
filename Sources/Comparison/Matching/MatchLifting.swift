import IR

/// Says of models what matching found in their normal forms.
///
/// A node of the form stands for all nodes that were folded into it. Those of a pair of the form are paired
/// among each other; what is left on one side was folded into the other.
struct MatchLifting {
  private(set) var pairs: [ModelComparison.Pair] = []
  private(set) var folded: [ModelComparison.Fold] = []
  private(set) var unfolded: [ModelComparison.Fold] = []
  private(set) var removed: [NodeID] = []
  private(set) var added: [NodeID] = []
  private let before: NormalForm
  private let after: NormalForm

  init(_ before: NormalForm, _ after: NormalForm, _ matching: NodeMatching) {
    self.before = before
    self.after = after
    let (members, others) = (after.members, before.members)
    var own = after.loose
    var theirs = before.loose
    for node in after.graph.nodeIDs {
      guard let other = matching.pairs[node], let evidence = matching.evidence[node] else {
        own += members[node] ?? []
        continue
      }
      pair(others[other] ?? [], members[node] ?? [], evidence)
    }
    let matched = Set(matching.pairs.values)
    for node in before.graph.nodeIDs where !matched.contains(node) { theirs += others[node] ?? [] }
    pairLoose(theirs, own)
    sort()
  }

  /// Pairs nodes of one kind in turn; what is left was folded into the first.
  private mutating func pair(_ others: [NodeID], _ own: [NodeID], _ evidence: MatchEvidence) {
    var rest = others
    var loose: [NodeID] = []
    for node in own {
      let op = after.original.nodes[node].op
      guard let place = rest.firstIndex(where: { before.original.nodes[$0].op == op }) else {
        loose.append(node)
        continue
      }
      pairs.append(
        ModelComparison.Pair(before: rest.remove(at: place), after: node, evidence: evidence))
    }
    folded += rest.map { ModelComparison.Fold(node: $0, absorber: own.first) }
    unfolded += loose.map { ModelComparison.Fold(node: $0, absorber: others.first) }
  }

  /// Pairs what no pair of the form accounts for by name and operator.
  private mutating func pairLoose(_ others: [NodeID], _ own: [NodeID]) {
    var named: [ExactName: NodeID] = [:]
    for node in others { named[ExactName(before.original.label(node))] = node }
    var taken: Set<NodeID> = []
    for node in own {
      if let other = named[ExactName(after.original.label(node))],
        before.original.nodes[other].op == after.original.nodes[node].op,
        taken.insert(other).inserted
      {
        pairs.append(ModelComparison.Pair(before: other, after: node, evidence: .name))
      } else {
        added.append(node)
      }
    }
    removed = others.filter { !taken.contains($0) }
    let isNothing = before.evaporated
    folded += removed.filter(isNothing.contains).map {
      ModelComparison.Fold(node: $0, absorber: nil)
    }
    removed.removeAll(where: isNothing.contains)
  }

  private mutating func sort() {
    let (first, second) = (before.original.places, after.original.places)
    pairs.sort { second[$0.after] < second[$1.after] }
    added.sort { second[$0] < second[$1] }
    unfolded.sort { second[$0.node] < second[$1.node] }
    removed.sort { first[$0] < first[$1] }
    folded.sort { first[$0.node] < first[$1.node] }
  }
}

extension NormalForm {
  /// The nodes of the original that no node of the form stands for.
  fileprivate var loose: [NodeID] {
    original.nodeIDs.filter { node in absorbers[node].map { $0 == nil } ?? false }
  }

  /// The same, as a set.
  fileprivate var evaporated: Set<NodeID> { Set(loose) }
}

extension Graph {
  /// Where in the order of the graph each node stands.
  fileprivate var places: SideTable<NodeID, Int> {
    var places = SideTable<NodeID, Int>(count: nodes.count, initial: 0)
    for (place, node) in nodeIDs.enumerated() { places[node] = place }
    return places
  }
}
