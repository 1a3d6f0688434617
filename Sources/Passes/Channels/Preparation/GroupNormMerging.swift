internal import IR

/// Makes one operator of a normalisation of groups that a model spells out, for the analysis to follow
/// channels through it; between reshapes they share an axis with positions.
///
/// ```
/// before: %r = Reshape(%x, [0, g, -1])  %n = InstanceNormalization(%r, %γ, %β)  %y = Reshape(%n, Shape(%x))
/// after:  %y = GroupNormalization(%x, %γ', %β') {num_groups = g}
/// ```
///
/// The graph's operator set may not have that operator, so it must not outlive the pass that asks: it is
/// written out with basic operators, which is recorded as legal case 5 of `ChannelPruning`, or separated
/// into three nodes again, which compute what they did and are no change to record.
extension ReshapedGroupNorm {
  /// Makes one GroupNormalization of the three nodes.
  ///
  /// Nil, and nothing is changed, if channels were closed in between.
  func merge(_ rewriter: inout Rewriter) -> NodeID? {
    let inner = [first, norm].compactMap { rewriter.graph.nodes[$0].output(0) }
    guard !inner.contains(where: rewriter.isMarked) else { return nil }
    let row = rewriter.graph.nodes[norm]
    let slots = (0..<groups).flatMap { Array(repeating: $0, count: width) }
    let parameters = (1...2).compactMap { rewriter.graph.constant(row.input($0)) }.map {
      rewriter.addConstant($0.selecting([(0, slots)]), name: rewriter.label(norm) + "_merged")
    }
    let epsilon = row.attributes.filter { $0.name == "epsilon" }
    var draft = NodeDraft(
      Operator(.groupNormalization), name: row.name, inputs: [data] + parameters,
      attributes: epsilon + [Attribute("num_groups", .int(Int64(groups)))], origin: row.origin)
    draft.annotations = row.annotations
    let name = rewriter.freshName(rewriter.label(norm) + "_merged")
    let merged = rewriter.edit { $0.insert(draft, results: [(name, nil)], before: last) }
    if let result = rewriter.graph.nodes[merged].output(0) { takeOver(result, &rewriter) }
    return merged
  }

  /// Gives `result` the readers, the name and the type of the last result, and removes the nodes.
  private func takeOver(_ result: ValueID, _ rewriter: inout Rewriter) {
    let extents = rewriter.graph.nodes[last].input(1)
    rewriter.edit { $0.replaceInput(of: last, at: 0, with: result) }
    rewriter.bypass(last, with: result)
    rewriter.remove(norm)
    rewriter.remove(first)
    rewriter.removeUnread(extents)
    guard !rewriter.graph.isOutput(result) else { return }
    let (type, known) = (rewriter.graph.values[result].type, rewriter.graph.values[data].type)
    rewriter.edit { $0.setType(of: result, to: type?.completed(by: known) ?? known) }
  }

  /// Writes a merged node with three again, whatever groups it has lost.
  static func separate(_ merged: NodeID, _ rewriter: inout Rewriter) {
    let row = rewriter.graph.nodes[merged]
    guard let view = GroupNormalizationView(merged, in: rewriter.graph) else { return }
    let chain = NodeChain(before: merged, label: rewriter.label(merged))
    let channels = rewriter.graph.constant(view.scale)?.count ?? view.groups
    let grouped = chain.grouped(view.data, of: channels, by: view.groups, &rewriter)
    let parameters = [view.scale, view.shift].compactMap { rewriter.graph.constant($0) }.map {
      let firsts = stride(from: 0, to: $0.count, by: $0.count / view.groups)
      return rewriter.addConstant($0.selecting([(0, Array(firsts))]), name: chain.label + "_group")
    }
    let normal = chain.add(
      .instanceNormalization, [grouped] + parameters,
      attributes: row.attributes.filter { $0.name == "epsilon" }, &rewriter)
    let restored = chain.shaped(normal, like: view.data, &rewriter)
    rewriter.edit { $0.replaceInput(of: merged, at: 0, with: restored) }
    rewriter.bypass(merged, with: restored)
  }
}

extension Rewriter {
  /// Removes the node that makes `value`, and what only it reads, as long as nobody reads the results.
  fileprivate mutating func removeUnread(_ value: ValueID?) {
    var pending = [value]
    while let value = pending.popLast() {
      guard let value, graph.contains(value), let node = graph.producer(of: value),
        graph.nodes[node].outputs.allSatisfy({ $0.map { graph.values[$0].uses.isEmpty } ?? true })
      else { continue }
      pending += graph.nodes[node].inputs
      remove(node)
    }
  }
}

extension ValueType {
  /// The same with extents of which nothing is known taken from a type of the same shape.
  fileprivate func completed(by other: ValueType?) -> ValueType {
    guard var tensor, let shape = tensor.shape, let known = other?.tensor?.shape,
      shape.count == known.count
    else { return self }
    tensor.shape = zip(shape, known).map { $0 == .unknown ? $1 : $0 }
    return .tensor(tensor)
  }
}
