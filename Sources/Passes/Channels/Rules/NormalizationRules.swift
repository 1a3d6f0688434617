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
    let keepsConstants =
      kind == .maxPool
      ? !view.mayLieWhollyInPadding(spatial: spatial)
      : !view.mayTouchPadding(spatial: spatial)
        || !view.countIncludePad && !view.mayLieWhollyInPadding(spatial: spatial)
    let keepsZero = kind == .averagePool && !view.mayLieWhollyInPadding(spatial: spatial)
    let transfer: AlignedLink.Transfer =
      keepsConstants
      ? kind == .maxPool ? .copy : .averaging : keepsZero ? .unary(Self.zeroAlone) : .unknown
    return alignedAxes(0...1, transfer: transfer)
  }

  /// Of what is averaged with zeros nothing is known, but for zero itself.
  private static var zeroAlone: UnaryFunction {
    UnaryFunction(evaluate: { $0 == 0 ? 0 : .nan }, isExact: true)
  }

  /// Pooling over all positions: channels stay apart and constants stay constant.
  func globalPooling() -> [AxisLink] { alignedAxes(0...1, transfer: .averaging) }
}
