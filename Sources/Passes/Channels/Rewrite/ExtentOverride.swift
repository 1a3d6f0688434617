internal import IR

/// Replaces the extents that a node is told by those that its result has once slots are gone.
///
/// ```
/// before: %y = Reshape(%x, %t)            %t computed, element 1 known to be 64
/// after:  %u = Where([0, 1, 0], [0, 60, 0], %t)   %y = Reshape(%x, %u)
/// ```
struct ExtentOverride {
  /// The first operator set in which Where exists.
  static let earliestVersion = 9

  let node: NodeID
  let needs: Needs

  /// Nil unless extents that the node is told, or those of its result, are no longer what they were.
  init?(_ node: NodeID, needs: Needs) {
    let linked = needs.model.links[node].flatMap(\.places).map(\.axis)
    guard (linked + needs.model.extents.told[node]).contains(where: needs.isNarrowed) else {
      return nil
    }
    self.node = node
    self.needs = needs
  }

  func run(on rewriter: inout Rewriter) {
    guard let (input, axes) = needs.model.graph.shapeOperand(of: node),
      let operand = rewriter.graph.nodes[node].input(input)
    else { return }
    let counts = axes.map(count)
    if let stored = rewriter.graph.constant(operand)?.integers {
      replace(operand, at: input, by: stated(stored, counts), instead: stored, &rewriter)
    } else if let known = counts.allKnown {
      replace(operand, at: input, by: known, instead: nil, &rewriter)
    } else {
      override(operand, at: input, counts, &rewriter)
    }
  }

  /// The slots that the result keeps on `axis`, if its extent is known.
  private func count(_ axis: Int) -> Int64? {
    guard let result = needs.model.graph.nodes[node].output(0),
      let axis = needs.model.axes.id(of: result, axis: axis), needs.model.axes.extent(axis) != nil
    else { return nil }
    return Int64(needs[axis].count)
  }

  /// The extents to store in place of others.
  ///
  /// Also where the model wrote 0: the axis it copies may be another than the result's axis is made
  /// from, and may have lost slots. What is to be worked out still is.
  private func stated(_ stored: [Int64], _ counts: [Int64?]) -> [Int64] {
    zip(stored, counts).map { written, count in written >= 0 ? count ?? written : written }
  }

  private func replace(
    _ operand: ValueID, at input: Int, by extents: [Int64], instead stored: [Int64]?,
    _ rewriter: inout Rewriter
  ) {
    guard extents != stored else { return }
    let constant = Constant(extents, shape: [extents.count])
    let name = rewriter.graph.values[operand].name + "_kept"
    install(rewriter.addConstant(constant, name: name), at: input, extents, &rewriter)
  }

  private func override(
    _ operand: ValueID, at input: Int, _ counts: [Int64?], _ rewriter: inout Rewriter
  ) {
    let name = rewriter.freshName(rewriter.graph.values[operand].name + "_kept")
    let literals = Constant(counts.map { $0 ?? 0 }, shape: [counts.count])
    guard
      let isKnown = Constant(
        bytes: counts.map { $0 == nil ? 0 : 1 }, elementType: .bool, shape: [counts.count])
    else { return }
    let operands = [
      rewriter.addConstant(isKnown, name: name + "_known"),
      rewriter.addConstant(literals, name: name + "_extents"), operand,
    ]
    let draft = NodeDraft(
      Operator(.where), name: name, inputs: operands, origin: .pass(ChannelPruning.name))
    let type = rewriter.graph.values[operand].type
    let adapted = rewriter.edit { graph in
      let added = graph.insert(draft, results: [(name, type)], before: node)
      return graph.nodes[added].outputs[0] ?? operand
    }
    install(adapted, at: input, counts.compactMap { $0 }, &rewriter)
  }

  private func install(
    _ operand: ValueID, at input: Int, _ extents: [Int64], _ rewriter: inout Rewriter
  ) {
    let label = rewriter.label(node)
    let detail = "\(needs.model.graph.nodes[node].op.type) to \(extents)"
    rewriter.apply(ChannelPruning.removal, to: label, detail) {
      $0.replaceInput(of: node, at: input, with: operand)
    }
  }
}

extension [Int64?] {
  fileprivate var allKnown: [Int64]? {
    let known = compactMap { $0 }
    return known.count == count ? known : nil
  }
}
