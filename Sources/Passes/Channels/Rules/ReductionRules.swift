internal import IR

extension LinkBuilder {
  /// A reduction: slots of reduced axes may be left out where they add nothing, or a known number;
  /// other axes keep their slots.
  func reduction(_ kind: OperatorKind) -> [AxisLink] {
    guard let view = ReductionView(node, in: graph), let rank = rank(ofInput: 0) else { return [] }
    let axes = view.axes ?? Array(0..<rank)
    return keptAxes(besides: axes, rank: rank, keepDims: view.keepDims, kind: kind)
      + reducedAxes(axes, kind: kind)
  }

  private func reducedAxes(_ axes: [Int], kind: OperatorKind) -> [AxisLink] {
    guard let reduction = reduction(of: kind, over: axes) else { return [] }
    return axes.compactMap { input(0, $0) }.map { .reduced(data: $0, reduction) }
  }

  /// Nil where every slot counts, be it zero.
  ///
  /// A mean is scaled back to the original count, which is done for one axis of 32-bit floats.
  private func reduction(of kind: OperatorKind, over axes: [Int]) -> Reduction? {
    let isPlain = axes.count == 1 && elementType == .float32
    if isPlain, countedNorms.contains(node), let norm = WrittenOutNorm(around: node, in: graph),
      let axis = self.axes.id(of: norm.data, axis: norm.axis), self.axes.extent(axis) != nil
    {
      return .variance(axis: axis, of: norm)
    }
    switch kind {
    case .reduceMean: return isPlain ? .mean : nil
    case .reduceSum: return isPlain ? .sum : .zeroNeutral
    case .reduceL1, .reduceL2, .reduceSumSquare: return .zeroNeutral
    default: return nil
    }
  }

  private var elementType: ElementType? {
    row.input(0).flatMap { graph.values[$0].elementType }
  }

  private func keptAxes(
    besides axes: [Int], rank: Int, keepDims: Bool, kind: OperatorKind
  ) -> [AxisLink] {
    var position = 0
    var links: [AxisLink] = []
    for axis in 0..<rank {
      if axes.contains(axis) {
        if keepDims { position += 1 }
        continue
      }
      if let data = input(0, axis), let result = output(position), extent(data) == extent(result) {
        let link = AlignedLink(output: result, inputs: [data], transfer: transfer(of: kind))
        links.append(.aligned(link))
      }
      position += 1
    }
    return links
  }

  /// What becomes of a slot that is constant over the reduced positions.
  private func transfer(of kind: OperatorKind) -> AlignedLink.Transfer {
    switch kind {
    case .reduceMean: .mean
    case .reduceMax, .reduceMin: .extremum
    case .reduceSum, .reduceL1, .reduceL2, .reduceSumSquare: .zeroAlone
    default: .unknown
    }
  }
}
