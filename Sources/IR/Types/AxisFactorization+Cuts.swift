// Where two shapes of the same elements can be cut so that what lies before holds equally many.

extension AxisFactorization {
  /// A place between axes on both sides.
  struct Cut: Hashable, Sendable {
    var input: Int
    var output: Int
  }
}

extension AxisFactorization.Cut {
  /// The finest cuts that are certain, first and last included.
  static func all(from input: Shape, to output: Shape) -> [Self] {
    let end = Self(input: input.count, output: output.count)
    // Without elements every correspondence holds, and none means anything.
    if input.contains(.known(0)) || output.contains(.known(0)) { return whole(end) }
    let leading = fromStart(input, output)
    guard let last = leading.last, last != end else { return leading }
    // What cannot be followed from the left may be followed from the right.
    let trailing = fromStart(
      Array(input[last.input...].reversed()), Array(output[last.output...].reversed()))
    let mirrored = trailing.map {
      Self(input: end.input - $0.input, output: end.output - $0.output)
    }
    return mirrored.last == last
      ? leading + mirrored.reversed().dropFirst() : leading + mirrored.reversed()
  }

  private static func whole(_ end: Self) -> [Self] {
    let start = Self(input: 0, output: 0)
    return start == end ? [start] : [start, end]
  }

  /// The cuts up to which the extents are known well enough, starting before the first axes.
  private static func fromStart(_ input: Shape, _ output: Shape) -> [Self] {
    let before = SymbolicProduct.prefixes(of: input)
    let after = SymbolicProduct.prefixes(of: output)
    var cuts: [Self] = []
    var position = Self(input: 0, output: 0)
    while position.input < before.count, position.output < after.count {
      let product = before[position.input]
      guard let match = after[position.output...].firstIndex(of: product) else {
        position.input += 1
        continue
      }
      let inputs = position.input..<before.endOfRun(from: position.input)
      let outputs = match..<after.endOfRun(from: match)
      let isEnd = inputs.upperBound == input.count + 1 && outputs.upperBound == output.count + 1
      cuts += pairs(inputs, outputs, isStart: cuts.isEmpty, isEnd: isEnd)
      position = Self(input: inputs.upperBound, output: outputs.upperBound)
    }
    return cuts
  }

  /// Pairs places that only axes of extent 1 separate.
  ///
  /// Ones on both sides pair up. What one side has more joins the group before, or the group
  /// after if there is none before.
  private static func pairs(
    _ inputs: Range<Int>, _ outputs: Range<Int>, isStart: Bool, isEnd: Bool
  ) -> [Self] {
    let count = min(inputs.count, outputs.count)
    if isStart {
      var pairs = (0..<count).map { Self(input: $0, output: $0) }
      let end = Self(input: inputs.upperBound - 1, output: outputs.upperBound - 1)
      if isEnd, pairs.last != end {
        // Nothing but ones: the surplus can only join the last pair.
        if pairs.count > 1 { pairs.removeLast() }
        pairs.append(end)
      }
      return pairs
    }
    return (0..<count).map {
      Self(input: inputs.upperBound - count + $0, output: outputs.upperBound - count + $0)
    }
  }
}

extension [SymbolicProduct] {
  /// The end of the run of equal products that starts at `start`.
  fileprivate func endOfRun(from start: Int) -> Int {
    self[start...].firstIndex { $0 != self[start] } ?? count
  }
}
