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
      guard let constant = graph.constant(value), let singles = constant.elements(as: Float.self)
      else { continue }
      let moved = singles.map { number -> Float in
        guard number.isNormal else { return number }
        return generator.next() & 1 == 0 ? number.nextUp : number.nextDown
      }
      model.graph.replaceConstant(value, with: Constant(moved, shape: constant.shape))
    }
    return model
  }
}
