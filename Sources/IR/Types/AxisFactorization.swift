/// How the axes of a tensor correspond to those of the same elements under another shape.
///
/// Both lists of axes are cut into groups, as small as can be told, so that corresponding groups
/// span equally many elements. Within a group whose extents are known, axes are products of
/// common factors, outermost first: `[6, 4]` reshaped to `[2, 12]` is `2 · 3 · 4` both times.
///
/// ```
/// [N, 32, H, W] → [N, 8, 4, H, W]    N↔N   32↔(8, 4) by 8·4   H↔H   W↔W
/// [N, 64, H, W] → [N, 64, ?]         N↔N   64↔64              (H, W)↔?
/// [6, 4]        → [4, 6]             (6, 4)↔(4, 6) with no common factors
/// ```
public struct AxisFactorization: Hashable, Sendable {
  /// Neighbouring axes on both sides that span the same elements.
  public struct Group: Hashable, Sendable {
    /// The axes before; empty if all of `outputAxes` have extent 1.
    public let inputAxes: Range<Int>
    /// The axes after; empty if all of `inputAxes` have extent 1.
    public let outputAxes: Range<Int>
    /// The common factors, row-major and each above 1, or nil if extents are unknown, zero, or
    /// cannot be divided like that.
    public let factors: [Int]?
    /// For each of `inputAxes` the factors whose product it is, none if its extent is 1; no entry
    /// at all without factors.
    public let inputFactors: [Range<Int>]
    /// For each of `outputAxes` the factors whose product it is, none if its extent is 1; no entry
    /// at all without factors.
    public let outputFactors: [Range<Int>]

    /// Whether the group is one axis on either side, so that indices do not change.
    public var isSameAxis: Bool { inputAxes.count == 1 && outputAxes.count == 1 }
  }

  /// The groups, outermost first; together they hold every axis once.
  public let groups: [Group]

  /// Compares two shapes, or returns nil if they cannot hold equally many elements.
  public init?(from input: Shape, to output: Shape) {
    if let before = input.product.count, let after = output.product.count, before != after {
      return nil
    }
    self.init(from: input, to: output, cuts: Cut.all(from: input, to: output))
  }

  /// Builds groups between `cuts`, which lead from the first axes to behind the last ones.
  init(from input: Shape, to output: Shape, cuts: [Cut]) {
    groups = zip(cuts, cuts.dropFirst()).map { start, end in
      Group(
        inputAxes: start.input..<end.input, outputAxes: start.output..<end.output, from: input,
        to: output)
    }
  }

  init(groups: [Group]) { self.groups = groups }

  /// The group that holds axis `axis` of the input.
  public func group(ofInput axis: Int) -> Group? { groups.first { $0.inputAxes.contains(axis) } }

  /// The group that holds axis `axis` of the output.
  public func group(ofOutput axis: Int) -> Group? { groups.first { $0.outputAxes.contains(axis) } }
}

extension AxisFactorization.Group {
  /// The same group read from the other side.
  var inverted: Self {
    Self(
      inputAxes: outputAxes, outputAxes: inputAxes, factors: factors, inputFactors: outputFactors,
      outputFactors: inputFactors)
  }

  fileprivate init(
    inputAxes: Range<Int>, outputAxes: Range<Int>, from input: Shape, to output: Shape
  ) {
    self.inputAxes = inputAxes
    self.outputAxes = outputAxes
    let refinement = Shape(input[inputAxes]).counts.flatMap { before in
      Shape(output[outputAxes]).counts.flatMap { CommonRefinement(before, $0) }
    }
    factors = refinement?.factors
    inputFactors = refinement?.left ?? []
    outputFactors = refinement?.right ?? []
  }
}

/// The factors that two lists of extents are both products of.
private struct CommonRefinement {
  private(set) var factors: [Int] = []
  let left: [Range<Int>]
  let right: [Range<Int>]

  /// Splits off the smaller of what remains of both current axes until nothing remains.
  init?(_ first: [Int], _ second: [Int]) {
    guard (first + second).allSatisfy({ $0 > 0 }) else { return nil }
    var left = Cursor(first)
    var right = Cursor(second)
    while left.remaining > 1 || right.remaining > 1 {
      let factor = min(left.remaining, right.remaining)
      guard factor > 1, left.remaining % factor == 0, right.remaining % factor == 0 else {
        return nil
      }
      factors.append(factor)
      left.divide(by: factor, consumed: factors.count)
      right.divide(by: factor, consumed: factors.count)
    }
    self.left = left.ranges
    self.right = right.ranges
  }

  /// Walks one list of extents; an axis of extent 1 takes no factor.
  private struct Cursor {
    private let extents: [Int]
    private(set) var ranges: [Range<Int>] = []
    /// What is left of the current axis; 1 behind the last one.
    private(set) var remaining = 1
    private var start = 0

    init(_ extents: [Int]) {
      self.extents = extents
      remaining = extents.first ?? 1
      finishAxes(consumed: 0)
    }

    mutating func divide(by factor: Int, consumed: Int) {
      remaining /= factor
      finishAxes(consumed: consumed)
    }

    private mutating func finishAxes(consumed: Int) {
      while remaining == 1, ranges.count < extents.count {
        ranges.append(start..<consumed)
        start = consumed
        remaining = ranges.count < extents.count ? extents[ranges.count] : 1
      }
    }
  }
}
