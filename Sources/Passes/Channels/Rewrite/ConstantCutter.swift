internal import IR

/// Cuts stored tensors down to the slots that their readers are given.
///
/// A constant keeps its name if all its readers want the same slots; else each group of readers
/// that agree gets a copy.
struct ConstantCutter {
  private let model: ChannelModel
  /// What all readers of a constant want, where they agree.
  private var agreed: SideTable<ValueID, [Cut]?>
  private var isSeen: SideTable<ValueID, Bool>
  private var copies: [Copy: ValueID] = [:]
  private var isReplaced: SideTable<ValueID, Bool>

  /// One axis and the slots wanted of it.
  private struct Cut: Hashable {
    let position: Int
    let slots: SlotSet
  }

  private struct Copy: Hashable {
    let value: ValueID
    let cuts: [Cut]
  }

  /// What one reader wants of a constant besides its slots.
  struct Edit {
    /// Other elements, at the original extents.
    let elements: Constant?
    /// How a linear operator with several groups cuts its weights.
    let groups: ChannelGroups?
  }

  init(_ needs: Needs) {
    model = needs.model
    let count = needs.model.graph.values.count
    agreed = SideTable(count: count, initial: nil)
    isSeen = SideTable(count: count, initial: false)
    isReplaced = SideTable(count: count, initial: false)
    for node in model.order {
      let requirements = needs.requirements(of: node)
      for (input, value) in model.graph.nodes[node].inputs.enumerated() {
        guard let value, model.graph.constant(value) != nil,
          let cuts = cuts(requirements, of: input)
        else { continue }
        note(cuts, of: value)
      }
    }
  }

  private mutating func note(_ cuts: [Cut], of value: ValueID) {
    if !isSeen[value] {
      isSeen[value] = true
      agreed[value] = cuts
    } else if agreed[value] != cuts {
      agreed[value] = nil
    }
  }

  /// Nil if nothing is wanted of the operand, which is then left out.
  private func cuts(_ requirements: [Requirement], of input: Int) -> [Cut]? {
    let own = requirements.filter { $0.input == input && !$0.slots.isFull }
    guard !own.contains(where: \.slots.isEmpty) else { return nil }
    return own.map { Cut(position: $0.position, slots: $0.slots) }
      .sorted { $0.position < $1.position }
  }

  /// Gives operand `input` of `node` just the slots it requires.
  ///
  /// What is edited is for this reader alone.
  mutating func cut(
    _ value: ValueID, of node: NodeID, input: Int, to requirements: [Requirement], _ edit: Edit,
    _ rewriter: inout Rewriter
  ) {
    guard let original = model.graph.constant(value), let cuts = cuts(requirements, of: input),
      !cuts.isEmpty || edit.elements != nil
    else { return }
    let elements = edit.elements ?? original
    let regrouped = edit.groups?.cut(elements)
    let isEdited = edit.elements != nil || regrouped != nil
    let isAlone = model.graph.values[value].uses.count == 1
    let name = model.graph.values[value].name
    let detail = describe(cuts, of: original)
    if isEdited ? isAlone : agreed[value] == cuts && readersAreNodes(value) {
      guard !isReplaced[value] else { return }
      isReplaced[value] = true
      let narrow = regrouped ?? elements.selecting(cuts.map { ($0.position, $0.slots.slots) })
      rewriter.apply(ChannelPruning.removal, to: name, detail) {
        $0.replaceConstant(value, with: narrow)
      }
      return
    }
    let key = Copy(value: value, cuts: cuts)
    let copy: ValueID
    if !isEdited, let known = copies[key] {
      copy = known
    } else {
      let narrow = regrouped ?? elements.selecting(cuts.map { ($0.position, $0.slots.slots) })
      copy = rewriter.addConstant(narrow, name: name + "_kept")
      if !isEdited { copies[key] = copy }
    }
    rewriter.apply(ChannelPruning.removal, to: name, detail) {
      $0.replaceInput(of: node, at: input, with: copy)
    }
  }

  private func readersAreNodes(_ value: ValueID) -> Bool {
    model.graph.values[value].uses.allSatisfy { if case .node = $0 { true } else { false } }
  }

  private func describe(_ cuts: [Cut], of constant: Constant) -> String {
    let parts = cuts.map {
      "axis \($0.position) from \(constant.shape[$0.position]) to \($0.slots.count)"
    }
    return parts.isEmpty ? "elements adapted" : parts.joined(separator: ", ")
  }
}
