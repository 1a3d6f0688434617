internal import IR

extension LinkBuilder {
  /// Axes change places.
  func transpose() -> [AxisLink] {
    guard let view = TransposeView(node, in: graph) else { return [] }
    return view.permutation.enumerated().compactMap { position, source in
      guard let data = input(0, source), let result = output(position) else { return nil }
      return .aligned(AlignedLink(output: result, inputs: [data], transfer: .copy))
    }
  }

  /// Operands follow each other on one axis and line up on the others.
  func concat() -> [AxisLink] {
    guard let view = ConcatView(node, in: graph), !row.inputs.contains(nil) else { return [] }
    return (0..<outputRank).compactMap { position in
      let places = row.inputs.indices.compactMap { input($0, position) }
      guard places.count == row.inputs.count, let result = output(position) else { return nil }
      guard position == view.axis else {
        let transfer = AlignedLink.Transfer.combine(places.map(AlignedLink.Source.slots), agreed)
        return .aligned(AlignedLink(output: result, inputs: places, transfer: transfer))
      }
      guard places.reduce(0, { $0 + extent($1) }) == extent(result) else { return nil }
      return .concatenated(output: result, inputs: places)
    }
  }

  /// Results follow each other on one axis of the data; on the others they all have its slots.
  func split() -> [AxisLink] {
    guard let view = SplitView(node, in: graph), let sizes = view.sizes,
      let data = input(0, view.axis), !row.outputs.contains(nil)
    else { return [] }
    let parts = row.outputs.indices.compactMap { place(.output($0), view.axis) }
    guard parts.count == row.outputs.count, parts.map(extent) == sizes,
      sizes.reduce(0, +) == extent(data), !sizes.contains(0)
    else { return [] }
    let others = (0..<outputRank).filter { $0 != view.axis }.compactMap(copiedByAll)
    return others + [.divided(outputs: parts, input: data)]
  }

  private func copiedByAll(_ position: Int) -> AxisLink? {
    let results = row.outputs.indices.compactMap { place(.output($0), position) }
    guard let data = input(0, position), results.count == row.outputs.count,
      let first = results.first
    else { return nil }
    return .aligned(
      AlignedLink(
        output: first, siblings: Array(results.dropFirst()), inputs: [data], transfer: .copy))
  }

  /// A range of each sliced axis; other axes are copied.
  func slice() -> [AxisLink] {
    guard let view = SliceView(node, in: graph) else { return sliceByComputedBounds() }
    return (0..<outputRank).compactMap { position in
      guard let data = input(0, position), let result = output(position) else { return nil }
      guard let slice = view.slices.last(where: { $0.axis == position }) else {
        return .aligned(AlignedLink(output: result, inputs: [data], transfer: .copy))
      }
      let taken = slice.resolved(extent: extent(data))
      guard taken.count == extent(result), taken.count > 0,
        view.slices.count(where: { $0.axis == position }) == 1
      else { return nil }
      let indices = (0..<taken.count).map { taken.start + $0 * taken.step }
      return .selected(output: result, input: data, indices: indices)
    }
  }

  /// A range that is computed when running, of stored axes; other axes are copied.
  private func sliceByComputedBounds() -> [AxisLink] {
    guard graph.version >= 10, let axes = constant(3)?.integers else { return [] }
    let sliced = axes.map { $0 < 0 ? $0 + Int64(outputRank) : $0 }
    return alignedAxes(
      (0..<outputRank).filter { !sliced.contains(Int64($0)) }, transfer: .copy)
  }

  /// Indices into one axis, whose axes take its place; other axes are copied.
  func gather() -> [AxisLink] {
    guard let view = GatherView(node, in: graph), let dataRank = rank(ofInput: 0),
      let indicesRank = rank(ofInput: 1)
    else { return [] }
    let others = (0..<dataRank).filter { $0 != view.axis }.compactMap { position -> AxisLink? in
      let moved = position < view.axis ? position : position + indicesRank - 1
      guard let data = input(0, position), let result = output(moved) else { return nil }
      return .aligned(AlignedLink(output: result, inputs: [data], transfer: .copy))
    }
    return others + (selection(view, indicesRank).map { [$0] } ?? [])
  }

  /// What a Gather of stored indices makes of the axis that it indexes, if no axes take its place but one.
  private func selection(_ view: GatherView, _ indicesRank: Int) -> AxisLink? {
    guard indicesRank <= 1, constant(1) != nil, let data = input(0, view.axis),
      let indices = view.constantIndices(in: graph), !indices.isEmpty
    else { return nil }
    if indicesRank == 0 { return .selected(output: nil, input: data, indices: indices) }
    return output(view.axis).map { .selected(output: $0, input: data, indices: indices) }
  }
}

/// The constant that all parts are, if they are the same.
@Sendable
private func agreed(_ facts: [SlotFact]) -> SlotFact {
  guard let first = facts.first, facts.allSatisfy({ $0.value == first.value }) else {
    return .unknown
  }
  return facts.first { $0 != first } ?? first
}
