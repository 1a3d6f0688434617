import Comparison
import IR
import Importers
import Passes

/// What `diff` reports.
struct DiffReport: Encodable {
  let schema = "dearc.diff/1"
  let version = Dearc.version
  let before: DiffSide
  let after: DiffSide
  let verdict: Verdict
  let interface: [InterfaceReport]
  let nodes: NodeDiffReport
  let layers: [LayerReport]
  let weights: [WeightReport]
  /// Absent unless it was asked for.
  let activations: ActivationsReport?

  /// What the difference comes to.
  enum Verdict: String, Encodable {
    /// Nothing differs but, perhaps, names.
    case identical
    /// Structure and extents are the same, weights are not.
    case weights
    /// Nodes, channels, attributes or the interface differ.
    case changed
    /// Too little is in both to speak of one network.
    case unrelated
  }

  init(
    _ comparison: ModelComparison, _ costs: DiffCosts, _ before: DiffSide, _ after: DiffSide,
    _ activations: ActivationRun?
  ) {
    self.before = before
    self.after = after
    verdict =
      comparison.isEmpty
      ? .identical
      : comparison.isUnrelated ? .unrelated : comparison.isOfWeightsAlone ? .weights : .changed
    interface = comparison.interface.map(InterfaceReport.init)
    nodes = NodeDiffReport(comparison, costs)
    layers = comparison.layers.map { LayerReport($0, comparison.before, comparison.after) }
    weights = comparison.weights.map(WeightReport.init)
    self.activations = activations.map { ActivationsReport($0, comparison) }
  }
}

/// What both models cost.
struct DiffCosts {
  let before: GraphCost
  let after: GraphCost
}

/// One of the two models.
struct DiffSide: Encodable {
  let file: FileReport
  let counts: CountsReport

  init(_ imported: ImportedModel, path: String, _ cost: GraphCost) {
    file = FileReport(imported, path: path)
    counts = CountsReport(cost, fileBytes: imported.byteCount)
  }
}

/// A difference that callers see.
struct InterfaceReport: Encodable {
  let subject: String
  let before: String?
  let after: String?

  init(_ change: InterfaceChange) {
    subject = change.subject
    before = change.before
    after = change.after
  }
}

/// What became of nodes.
struct NodeDiffReport: Encodable {
  struct Pair: Encodable {
    let before: String
    let after: String
    let `operator`: String
    let foundBy: String
    let costBefore: NodeCostReport
    let costAfter: NodeCostReport

  }

  struct Fold: Encodable {
    let node: String
    let `operator`: String
    /// The node that does the work; absent where none is left to do.
    let into: String?
    let intoOperator: String?
    /// `layer`, `stored` for constants that became initializers, or `shapes` for arithmetic on extents.
    let sort: String
    let cost: NodeCostReport
  }

  struct Single: Encodable {
    let node: String
    let `operator`: String
    /// What a node that takes a part of something takes.
    let takes: String?
    let cost: NodeCostReport
  }

  struct Attribute: Encodable {
    let node: String
    let name: String
    let before: String?
    let after: String?
  }

  let pairs: [Pair]
  let folded: [Fold]
  let unfolded: [Fold]
  let removed: [Single]
  let added: [Single]
  /// Nodes after that read something else, though both models have what they read.
  let rewired: [Single]
  let attributes: [Attribute]

  init(_ comparison: ModelComparison, _ costs: DiffCosts) {
    let (before, after) = (comparison.before, comparison.after)
    pairs = comparison.pairs.map {
      Pair(
        before: before.label($0.before), after: after.label($0.after),
        operator: after.nodes[$0.after].op.type, foundBy: $0.evidence.text,
        costBefore: NodeCostReport(costs.before.byNode[$0.before]),
        costAfter: NodeCostReport(costs.after.byNode[$0.after]))
    }
    func fold(
      _ fold: ModelComparison.Fold, _ own: Graph, _ other: Graph, _ cost: GraphCost
    ) -> Fold {
      Fold(
        node: own.label(fold.node), operator: own.nodes[fold.node].op.type,
        into: fold.absorber.map(other.label),
        intoOperator: fold.absorber.map { other.nodes[$0].op.type }, sort: own.sort(of: fold.node),
        cost: NodeCostReport(cost.byNode[fold.node]))
    }
    func single(_ node: NodeID, _ graph: Graph, _ cost: GraphCost) -> Single {
      Single(
        node: graph.label(node), operator: graph.nodes[node].op.type,
        takes: graph.part(takenBy: node), cost: NodeCostReport(cost.byNode[node]))
    }
    folded = comparison.folded.map { fold($0, before, after, costs.before) }
    unfolded = comparison.unfolded.map { fold($0, after, before, costs.after) }
    removed = comparison.removed.map { single($0, before, costs.before) }
    added = comparison.added.map { single($0, after, costs.after) }
    rewired = comparison.rewired.map { single($0, after, costs.after) }
    attributes = comparison.attributes.map {
      Attribute(node: after.label($0.node), name: $0.name, before: $0.before, after: $0.after)
    }
  }
}

extension Graph {
  /// Of which extents a Gather or Slice takes how much, if that is known.
  fileprivate func part(takenBy node: NodeID) -> String? {
    guard [.gather, .slice].contains(nodes[node].op.kind), let data = nodes[node].input(0),
      let whole = shape(of: data), let part = nodes[node].output(0).flatMap({ shape(of: $0) }),
      whole.count == part.count
    else { return nil }
    let cuts = zip(whole, part).enumerated().compactMap { axis, extents -> String? in
      guard let old = extents.0.count, let new = extents.1.count, old != new else { return nil }
      return "\(new) of \(old) on axis \(axis)"
    }
    return cuts.isEmpty ? nil : cuts.joined(separator: ", ") + " of \(values[data].name)"
  }

  /// What it means that a node was folded.
  fileprivate func sort(of node: NodeID) -> String {
    if nodes[node].op.kind == .constant { return "stored" }
    if nodes[node].op.kind == .quantizeLinear { return "layer" }
    let type = nodes[node].output(0).flatMap { values[$0].elementType }
    return type?.isInteger ?? false ? "shapes" : "layer"
  }
}

extension MatchEvidence {
  fileprivate var text: String {
    switch self {
    case .structure: "structure"
    case .oneSide: "structure on one side"
    case .order: "order"
    case .neighbours: "neighbours"
    case .name: "name"
    }
  }
}

/// What became of the channels of one layer with stored weights.
struct LayerReport: Encodable {
  let before: String
  let after: String
  let `operator`: String
  let channelsBefore: Int
  let channelsAfter: Int
  /// For each channel after, the channel before; null for constants, and where it cannot be told.
  let channels: [Int?]
  /// The channels after that are constants, which stand for channels that were removed.
  let constants: [Int]
  /// How it is known.
  let knownBy: String
  /// Whether weights say so, and not only the layers around.
  let isKnownByWeights: Bool
  /// The distance of the weights from what they were, in proportion; absent if too little is known.
  let weightDifference: Double?

  init(_ layer: ChannelCorrespondence.Layer, _ first: Graph, _ second: Graph) {
    before = first.label(layer.before)
    after = second.label(layer.after)
    `operator` = second.nodes[layer.after].op.type
    channelsBefore = layer.outputs.extent
    channelsAfter = layer.outputs.slots.count
    channels = layer.outputs.slots.map(\.channel)
    constants = layer.outputs.slots.indices.filter { layer.outputs.slots[$0] == .constant }
    knownBy = layer.outputs.evidence.text
    isKnownByWeights = layer.outputs.evidence < .recorded
    weightDifference = layer.difference.flatMap { $0.relative.isFinite ? $0.relative : nil }
  }

  /// Whether channels were removed, moved, or cannot be told.
  var isChanged: Bool {
    channels != (0..<channelsBefore).map { $0 }
  }

  /// The channels before that are kept, ascending.
  var kept: [Int] { channels.compactMap { $0 }.sorted() }

  /// How many channels after cannot be told.
  var unknownCount: Int { channels.count { $0 == nil } - constants.count }

  /// The channels before that are gone, if all after are known.
  var removed: [Int]? {
    guard unknownCount == 0 else { return nil }
    let kept = Set(kept)
    return (0..<channelsBefore).filter { !kept.contains($0) }
  }
}

extension ChannelEvidence {
  fileprivate var text: String {
    switch self {
    case .equal: "equal weights"
    case .scaled: "equal weights up to a factor"
    case .rounded: "equal weights up to rounding"
    case .recorded: "the file's own record"
    case .implied: "the layers around"
    }
  }
}

/// A stored operand that has other elements.
struct WeightReport: Encodable {
  let name: String
  /// How many elements were compared, and how many are the same; absent for what is no float.
  let elements: Int?
  let equal: Int?
  /// The largest distance, and the length of all in proportion to that of the elements before.
  let largest: Double?
  let relative: Double?
  /// Whether nothing but the last digits differs.
  let isRounding: Bool

  init(_ change: WeightChange) {
    name = change.name
    elements = change.difference?.count
    equal = change.difference?.equalCount
    largest = change.difference.flatMap { $0.largest.isFinite ? $0.largest : nil }
    relative = change.difference.flatMap { $0.relative.isFinite ? $0.relative : nil }
    isRounding = change.isRounding
  }
}
