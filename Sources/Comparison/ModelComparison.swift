public import IR
public import Passes

/// What two models have in common, and what not.
///
/// Both are brought into their normal form, in which nodes are paired; then channels are followed through
/// the pairs, and what was found is said of the models as they were read.
public struct ModelComparison: Sendable {
  /// A node that is in both models.
  public struct Pair: Sendable {
    /// The node before.
    public let before: NodeID
    /// The node after.
    public let after: NodeID
    /// How it was found.
    public let evidence: MatchEvidence
  }

  /// A node that is in one model, and whose work another node does in the other.
  public struct Fold: Sendable {
    /// The node.
    public let node: NodeID
    /// The node of the other model that does its work; nil if there is nothing left of it to do.
    public let absorber: NodeID?
  }

  /// The graph before, with its types inferred.
  public let before: Graph
  /// The graph after, with its types inferred.
  public let after: Graph
  /// What callers of the models see differently.
  public let interface: [InterfaceChange]
  /// The nodes of both models, in the order after.
  public let pairs: [Pair]
  /// Nodes before that were folded into others.
  public let folded: [Fold]
  /// Nodes after that were taken out of others.
  public let unfolded: [Fold]
  /// Nodes before that are gone.
  public let removed: [NodeID]
  /// Nodes after that are new.
  public let added: [NodeID]
  /// Nodes after that read something else than before, though both models have what they read.
  public let rewired: [NodeID]
  /// Attributes of pairs that differ.
  public let attributes: [AttributeChange]
  /// What became of channels, for each layer with stored weights.
  public let layers: [ChannelCorrespondence.Layer]
  /// Stored operands that both models have, and that differ.
  public let weights: [WeightChange]
  /// The values that both models compute, in the order before.
  public let values: [ValuePair]
  /// Whether anything is known of channels only because the file after says so.
  public let reliesOnRecords: Bool

  /// Compares two models.
  ///
  /// - Parameters:
  ///   - before: A model.
  ///   - after: A model made from it.
  ///   - records: What the file after says was kept of values before; believed where weights do not tell.
  ///   - evaluate: Runs a graph without inputs, to fold what passes cannot compute themselves.
  /// - Throws: `PipelineError` if folding made an invalid graph, which is a fault in dearc.
  public init(
    _ before: Model, _ after: Model, records: [NarrowedAxis] = [],
    evaluate: (@Sendable (Graph) throws -> [Constant])? = nil
  ) throws(PipelineError) {
    let (form, otherForm) = both(
      pays: true,
      { Result { () throws(PipelineError) in try NormalForm(before, evaluate: evaluate) } },
      { Result { () throws(PipelineError) in try NormalForm(after, evaluate: evaluate) } })
    let (first, second, matching) = try Self.matched(try form.get(), try otherForm.get())
    let lifting = MatchLifting(first, second, matching)
    self.before = first.original
    self.after = second.original
    let rewiring = Rewiring(first.graph, second.graph, matching.pairs)
    rewired = rewiring.nodes.map { second.representative(of: $0) }
    interface =
      InterfaceChange.all(before, after)
      + InterfaceChange.outputs(rewiring.outputs, first.graph, second.graph)
    pairs = lifting.pairs
    folded = lifting.folded
    unfolded = lifting.unfolded
    removed = lifting.removed
    added = lifting.added
    let paired = Dictionary(lifting.pairs.map { ($0.after, $0) }) { first, _ in first }
    let correspondence = ChannelCorrespondence(
      before: first.graph, after: second.graph, pairs: matching.pairs,
      tolerance: max(first.precision, second.precision).tolerance, records: records)
    reliesOnRecords = correspondence.reliesOnRecords
    values = ValueMatching(first, second, matching, correspondence).pairs
    layers = correspondence.layers.map { layer in
      layer.renamed(
        before: first.representative(of: layer.before),
        after: second.representative(of: layer.after))
    }.filter { paired[$0.after]?.before == $0.before }
    let isNarrowed = !layers.allSatisfy(\.outputs.isIdentity)
    weights = WeightChange.all(
      of: matching.pairs, first, second, correspondence.layers, isNarrowed: isNarrowed)
    let narrowed = layers.filter { !$0.outputs.isIdentity }.map(\.after)
    attributes = AttributeChange.all(
      of: lifting.pairs, before.graph, after.graph, narrowed: Set(narrowed))
  }

  /// Both forms and the nodes that they have in common, with layers joined where only one model has them so.
  private static func matched(
    _ before: NormalForm, _ after: NormalForm
  ) throws(PipelineError) -> (NormalForm, NormalForm, NodeMatching) {
    let matching = NodeMatching(before.graph, after.graph)
    let (lone, otherLone) = matching.lone
    let (ends, otherEnds) = (before.graph.joints(of: lone), after.graph.joints(of: otherLone))
    guard !ends.isEmpty || !otherEnds.isEmpty else { return (before, after, matching) }
    let (first, second) = (try before.joining(ends), try after.joining(otherEnds))
    let joined = NodeMatching(first.graph, second.graph)
    let isBetter =
      joined.lone.before.count + joined.lone.after.count < lone.count + otherLone.count
    return isBetter ? (first, second, joined) : (before, after, matching)
  }

  /// Whether the models differ in nothing but names.
  public var isEmpty: Bool { isOfWeightsAlone && weights.isEmpty }

  /// Whether too little is in both to speak of one network: hardly a node is known by what is around it, and
  /// hardly a layer by its weights.
  public var isUnrelated: Bool {
    let count = pairs.count + max(removed.count, added.count)
    let known = layers.count { $0.outputs.evidence < .recorded }
    return 4 * pairs.count { $0.evidence <= .oneSide } < count && 10 * known <= layers.count
  }

  /// Whether structure and extents are the same, so that weights alone differ.
  public var isOfWeightsAlone: Bool {
    interface.isEmpty && folded.isEmpty && unfolded.isEmpty && removed.isEmpty && added.isEmpty
      && rewired.isEmpty && attributes.isEmpty && layers.allSatisfy(\.outputs.isIdentity)
  }
}

extension Graph {
  /// Where `nodes` could be joined with linear layers beside them: the second of each two.
  fileprivate func joints(of nodes: [NodeID]) -> Set<NodeID> {
    var joints: Set<NodeID> = []
    for node in nodes where isLinear(node) {
      let source = self.nodes[node].input(0).flatMap { producer(of: $0) }
      if let source, isLinear(source) { joints.insert(node) }
      let reader = self.nodes[node].output(0).flatMap { soleReader(of: $0)?.node }
      if let reader, isLinear(reader) { joints.insert(reader) }
    }
    return joints
  }
}
