extension Graph {
  /// How the axes of a Reshape, Flatten, Squeeze or Unsqueeze correspond before and after.
  ///
  /// Shapes are those recorded in the graph. Returns nil for other operators, and where a rank is
  /// not known or both shapes cannot hold the same elements.
  public func axisFactorization(of node: NodeID) -> AxisFactorization? {
    let row = nodes[node]
    guard let data = row.input(0).flatMap({ shape(of: $0) }),
      let result = row.output(0).flatMap({ shape(of: $0) }), data.count <= Axis.maximalRank,
      result.count <= Axis.maximalRank
    else { return nil }
    let input = data.map(\.valid)
    let output = result.map(\.valid)
    switch row.op.kind {
    case .reshape:
      guard let view = ReshapeView(node, in: self) else { return nil }
      return AxisFactorization(from: input, to: output, copying: view)
    case .flatten:
      guard let view = FlattenView(node, in: self), output.count == 2 else { return nil }
      let cuts = [(0, 0), (view.axis, 1), (input.count, 2)]
      return AxisFactorization(
        from: input, to: output,
        cuts: cuts.map { AxisFactorization.Cut(input: $0.0, output: $0.1) })
    case .squeeze:
      guard let view = SqueezeView(node, in: self) else { return nil }
      return AxisFactorization(shorter: output, longer: input, ones: view.axes)?.inverted
    case .unsqueeze:
      guard let view = UnsqueezeView(node, in: self) else { return nil }
      return AxisFactorization(shorter: input, longer: output, ones: view.axes)
    default: return nil
    }
  }
}

extension AxisFactorization {
  /// Compares shapes of which one is the other with axes of extent 1 put in.
  ///
  /// Open extents correspond by their place, so they need no names.
  fileprivate init?(shorter: Shape, longer: Shape, ones: [Int]) {
    let kept = longer.indices.filter { !ones.contains($0) }
    guard kept.count == shorter.count, ones.allSatisfy(longer.indices.contains) else { return nil }
    var before = shorter
    var after = longer
    for axis in ones { after[axis] = .known(1) }
    for (axis, place) in kept.enumerated() {
      guard let extent = shorter[axis].merged(with: longer[place]) else { return nil }
      before[axis] = extent == .unknown ? .symbol("%axis \(axis)") : extent
      after[place] = before[axis]
    }
    self.init(from: before, to: after)
  }

  /// Compares the shapes of a Reshape that may copy extents of which nothing else is known.
  fileprivate init?(from input: Shape, to output: Shape, copying view: ReshapeView) {
    guard !view.allowZero, let requested = view.requested, requested.count == output.count else {
      self.init(from: input, to: output)
      return
    }
    var before = input
    var after = output
    for axis in requested.indices where requested[axis] == 0 && axis < before.count {
      if before[axis] == .unknown { before[axis] = .symbol("%axis \(axis)") }
      after[axis] = before[axis]
    }
    self.init(from: before, to: after)
  }

  /// The same correspondence read from the other side.
  public var inverted: AxisFactorization {
    AxisFactorization(groups: groups.map(\.inverted))
  }
}
