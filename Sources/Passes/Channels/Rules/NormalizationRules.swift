internal import IR

extension LinkBuilder {
  /// Batch normalisation in inference, with stored parameters: every channel on its own.
  func batchNormalization() -> [AxisLink] {
    guard let view = BatchNormalizationView(node, in: graph), view.isInference,
      let result = output(1), let data = input(0, 1), extent(data) == extent(result)
    else { return [] }
    let parameters = (1...4).compactMap { input($0, 0) }
    guard parameters.count == 4, (1...4).allSatisfy({ constant($0) != nil }),
      parameters.allSatisfy({ extent($0) == extent(result) })
    else { return [] }
    let epsilon = Double(view.epsilon)
    let places = [data] + parameters
    let transfer = AlignedLink.Transfer.combine(places.map(AlignedLink.Source.slots)) { facts in
      guard let scale = facts[1].value, let shift = facts[2].value else { return .unknown }
      if scale == 0 { return facts[2] }
      guard let value = facts[0].value, let mean = facts[3].value, let variance = facts[4].value
      else { return .unknown }
      let normal = (value - mean) / (variance + epsilon).squareRoot()
      let result = Double(Float(scale * normal + shift))
      return result.isFinite ? .constant(result, isExact: false) : .unknown
    }
    let others = (0..<outputRank).filter { $0 != 1 }
    return alignedAxes(others, transfer: .unknown)
      + [.aligned(AlignedLink(output: result, inputs: places, transfer: transfer))]
  }

  /// Pooling with a window: channels stay apart.
  ///
  /// A maximum keeps a constant unless a window can lie wholly in padding, an average unless it
  /// counts padding; zero survives an average in any case.
  func pooling(_ kind: OperatorKind) -> [AxisLink] {
    guard let view = PoolView(node, in: graph), row.output(1) == nil else { return [] }
    let spatial = row.input(0).flatMap { graph.shape(of: $0) }.map { Array($0[2...]) } ?? []
    return alignedAxes(0...1, transfer: transfer(of: view, kind, spatial))
  }

  private func transfer(
    of view: PoolView, _ kind: OperatorKind, _ spatial: Shape
  ) -> AlignedLink.Transfer {
    let mayBeEmpty = view.mayLieWhollyInPadding(spatial: spatial)
    if kind == .maxPool { return mayBeEmpty ? .unknown : .extremum }
    if !view.mayTouchPadding(spatial: spatial) { return .mean }
    return mayBeEmpty ? .unknown : view.countIncludePad ? .bordered(by: 0) : .mean
  }

  /// Pooling over all positions: channels stay apart and constants stay constant.
  func globalPooling(_ kind: OperatorKind) -> [AxisLink] {
    alignedAxes(0...1, transfer: kind == .globalMaxPool ? .extremum : .mean)
  }

  /// Pooling by the root of a sum of powers, which only zero survives.
  func powerPooling() -> [AxisLink] { alignedAxes(0...1, transfer: .zeroAlone) }

  /// Softmax and its kin read all of one axis, or of all from one on; the others stay apart.
  func softmax() -> [AxisLink] {
    guard let view = SoftmaxView(node, in: graph) else { return [] }
    let others = (0..<outputRank).filter {
      view.flattensTrailingAxes ? $0 < view.axis : $0 != view.axis
    }
    return alignedAxes(others, transfer: .unknown)
  }

  /// Operators that mix the slots of one axis and keep those of other axes apart.
  func mixing(axis: Int?) -> [AxisLink] {
    guard let axis else { return [] }
    return alignedAxes((0..<outputRank).filter { $0 != axis }, transfer: .unknown)
  }

  /// Layer and root-mean-square normalisation over the last axes: other axes stay apart.
  ///
  /// Over one axis alone, a slot that is scaled by zero is its shift, and others may be left out as
  /// `NormalizedLink.Constants` says.
  func layerNormalization() -> [AxisLink] {
    guard let axis = LayerNormalizationView(node, in: graph)?.firstAxis else { return [] }
    let others = alignedAxes(0..<axis, transfer: .unknown)
    return axis == outputRank - 1 ? others + normalized(axis: axis, groups: 1) : others
  }

  /// Normalisation of each group of channels, over their positions too: whole groups stay apart.
  func groupNormalization() -> [AxisLink] {
    guard let groups = GroupNormalizationView(node, in: graph)?.groups, let data = input(0, 1),
      extent(data) % groups == 0
    else { return [] }
    return alignedAxes([0], transfer: .unknown) + normalized(axis: 1, groups: groups)
  }

  private func normalized(axis: Int, groups: Int) -> [AxisLink] {
    guard let data = input(0, axis), let result = output(axis), extent(data) == extent(result),
      let scale = channelParameter(1, of: result)
    else { return [] }
    let shift = row.input(2) == nil ? nil : channelParameter(2, of: result)
    guard shift != nil || row.input(2) == nil else { return [] }
    let link = NormalizedLink(
      data: data, output: result, scale: scale, shift: shift, groups: groups,
      constants: treatmentOfConstants)
    return [.normalized(link)]
  }

  private var treatmentOfConstants: NormalizedLink.Constants {
    guard row.input(0).flatMap({ graph.values[$0].elementType }) == .float32 else { return .stay }
    if row.op.kind == .rmsNormalization { return .zerosGo }
    return countedNorms.contains(node) ? .counted : .stay
  }

  /// Normalisation of every channel over its positions: a channel of zeros becomes its shift.
  func instanceNormalization() -> [AxisLink] {
    guard let data = input(0, 1), let result = output(1), extent(data) == extent(result),
      let scale = channelParameter(1, of: result), let shift = channelParameter(2, of: result)
    else { return [] }
    let places = [data, scale, shift]
    let transfer = AlignedLink.Transfer.combine(places.map(AlignedLink.Source.slots)) { facts in
      facts[0].isZero || facts[1].isZero ? facts[2] : .unknown
    }
    return alignedAxes([0], transfer: .unknown)
      + [.aligned(AlignedLink(output: result, inputs: places, transfer: transfer))]
  }

  /// The only axis of a stored operand that has one number a slot.
  private func channelParameter(_ index: Int, of result: Place) -> Place? {
    guard let constant = constant(index), constant.shape == [extent(result)] else { return nil }
    return input(index, 0)
  }
}
