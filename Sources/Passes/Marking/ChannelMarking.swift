internal import IR

/// Closes channels by a gate: a product with zeros and ones.
///
/// ```
/// before: %3 = Relu(%2)                        %4 = GlobalAveragePool(%3)
/// after:  %3 = Relu(%2)  %5 = Mul(%3, %gate)   %4 = GlobalAveragePool(%5)
/// ```
///
/// Unlike every other pass, it changes what the graph computes: that is what was asked for. The
/// marked graph is what all later passes must keep, and what a result is compared with.
///
/// Cases:
/// 1. *gate*: the value that was named.
/// 2. *group*: that value, and transitively every computed operand of a sum, difference, minimum,
///    maximum or concatenation it is made by, at the same channels. Steps that map each channel on
///    its own, such as activations and batch normalisation, are passed through; layers with weights
///    and products end the walk.
///
/// Runs first, on the graph as the caller knows it.
enum ChannelMarking {
  static let name = "mark-channels"
  static let gate = RewriteRule(pass: name, number: 1, title: "close channels of a value")
  static let group = RewriteRule(
    pass: name, number: 2, title: "close channels of what a value is a sum of")

  static func pass(_ marks: [ChannelMark]) -> Pass {
    Pass(
      name: name, summary: "Multiply channels that are to go by zero.", rules: [gate, group],
      run: { run(marks, &$0) })
  }

  private static func run(_ marks: [ChannelMark], _ rewriter: inout Rewriter) {
    let graph = rewriter.graph
    for mark in marks {
      guard let value = graph.valueIDs.first(where: { graph.hasName($0, mark.value) }) else {
        continue
      }
      close(mark.closed, of: value, axis: mark.axis, rule: gate, &rewriter)
      guard mark.scope == .group else { continue }
      for operand in CoupledGroup(of: value, axis: mark.axis, mark.closed, in: graph).operands {
        close(operand.slots.slots, of: operand.value, axis: operand.axis, rule: group, &rewriter)
      }
    }
  }

  private static func close(
    _ channels: [Int], of value: ValueID, axis: Int, rule: RewriteRule,
    _ rewriter: inout Rewriter
  ) {
    rewriter.note(
      PlacedMark(value: value, axis: axis, closed: channels, isRequested: rule == gate))
    let row = rewriter.graph.values[value]
    guard let extent = row.shape?[axis].count, let rank = row.shape?.count,
      let type = row.elementType
    else { return }
    var numbers = Array(repeating: 1.0, count: extent)
    for channel in channels { numbers[channel] = 0 }
    var shape = Array(repeating: 1, count: rank)
    shape[axis] = extent
    guard let gate = Constant(rounding: numbers, as: type, shape: shape) else { return }
    let stored = rewriter.addConstant(gate, name: row.name + ".gate")
    rewriter.append(.mul, stored, behind: value, rule: rule, "closes \(channels.count) channels")
  }
}

/// What a value is a sum or a concatenation of, directly or through steps that keep channels apart.
private struct CoupledGroup {
  struct Operand {
    let value: ValueID
    let axis: Int
    var slots: SlotSet
  }

  /// The operands, each once, those nearest to the value first.
  private(set) var operands: [Operand] = []
  private let model: ChannelModel

  init(of value: ValueID, axis: Int, _ closed: [Int], in graph: Graph) {
    model = ChannelModel(graph)
    guard let start = model.axes.id(of: value, axis: axis), let extent = model.axes.extent(start)
    else { return }
    visit(start, SlotSet(extent: extent, closed))
  }

  private mutating func visit(_ start: AxisID, _ slots: SlotSet) {
    var pending = [(axis: start, slots: slots)]
    while let (axis, slots) = pending.popLast() {
      let value = model.axes.places[axis.index].value
      guard let node = model.graph.producer(of: value) else { continue }
      for (place, part, isOperand) in steps(to: axis, slots, through: node) {
        if isOperand, !add(place, part) { continue }
        pending.append((place.axis, part))
      }
    }
  }

  /// Where the slots come from, and whether they are operands of a sum or concatenation.
  private func steps(
    to axis: AxisID, _ slots: SlotSet, through node: NodeID
  ) -> [(Place, SlotSet, isOperand: Bool)] {
    for link in model.links[node] {
      switch link {
      case .aligned(let link) where link.outputs.contains(where: { $0.axis == axis }):
        let computed = link.inputs.filter { isComputed($0, of: node) }
        guard computed.count > 1 else { return computed.map { ($0, slots, false) } }
        return adds(node) ? computed.map { ($0, slots, true) } : []
      case .concatenated(let output, let inputs) where output.axis == axis:
        var start = 0
        return inputs.map { input in
          let extent = model.axes.extent(input.axis) ?? 0
          defer { start += extent }
          let part = (0..<extent).filter { slots.contains(start + $0) }
          return (input, SlotSet(extent: extent, part), true)
        }.filter { !$0.1.isEmpty }
      default: continue
      }
    }
    return []
  }

  private func adds(_ node: NodeID) -> Bool {
    switch model.graph.nodes[node].op.kind {
    case .add, .sub, .min, .max: true
    default: false
    }
  }

  private func isComputed(_ place: Place, of node: NodeID) -> Bool {
    guard let input = place.input, let value = model.graph.nodes[node].input(input) else {
      return false
    }
    return model.graph.producer(of: value) != nil
  }

  /// Notes an operand; false if all its slots are noted already.
  private mutating func add(_ place: Place, _ slots: SlotSet) -> Bool {
    let (value, axis) = model.axes.places[place.axis.index]
    if let known = operands.firstIndex(where: { $0.value == value && $0.axis == axis }) {
      return operands[known].slots.formUnion(slots)
    }
    operands.append(Operand(value: value, axis: axis, slots: slots))
    return true
  }
}

extension Graph {
  /// Whether `value` is called `name`, byte for byte.
  func hasName(_ value: ValueID, _ name: String) -> Bool {
    ExactName(values[value].name) == ExactName(name)
  }
}
