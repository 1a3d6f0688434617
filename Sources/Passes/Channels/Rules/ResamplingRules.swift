internal import IR

extension LinkBuilder {
  /// Resize and Upsample: axes that keep their size keep their slots.
  ///
  /// Interpolation weighs by numbers that sum to one, so constants stay as they are; what is taken
  /// from beyond the data is another number.
  func resize() -> [AxisLink] {
    guard let view = ResizeView(node, in: graph), view.aspectRatioPolicy == "stretch" else {
      return []
    }
    let isCropping = view.coordinateTransformation == "tf_crop_and_resize"
    let transfer: AlignedLink.Transfer =
      isCropping ? .unknown : view.mode == .nearest ? .copy : .mean
    let kept = (0..<outputRank).filter { keepsSize($0, view) }
    return isCropping && view.axes == nil ? [] : alignedAxes(kept, transfer: transfer)
  }

  /// Whether the axis is not resized at all; one that is, to its own size, is not told apart.
  private func keepsSize(_ axis: Int, _ view: ResizeView) -> Bool {
    if let axes = view.axes, !axes.contains(axis) { return true }
    let position = view.axes?.firstIndex(of: axis) ?? axis
    if let scales = view.scales {
      return scales.indices.contains(position) && scales[position] == 1
    }
    return view.sizesOperand != nil && canAdaptShape
  }

  /// Whether the extents that the node is told can follow its data: they are stored, or can be replaced
  /// by others when running.
  var canAdaptShape: Bool {
    guard let (operand, _) = graph.shapeOperand(of: node) else { return false }
    return constant(operand) != nil || graph.version >= ExtentOverride.earliestVersion
  }

  /// Padding: axes that get no border keep their slots; one that gets a border has further ones.
  func pad() -> [AxisLink] {
    guard let view = PadView(node, in: graph) else { return padByComputedBorders() }
    guard view.begins.count == outputRank else { return [] }
    let padded = (0..<outputRank).filter { view.begins[$0] != 0 || view.ends[$0] != 0 }
    let hasBorder = padded.contains { view.begins[$0] > 0 || view.ends[$0] > 0 }
    let transfer: AlignedLink.Transfer =
      hasBorder && view.mode == .constant ? border(view.value) : .copy
    return alignedAxes((0..<outputRank).filter { !padded.contains($0) }, transfer: transfer)
      + padded.compactMap { bordered($0, view) }
  }

  /// An axis whose border holds one number.
  private func bordered(_ axis: Int, _ view: PadView) -> AxisLink? {
    guard view.mode == .constant, view.begins[axis] >= 0, view.ends[axis] >= 0,
      let data = input(0, axis), let result = output(axis),
      extent(result) == view.begins[axis] + extent(data) + view.ends[axis]
    else { return nil }
    let filler = view.value.map { SlotFact.constant($0, isExact: true) } ?? .unknown
    let others = (0..<outputRank).filter { $0 != axis }
    return .bordered(
      BorderedLink(
        output: result, data: data, before: view.begins[axis], filler: filler,
        surroundsSlots: others.contains { view.begins[$0] > 0 || view.ends[$0] > 0 }))
  }

  /// The same where borders are computed, as for the size that TensorFlow calls same: on axes for which
  /// the border is known to be none.
  private func padByComputedBorders() -> [AxisLink] {
    guard graph.version >= 11, row.input(3) == nil,
      let pads = row.input(1).flatMap({ inference?.partialTensor(of: $0) }),
      pads.elements.count == 2 * outputRank
    else { return [] }
    let unpadded = (0..<outputRank).filter {
      pads.elements[$0] == .integer(0) && pads.elements[$0 + outputRank] == .integer(0)
    }
    let mode = graph.attribute(node, "mode", default: "constant")
    let fill = row.input(2) == nil ? 0 : constant(2)?.uniformFact.value
    return alignedAxes(unpadded, transfer: mode == "constant" ? border(fill) : .copy)
  }

  /// A constant stays one beside a border of the same number.
  private func border(_ value: Double?) -> AlignedLink.Transfer {
    guard let value else { return .unknown }
    return .bordered(by: value)
  }

  /// Expand: axes that keep their size keep their slots; one that is repeated has none to tell apart.
  func expand() -> [AxisLink] {
    guard let rank = rank(ofInput: 0), canAdaptShape else { return [] }
    return (0..<rank).compactMap { position in
      let target = position + outputRank - rank
      guard let data = input(0, position), let result = output(target),
        extent(data) == extent(result)
      else { return nil }
      return .aligned(AlignedLink(output: result, inputs: [data], transfer: .copy))
    }
  }

  /// Depth to space and back: channels are blocks of positions times depth.
  ///
  /// Only depth has slots on both sides, so whole blocks go.
  func depthSpace(_ kind: OperatorKind) -> [AxisLink] {
    guard let view = DepthSpaceView(node, in: graph), let data = input(0, 1),
      let result = output(1)
    else { return [] }
    let isSplit = kind == .depthToSpace
    let (block, depth) = (view.blockSize * view.blockSize, extent(isSplit ? result : data))
    guard block > 1, depth > 0, extent(isSplit ? data : result) == block * depth else { return [] }
    let isBlockOuter = !isSplit || view.order == .depthColumnRow
    let whole = Regrouping.Member(place: isSplit ? data : result, factors: 0..<2)
    let part = Regrouping.Member(
      place: isSplit ? result : data, factors: isBlockOuter ? 1..<2 : 0..<1)
    let link = Regrouping(
      factors: isBlockOuter ? [block, depth] : [depth, block],
      inputs: [isSplit ? whole : part], outputs: [isSplit ? part : whole])
    return alignedAxes([0], transfer: .unknown) + [.regrouped(link)]
  }
}
