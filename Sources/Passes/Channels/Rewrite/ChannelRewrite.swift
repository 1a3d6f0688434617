internal import IR

/// Removes the slots that no axis keeps, in one walk over the graph.
///
/// ```
/// before: %3 = Conv(%1, %w, %b)          w: f32[64, 32, 3, 3], channels 5 and 9 of %3 unread
/// after:  %3 = Conv(%1, %w, %b)          w: f32[62, 32, 3, 3]
/// ```
///
/// An operand that is kept wider than one of its readers needs is narrowed on that use alone, by
/// a Slice where the slots are neighbours and by a Gather where they are not:
///
/// ```
/// before: %9 = Add(%id, %3)              %id is read in full elsewhere
/// after:  %8 = Gather(%id, [0, 1, …])    %9 = Add(%8, %3)
/// ```
struct ChannelRewrite {
  let needs: Needs
  private var cutter: ConstantCutter
  private var narrowed: [NarrowedUse: ValueID] = [:]

  private struct NarrowedUse: Hashable {
    let value: ValueID
    let position: Int
    let slots: SlotSet
  }

  init(_ needs: Needs) {
    self.needs = needs
    cutter = ConstantCutter(needs)
  }

  mutating func run(on rewriter: inout Rewriter) {
    for node in needs.model.order { rewrite(node, &rewriter) }
    for node in needs.model.order { adaptTypes(of: node, &rewriter) }
  }

  private mutating func rewrite(_ node: NodeID, _ rewriter: inout Rewriter) {
    let requirements = needs.requirements(of: node)
    guard !requirements.isEmpty || !needs.model.extents.told[node].isEmpty else { return }
    let absorption = BiasAbsorption(node, needs: needs)
    let groups = needs.model.links[node].firstLinear.map(needs.groups)
    for input in needs.model.graph.nodes[node].inputs.indices {
      guard let value = needs.model.graph.nodes[node].inputs[input] else { continue }
      let own = requirements.filter { $0.input == input }
      if needs.model.graph.constant(value) != nil {
        let isWeight = input == groups?.link.weightOutput.input
        let edit = ConstantCutter.Edit(
          elements: absorption?.edited(input), groups: isWeight ? groups : nil)
        cutter.cut(value, of: node, input: input, to: own, edit, &rewriter)
      } else {
        narrow(value, of: node, input: input, to: own, &rewriter)
      }
    }
    absorption?.addBias(&rewriter)
    AttributeAdaptation(node, needs: needs).run(on: &rewriter)
  }

  /// Puts a Slice or Gather before operand `input` for each axis that the node needs less of.
  private mutating func narrow(
    _ value: ValueID, of node: NodeID, input: Int, to requirements: [Requirement],
    _ rewriter: inout Rewriter
  ) {
    // An earlier step may have put another value in its place, with the same slots.
    let operand = rewriter.graph.nodes[node].input(input) ?? value
    var current = operand
    for requirement in requirements {
      guard let axis = needs.model.axes.id(of: value, axis: requirement.position),
        requirement.slots != needs[axis], !requirement.slots.isEmpty
      else { continue }
      let use = NarrowedUse(
        value: current, position: requirement.position, slots: requirement.slots)
      if let known = narrowed[use] {
        current = known
      } else {
        let ranks = needs[axis].ranks
        let indices = requirement.slots.slots.compactMap { ranks[$0] }
        current = rewriter.insertSelection(
          of: current, axis: requirement.position, indices: indices, before: node)
        narrowed[use] = current
      }
    }
    if current != operand {
      rewriter.edit { $0.replaceInput(of: node, at: input, with: current) }
    }
  }

  /// Records the extents that the node's results have now.
  private func adaptTypes(of node: NodeID, _ rewriter: inout Rewriter) {
    for case let output? in needs.model.graph.nodes[node].outputs
    where rewriter.graph.contains(output) {
      guard case .tensor(var type)? = rewriter.graph.values[output].type, var shape = type.shape
      else { continue }
      for position in shape.indices {
        guard let axis = needs.model.axes.id(of: output, axis: position), needs.isNarrowed(axis)
        else { continue }
        shape[position] = .known(needs[axis].count)
      }
      guard shape != type.shape else { continue }
      type.shape = shape
      rewriter.edit { $0.setType(of: output, to: .tensor(type)) }
    }
  }
}
