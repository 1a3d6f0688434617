internal import IR

extension Model {
  /// The same model with every stored number of single precision moved to one of its neighbours, by lot.
  ///
  /// How far its answers are away says what rounding does to them: folding rounds weights anew, and sums are
  /// taken in another order.
  func roundedOtherwise(seed: UInt64) -> Model {
    var model = self
    var generator = NumberSource(seed: seed)
    for value in graph.constantIDs {
      guard let constant = graph.constant(value), constant.elementType == .float32,
        !graph.decidesExtents(value)
      else { continue }
      model.graph.replaceConstant(value, with: constant.roundedOtherwise(by: &generator))
    }
    return model
  }
}

extension Graph {
  /// Whether a node computes extents from a stored number, which another one would change.
  fileprivate func decidesExtents(_ value: ValueID) -> Bool {
    values[value].uses.contains { use in
      guard let node = use.node else { return false }
      return [.resize, .upsample, .range].contains(nodes[node].op.kind)
    }
  }
}

extension Constant {
  /// The same for the numbers of one tensor; others stay as they are.
  func roundedOtherwise(seed: UInt64) -> Constant {
    var generator = NumberSource(seed: seed)
    return roundedOtherwise(by: &generator)
  }

  fileprivate func roundedOtherwise(by generator: inout NumberSource) -> Constant {
    guard let singles = elements(as: Float.self) else { return self }
    let moved = singles.map { number -> Float in
      guard number.isNormal else { return number }
      return generator.next() & 1 == 0 ? number.nextUp : number.nextDown
    }
    return Constant(moved, shape: shape)
  }
}
