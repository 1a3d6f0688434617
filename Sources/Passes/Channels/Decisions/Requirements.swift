internal import IR

/// The slots that a node must be given of one axis of one operand.
struct Requirement: Hashable {
  let input: Int
  let position: Int
  let slots: SlotSet
}

extension Needs {
  /// What `node` must be given, after every value keeps what is needed of it.
  ///
  /// Axes that are not listed are read whole. Dense linear readers and selections take the data as
  /// wide as it is kept; every other reader takes exactly the slots its output keeps.
  func requirements(of node: NodeID) -> [Requirement] {
    model.links[node].flatMap { link in
      requirements(of: link).compactMap { place, slots in
        place.input.map { Requirement(input: $0, position: place.position, slots: slots) }
      }
    }
  }

  /// The slots that each input place of `link` must be given.
  func requirements(of link: AxisLink) -> [(Place, SlotSet)] {
    switch link {
    case .aligned(let link): return link.inputs.map { ($0, self[link.output.axis]) }
    case .linear(let link):
      let (data, output) = (groups(of: link).dataOfLiveGroups, self[link.output.axis])
      let positions = link.groups > 1 ? groups(of: link).positions : nil
      let weights = [
        (link.weightInput, link.isTransposed ? data : positions ?? data),
        (link.weightOutput, link.isTransposed ? positions ?? output : output),
      ]
      return [(link.data, data)] + weights + (link.bias.map { [($0, output)] } ?? [])
    case .contracted(let link):
      let slots = pairs(link)
      return [(link.left, slots), (link.right, slots)]
    case .reduced(let data, _): return [(data, self[data.axis])]
    case .normalized(let link):
      return link.places.filter { $0.input != nil }.map { ($0, slots(of: link)) }
    case .concatenated(let output, let inputs):
      return Array(zip(inputs, parts(of: self[output.axis], among: inputs)))
    case .bordered(let link): return [(link.data, inner(of: link))]
    case .divided(let outputs, let input): return [(input, joined(outputs))]
    case .selected(_, let input, _): return [(input, self[input.axis])]
    case .regrouped(let regrouping):
      let factors = regrouping.keptFactors { self[$0.axis] }
      return regrouping.inputs.map {
        ($0.place, regrouping.product(of: factors, over: $0.factors))
      }
    }
  }

  /// The places where `node` must be given fewer slots than its operand keeps.
  func narrowedUses(of node: NodeID) -> [(link: AxisLink, place: Place, slots: SlotSet)] {
    model.links[node].flatMap { link in
      requirements(of: link).compactMap { place, slots in
        guard let input = place.input, let value = model.graph.nodes[node].input(input),
          model.graph.constant(value) == nil, slots != self[place.axis], !slots.isEmpty
        else { return nil }
        return (link, place, slots)
      }
    }
  }
}
