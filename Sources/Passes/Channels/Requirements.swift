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
  /// Axes that are not listed are read whole. Linear readers and selections take the data as wide
  /// as it is kept; every other reader takes exactly the slots its output keeps.
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
      var places = [(link.data, self[link.data.axis]), (link.weightOutput, self[link.output.axis])]
      if let input = link.weightInput { places.append((input, self[link.data.axis])) }
      if let bias = link.bias { places.append((bias, self[link.output.axis])) }
      return places
    case .depthwise(let link, let multiplier):
      let output = self[link.output.axis]
      let owners = SlotSet(extent: link.reader.dataExtent, output.slots.map { $0 / multiplier })
      return [(link.data, owners), (link.weightOutput, output)]
        + (link.bias.map { [($0, output)] } ?? [])
    case .averaged(let data, _): return [(data, self[data.axis])]
    case .concatenated(let output, let inputs):
      return Array(zip(inputs, parts(of: self[output.axis], among: inputs)))
    case .divided(let outputs, let input): return [(input, joined(outputs))]
    case .selected(_, let input, _): return [(input, self[input.axis])]
    case .regrouped(let regrouping):
      let factors = regrouping.projections { self[$0.axis] }
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
