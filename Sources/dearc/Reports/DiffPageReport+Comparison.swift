import Alignment
import Comparison
import Glibc
import IR
import Passes

extension DiffPageReport {
  /// Puts both graphs side by side, in the order of the one before.
  ///
  /// - Parameters:
  ///   - comparison: What was found.
  ///   - report: The same as it is printed.
  ///   - costs: What the graphs cost, before and after.
  ///   - statistics: Alignment of channels before, by values.
  init(
    _ comparison: ModelComparison, _ report: DiffReport, costs: DiffCosts,
    statistics: AlignmentStatistics?
  ) {
    let (first, second) = (comparison.before, comparison.after)
    let (places, otherPlaces) = (first.nodePlaces, second.nodePlaces)
    before = File(path: report.before.file.path)
    after = File(path: report.after.file.path)
    verdict = report.sentence
    counts = report.countRows
    interface = report.interface
    rows = PageRows(comparison, places, otherPlaces).rows
    left = first.nodeIDs.map {
      PageNode($0, in: first, places: places, cost: costs.before.byNode[$0])
    }
    right = second.nodeIDs.map {
      PageNode($0, in: second, places: otherPlaces, cost: costs.after.byNode[$0])
    }
    let ranking = statistics.map { ChannelRanking($0, first) }
    layers = Dictionary(
      uniqueKeysWithValues: zip(comparison.layers, report.layers).compactMap { layer, stated in
        otherPlaces[layer.after].map {
          ($0, Layer(stated, ranking?.discrepancies(of: layer.before)))
        }
      })
    attributes = comparison.attributes.compactMap { change in
      otherPlaces[change.node].map {
        Attribute(node: $0, name: change.name, before: change.before, after: change.after)
      }
    }
    weights = comparison.weights.compactMap { change in
      otherPlaces[change.node].map { Weight(node: $0, name: change.name, text: change.text) }
    }
    activations = report.activations.map { activations in
      let compared = comparison.values.filter { $0.obstacle == nil }
      let found = zip(compared, activations.values).enumerated().compactMap { place, each in
        second.producer(of: each.0.after).flatMap { otherPlaces[$0] }.map {
          ($0, Activation(each.1, isFirst: place == activations.firstParting))
        }
      }
      return Dictionary(found) { first, _ in first }
    }
  }
}

extension DiffPageReport.Activation {
  /// Rounding is some 1e-6 of a value.
  private static let floor = 1e-6

  fileprivate init(_ value: ActivationsReport.Value, isFirst: Bool) {
    title =
      isFirst
      ? "Activations: parted first here" : value.parts ? "Activations: parted" : "Activations"
    let share = max(min(value.relative, 1), Self.floor)
    level = 1 - log10(share) / log10(Self.floor)
    parts = value.parts
    statements = [
      ["largest distance", Quantities.scientific(value.largest)],
      ["mean distance", Quantities.scientific(value.mean)],
      ["largest, of RMS", value.largestRelative.map(Quantities.scientific) ?? "–"],
      ["relative", Quantities.scientific(value.relative)],
      ["cosine", Quantities.fixed(value.cosine, digits: 6)],
    ]
  }
}

extension DiffPageReport.Layer {
  fileprivate init(_ layer: LayerReport, _ discrepancies: [Double]?) {
    before = layer.channelsBefore
    channels = layer.channels
    constants = layer.constants
    knownBy = layer.knownBy
    rad = discrepancies.flatMap { list in
      list.count == layer.channelsBefore && list.allSatisfy(\.isFinite) ? list : nil
    }
  }
}

extension WeightChange {
  fileprivate var text: String {
    guard let difference else { return "other elements" }
    let equal = Quantities.grouped(difference.equalCount)
    return "\(equal) of \(Quantities.grouped(difference.count)) equal, largest distance "
      + "\(Quantities.scientific(difference.largest)), relative \(Quantities.scientific(difference.relative))"
  }
}

/// The rows of the page.
private struct PageRows {
  private(set) var rows: [DiffPageReport.Row] = []
  private let comparison: ModelComparison
  private let places: [NodeID: Int]
  private let otherPlaces: [NodeID: Int]

  init(_ comparison: ModelComparison, _ places: [NodeID: Int], _ otherPlaces: [NodeID: Int]) {
    self.comparison = comparison
    self.places = places
    self.otherPlaces = otherPlaces
    let partners = Dictionary(
      comparison.pairs.map { ($0.before, $0.after) }, uniquingKeysWith: { first, _ in first })
    let changed = changedNodes
    let behind = loneNodes(partners)
    let folds = Dictionary(comparison.folded.map { ($0.node, $0) }) { first, _ in first }
    for node in behind[nil] ?? [] { add(nil, node) }
    for node in comparison.before.nodeIDs {
      let partner = partners[node]
      let isFolded = folds[node] != nil
      rows.append(
        DiffPageReport.Row(
          left: places[node], right: partner.flatMap { otherPlaces[$0] },
          state: partner.map { changed.contains($0) ? .changed : .same }
            ?? (isFolded ? .folded : .removed),
          note: folds[node].map { note($0, comparison.after, "Folded into") }))
      for node in partner.flatMap({ behind[$0] }) ?? [] { add(nil, node) }
    }
  }

  private mutating func add(_ left: Int?, _ node: NodeID) {
    let fold = comparison.unfolded.first { $0.node == node }
    rows.append(
      DiffPageReport.Row(
        left: left, right: otherPlaces[node], state: fold == nil ? .added : .folded,
        note: fold.map { note($0, comparison.before, "Taken out of") }))
  }

  private func note(_ fold: ModelComparison.Fold, _ graph: Graph, _ title: String) -> String {
    fold.absorber.map { "\(title) \(graph.label($0))." } ?? "Nothing is left of it to do."
  }

  /// The nodes after that differ from their partner.
  private var changedNodes: Set<NodeID> {
    Set(comparison.attributes.map(\.node) + comparison.rewired)
      .union(comparison.layers.filter { !$0.outputs.isIdentity }.map(\.after))
      .union(comparison.weights.filter { !$0.isRounding }.map(\.node))
  }

  /// The nodes after without a partner, by the last node before them that has one.
  private func loneNodes(_ partners: [NodeID: NodeID]) -> [NodeID?: [NodeID]] {
    let paired = Set(partners.values)
    var lone: [NodeID?: [NodeID]] = [:]
    var last: NodeID?
    for node in comparison.after.nodeIDs {
      if paired.contains(node) { last = node } else { lone[last, default: []].append(node) }
    }
    return lone
  }
}

/// Alignment statistics by the layers whose channels they are of.
private struct ChannelRanking {
  private var lists: [NodeID: [Double]] = [:]

  init(_ statistics: AlignmentStatistics, _ graph: Graph) {
    var named: [ExactName: ValueID] = [:]
    for value in graph.valueIDs { named[ExactName(graph.values[value].name)] = value }
    for alignment in statistics.values {
      guard let name = alignment.value, let value = named[ExactName(name)] else { continue }
      if let layer = graph.layer(behind: value) { lists[layer] = alignment.discrepancies }
    }
  }

  func discrepancies(of layer: NodeID) -> [Double]? { lists[layer] }
}

extension Graph {
  /// Where in the graph's order each node stands.
  fileprivate var nodePlaces: [NodeID: Int] {
    Dictionary(uniqueKeysWithValues: zip(nodeIDs, 0...))
  }

  /// The layer with stored weights whose channels a value has, through what works on them one by one.
  fileprivate func layer(behind value: ValueID) -> NodeID? {
    var next = value
    while let node = producer(of: next) {
      switch nodes[node].op.kind {
      case .conv, .convTranspose, .gemm, .matMul: return node
      case .batchNormalization, .relu, .leakyRelu, .prelu, .clip, .sigmoid, .elu, .selu, .tanh,
        .identity, .dropout, .maxPool, .averagePool:
        guard let data = nodes[node].input(0) else { return nil }
        next = data
      default: return nil
      }
    }
    return nil
  }
}
