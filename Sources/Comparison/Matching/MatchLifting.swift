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

  /// Pairs nodes of one kind, readers before what they read; what is left was folded into the first.
  private mutating func pair(_ others: [NodeID], _ own: [NodeID], _ evidence: MatchEvidence) {
    var rest = others
    var loose: [NodeID] = []
    for node in own.prefix(1) + own.dropFirst().reversed() {
      guard let place = place(of: node, in: rest) else {
        loose.append(node)
        continue
      }
      let other = rest.remove(at: place)
      partners[node] = other
      pairs.append(ModelComparison.Pair(before: other, after: node, evidence: evidence))
    }
    folded += rest.map { ModelComparison.Fold(node: $0, absorber: own.first) }
    unfolded += loose.map { ModelComparison.Fold(node: $0, absorber: others.first) }
  }

  /// Which of `others` a node is: the one that is read in the same place, or else any of its kind.
  private func place(of node: NodeID, in others: [NodeID]) -> Int? {
    let op = after.original.nodes[node].op
    if let result = after.original.nodes[node].output(0),
      case .node(let reader, let operand)? = after.original.values[result].uses.first,
      let partner = partners[reader],
      let source = before.original.nodes[partner].input(operand)
        .flatMap({ before.original.producer(of: $0) }),
      before.original.nodes[source].op == op, let place = others.firstIndex(of: source)
    {
      return place
    }
    return others.firstIndex { before.original.nodes[$0].op == op }
  }

  /// Pairs what no pair of the form accounts for by name and operator, then by operator alone where both have
  /// equally many; what is left came or went, or has nothing to do once it is folded.
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
    pairByOperator(others.filter { !taken.contains($0) }, rest)
  }

  private mutating func pairByOperator(_ others: [NodeID], _ own: [NodeID]) {
    let theirs = Dictionary(grouping: others) { before.original.nodes[$0].op }
    let groups = Dictionary(grouping: own) { after.original.nodes[$0].op }
    for (op, nodes) in theirs where nodes.count == groups[op]?.count {
      pairs += zip(nodes, groups[op] ?? []).map {
        ModelComparison.Pair(before: $0, after: $1, evidence: .order)
      }
    }
    for (op, nodes) in theirs where nodes.count != groups[op]?.count {
      removed += nodes.filter { !before.hasNothingToDo($0) }
      folded += nodes.filter(before.hasNothingToDo).map { .init(node: $0, absorber: nil) }
    }
    for (op, nodes) in groups where nodes.count != theirs[op]?.count {
      added += nodes.filter { !after.hasNothingToDo($0) }
      unfolded += nodes.filter(after.hasNothingToDo).map { .init(node: $0, absorber: nil) }
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
