/// A way of walking the elements of a stored tensor: transposed, sliced, broadcast or reversed.
public struct StridedView: Sendable {
  /// The extents of the walk.
  public let shape: [Int]
  /// Elements to move for one step along each axis; 0 repeats, negative walks backwards.
  public let strides: [Int]
  /// The element the walk starts at.
  public let offset: Int

  /// All elements of a row-major tensor, in order.
  public init(contiguous shape: [Int]) {
    self.init(shape: shape, strides: Self.rowMajor(shape), offset: 0)
  }

  /// Walks as told.
  public init(shape: [Int], strides: [Int], offset: Int) {
    self.shape = shape
    self.strides = strides
    self.offset = offset
  }

  /// The strides of a row-major tensor.
  public static func rowMajor(_ shape: [Int]) -> [Int] {
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * Swift.max(shape[axis + 1], 1)
    }
    return strides
  }

  /// The axes in another order.
  public func transposed(_ permutation: [Int]) -> StridedView {
    StridedView(
      shape: permutation.map { shape[$0] }, strides: permutation.map { strides[$0] },
      offset: offset)
  }

  /// `count` elements of `axis` from `start`, `step` apart.
  public func sliced(axis: Int, start: Int, count: Int, step: Int) -> StridedView {
    var (shape, strides) = (shape, strides)
    let moved = offset + start * strides[axis]
    shape[axis] = count
    // A step that is never taken may be as large as a file pleases.
    strides[axis] = count > 1 ? strides[axis] * step : 0
    return StridedView(shape: shape, strides: strides, offset: moved)
  }

  /// Repeated along axes of extent 1, aligned from the right; nil if the shapes do not fit.
  public func broadcast(to target: [Int]) -> StridedView? {
    guard shape.count <= target.count else { return nil }
    let missing = target.count - shape.count
    var wide = Array(repeating: 0, count: target.count)
    for axis in shape.indices {
      if shape[axis] == target[axis + missing] {
        wide[axis + missing] = strides[axis]
      } else if shape[axis] != 1 {
        return nil
      }
    }
    return StridedView(shape: target, strides: wide, offset: offset)
  }

  /// Where each element of the walk lies in the stored tensor.
  public var positions: [Int] {
    var positions = [offset]
    for axis in shape.indices {
      positions = positions.flatMap { base in
        (0..<shape[axis]).map { base + $0 * strides[axis] }
      }
    }
    return positions
  }

  /// The shape that operands of these shapes broadcast to; nil if they do not fit.
  public static func commonShape(_ shapes: [[Int]]) -> [Int]? {
    let rank = shapes.map(\.count).max() ?? 0
    var result = Array(repeating: 1, count: rank)
    for shape in shapes {
      for (index, extent) in shape.enumerated() where extent != 1 {
        let axis = rank - shape.count + index
        guard result[axis] == 1 || result[axis] == extent else { return nil }
        result[axis] = extent
      }
    }
    return result
  }
}
