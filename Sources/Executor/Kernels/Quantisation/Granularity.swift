import IR

/// Which scale, and which zero point, is that of which elements.
struct Granularity {
  private enum Kind {
    /// One for all.
    case tensor
    /// One for each place along the axis.
    case axis
    /// One for each element across so many places along the axis; there are `count` rounds of that.
    case blocks(size: Int, count: Int)
  }

  private let kind: Kind
  private let outer: Int
  private let extent: Int
  private let inner: Int

  /// Scales of shape `scales` for data of shape `shape`: one, or one for each place along `axis`, or one for
  /// each `block` places along it.
  init(
    _ shape: [Int], scales: [Int], axis stated: Int, block: Int
  ) throws(ExecutionError) {
    let axis = stated < 0 ? stated &+ shape.count : stated
    if scales.product == 1, block == 0 {
      (kind, outer, extent, inner) = (.tensor, 1, 1, shape.product)
      return
    }
    guard shape.indices.contains(axis), block >= 0 else { throw Self.misfit(shape, scales) }
    (outer, inner) = (shape[..<axis].product, shape[(axis + 1)...].product)
    extent = shape[axis]
    if block == 0 {
      guard scales == [extent] else { throw Self.misfit(shape, scales) }
      kind = .axis
      return
    }
    var expected = shape
    expected[axis] = extent / block + (extent % block == 0 ? 0 : 1)
    guard scales == expected else { throw Self.misfit(shape, scales) }
    kind = .blocks(size: block, count: expected[axis])
  }

  private static func misfit(_ shape: [Int], _ scales: [Int]) -> ExecutionError {
    ExecutionError(
      .invalidOperands, "scales of shape \(scales) do not fit data of shape \(shape)")
  }

  /// The number of scales.
  var count: Int {
    switch kind {
    case .tensor: 1
    case .axis: extent
    case .blocks(_, let count): outer * count * inner
    }
  }

  /// Visits runs of `count` elements from `place` on, whose scales start at `scale` and are `step` apart.
  func run(_ visit: (_ place: Int, _ scale: Int, _ step: Int, _ count: Int) -> Void) {
    for run in 0..<outer * extent {
      let (round, place) = (run / extent, run % extent)
      switch kind {
      case .tensor: visit(run * inner, 0, 0, inner)
      case .axis: visit(run * inner, place, 0, inner)
      case .blocks(let size, let count):
        visit(run * inner, (round * count + place / size) * inner, 1, inner)
      }
    }
  }
}
