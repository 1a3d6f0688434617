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
  /// For nodes after, the node before.
  private var partners: [NodeID: NodeID] = [:]

  init(_ before: NormalForm, _ after: NormalForm, _ matching: NodeMatching) {
    self.before = before
    self.after = after
    let (members, others) = (after.members, before.members)
    var own = after.loose
    var theirs = before.loose
    // Readers before what they read, which is told by them.
    for node in after.graph.nodeIDs.reversed() {
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

  /// Pairs the nodes of a pair of the forms: what makes its result, what is read in the same place, what has
  /// the same name, and the rest of each kind in turn; what is left was folded into the first.
  private mutating func pair(_ others: [NodeID], _ own: [NodeID], _ evidence: MatchEvidence) {
    var group = Group(others: others, own: own)
    var named: [ExactName: NodeID] = [:]
    for node in others { named[ExactName(before.original.label(node))] = node }
    for node in own { note(node, node == own.first ? others.first : nil, &group, evidence) }
    for node in group.own.reversed() { note(node, sourceBefore(of: node), &group, evidence) }
    for node in group.own {
      note(node, named[ExactName(after.original.label(node))], &group, evidence)
    }
    for node in group.own {
      let op = after.original.nodes[node].op
      let any = group.others.first { before.original.nodes[$0].op == op }
      note(node, any, &group, evidence)
    }
    folded += group.others.map { ModelComparison.Fold(node: $0, absorber: own.first) }
    unfolded += group.own.map { ModelComparison.Fold(node: $0, absorber: others.first) }
  }

  /// What is left to pair of two nodes of the forms.
  private struct Group {
    var others: [NodeID]
    var own: [NodeID]
  }

  private mutating func note(
    _ node: NodeID, _ other: NodeID?, _ group: inout Group, _ evidence: MatchEvidence
  ) {
    guard let other, before.original.nodes[other].op == after.original.nodes[node].op,
      let place = group.others.firstIndex(of: other), let ownPlace = group.own.firstIndex(of: node)
    else { return }
    group.others.remove(at: place)
    group.own.remove(at: ownPlace)
    partners[node] = other
    pairs.append(ModelComparison.Pair(before: other, after: node, evidence: evidence))
  }

  /// What is read before in the place in which a node is read after.
  private func sourceBefore(of node: NodeID) -> NodeID? {
    guard let result = after.original.nodes[node].output(0),
      case .node(let reader, let operand)? = after.original.values[result].uses.first,
      let partner = partners[reader]
    else { return nil }
    return before.original.nodes[partner].input(operand)
      .flatMap { before.original.producer(of: $0) }
  }

  /// Pairs what no pair of the form accounts for by name and operator, and what has nothing to do once it is
  /// folded by operator alone where both have equally many; what is left came or went.
  private mutating func pairLoose(_ others: [NodeID], _ own: [NodeID]) {
    var named: [ExactName: NodeID] = [:]
    for node in others { named[ExactName(before.original.label(node))] = node }
    var taken: Set<NodeID> = []
    var rest: [NodeID] = []
    for node in own {
      if let other = named[ExactName(after.original.label(node))],
        before.original.nodes[other].op == after.original.nodes[node].op,
        taken.insert(other).inserted
      {
        pairs.append(ModelComparison.Pair(before: other, after: node, evidence: .name))
      } else {
        rest.append(node)
      }
    }
    leave(others.filter { !taken.contains($0) }, rest)
  }

  private mutating func leave(_ others: [NodeID], _ own: [NodeID]) {
    removed += others.filter { !before.hasNothingToDo($0) }
    added += own.filter { !after.hasNothingToDo($0) }
    let idle = Dictionary(grouping: others.filter(before.hasNothingToDo)) {
      before.original.nodes[$0].op
    }
    let ownIdle = Dictionary(grouping: own.filter(after.hasNothingToDo)) {
      after.original.nodes[$0].op
    }
    for op in Set(idle.keys).union(ownIdle.keys) {
      let (theirs, ours) = (idle[op] ?? [], ownIdle[op] ?? [])
      if theirs.count == ours.count {
        pairs += zip(theirs, ours).map { .init(before: $0, after: $1, evidence: .order) }
      } else {
        folded += theirs.map { .init(node: $0, absorber: nil) }
        unfolded += ours.map { .init(node: $0, absorber: nil) }
      }
    }
  }

  /// Puts everything in the order of the graphs, whatever order it was found in.
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
  fileprivate var loose: [NodeID] { original.nodeIDs.filter(hasNothingToDo) }

  /// Whether nothing of a node is left once the model is folded.
  fileprivate func hasNothingToDo(_ node: NodeID) -> Bool {
    absorbers[node].map { $0 == nil } ?? false
  }
}

extension Graph {
  /// Where in the order of the graph each node stands.
  fileprivate var places: SideTable<NodeID, Int> {
    var places = SideTable<NodeID, Int>(count: nodes.count, initial: 0)
    for (place, node) in nodeIDs.enumerated() { places[node] = place }
    return places
  }
}
