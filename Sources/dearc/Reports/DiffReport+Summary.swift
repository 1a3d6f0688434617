extension DiffReport {
  /// One sentence for what the difference comes to.
  var sentence: String {
    switch verdict {
    case .identical: "The models are the same."
    case .weights: "The same architecture with other weights."
    case .changed: changes
    case .unrelated:
      "The models have little in common: hardly a node has the same around it, and "
        + "\(layers.count(where: \.isKnownByWeights)) of \(layers.count) layers the same weights."
    }
  }

  private var changes: String {
    let removed = channelGroups.reduce(0) { $0 + $1.removedCount }
    let parts = [
      (removed, "channel", "removed"), (nodes.folded.count, "node", "folded"),
      (nodes.unfolded.count, "node", "taken apart"), (nodes.removed.count, "node", "removed"),
      (nodes.added.count, "node", "added"), (nodes.rewired.count, "node", "rewired"),
      (nodes.attributes.count, "attribute", "changed"),
    ].filter { $0.0 > 0 }.map { count, noun, fate in
      "\(Quantities.grouped(count)) \(noun)\(count == 1 ? "" : "s") \(fate)"
    }
    let kept =
      "\(Quantities.grouped(nodes.pairs.count)) of \(Quantities.grouped(before.counts.nodes)) nodes are in "
      + "both"
    return kept + (parts.isEmpty ? "." : "; " + parts.joined(separator: ", ") + ".")
  }

  /// What is counted, before, after, and the change.
  var countRows: [[String]] {
    let (old, new) = (before.counts, after.counts)
    func row(_ title: String, _ old: Int, _ new: Int, _ text: (Int) -> String) -> [String] {
      [title, text(old), text(new), Quantities.change(from: old, to: new)]
    }
    var rows = [
      row("nodes", old.nodes, new.nodes, Quantities.grouped),
      row("parameters", old.parameters, new.parameters, Quantities.grouped),
    ]
    if let first = old.macs, let second = new.macs {
      rows.append(row("multiplications", first, second, Quantities.scaled))
    }
    if let first = old.activationBytes, let second = new.activationBytes {
      rows.append(row("activation memory", first, second, Quantities.bytes))
    }
    return rows + [row("bytes", old.fileBytes, new.fileBytes, Quantities.bytes)]
  }

  /// The nodes of both models that cost more or less than before, the greatest changes first.
  ///
  /// A bias that a fold left is next to nothing.
  var costChanges: [NodeDiffReport.Pair] {
    func change(_ pair: NodeDiffReport.Pair) -> [Int] {
      let (old, new) = (pair.costBefore, pair.costAfter)
      return [
        abs((old.macs ?? 0) - (new.macs ?? 0)), abs(old.parameters - new.parameters),
        abs((old.activationBytes ?? 0) - (new.activationBytes ?? 0)),
      ]
    }
    return nodes.pairs.filter { $0.costBefore.isNotable(beside: $0.costAfter) }.enumerated()
      .map { ($0.element, change($0.element), $0.offset) }
      .sorted { left, right in
        left.1 == right.1 ? left.2 < right.2 : right.1.lexicographicallyPrecedes(left.1)
      }.map(\.0)
  }

  /// Layers that keep the same channels, such as those whose results are added.
  struct ChannelGroup {
    let first: LayerReport
    var layers: [String]

    var removedCount: Int { max(first.channelsBefore - first.channelsAfter, 0) }
  }

  /// The layers whose channels changed, those with the same ones together.
  var channelGroups: [ChannelGroup] {
    var groups: [ChannelGroup] = []
    var places: [[Int?]: Int] = [:]
    for layer in layers where layer.isChanged {
      if layer.unknownCount == 0, let place = places[layer.channels],
        groups[place].first.channelsBefore == layer.channelsBefore
      {
        groups[place].layers.append(layer.before)
      } else {
        places[layer.channels] = groups.count
        groups.append(ChannelGroup(first: layer, layers: [layer.before]))
      }
    }
    return groups
  }
}
