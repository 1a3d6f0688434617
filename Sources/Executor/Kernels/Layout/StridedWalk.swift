import IR

/// Visits the elements of strided views of one shape side by side, run by run.
struct StridedWalk {
  /// How many elements each view has.
  let count: Int
  private let outer: [Int]
  /// For each view, the strides of the outer axes.
  private let strides: [[Int]]
  private let run: Int
  /// For each view, the stride within a run.
  private let steps: [Int]
  private let offsets: [Int]

  /// Walks over `views`, of which there is at least one.
  init(_ views: [StridedView]) {
    let shape = views[0].shape
    var axes: [Int] = []
    var steps: [[Int]] = []
    for (axis, extent) in shape.enumerated() where extent != 1 {
      let next = views.map { $0.strides[axis] }
      // Axes over which every view steps evenly are one.
      if let last = steps.last, last == next.map({ $0 &* extent }) {
        axes[axes.count - 1] *= extent
        steps[steps.count - 1] = next
      } else {
        axes.append(extent)
        steps.append(next)
      }
    }
    count = shape.product
    run = axes.popLast() ?? 1
    self.steps = steps.popLast() ?? views.map { _ in 1 }
    outer = axes
    strides = views.indices.map { view in steps.map { $0[view] } }
    offsets = views.map(\.offset)
  }

  /// Walks over operands of the given shapes as they broadcast to `shape`.
  init(_ shapes: [[Int]], to shape: [Int]) {
    self.init(shapes.compactMap { StridedView(contiguous: $0).broadcast(to: shape) })
  }

  /// Visits those elements whose places in row-major order are in `range`; all of them if it is nil.
  func run(
    _ range: Range<Int>? = nil,
    _ visit: (_ place: Int, _ starts: [Int], _ steps: [Int], _ count: Int) -> Void
  ) {
    let range = range ?? 0..<count
    guard !range.isEmpty else { return }
    var (number, skipped) = range.lowerBound.quotientAndRemainder(dividingBy: run)
    var coordinates = outer
    for axis in outer.indices.reversed() {
      (number, coordinates[axis]) = number.quotientAndRemainder(dividingBy: outer[axis])
    }
    var starts = offsets.indices.map { view in
      zip(coordinates, strides[view]).reduce(offsets[view]) { $0 + $1.0 * $1.1 }
    }
    var place = range.lowerBound
    while place < range.upperBound {
      let count = Swift.min(run - skipped, range.upperBound - place)
      if skipped > 0 {
        visit(place, zip(starts, steps).map { $0 + skipped * $1 }, steps, count)
      } else {
        visit(place, starts, steps, count)
      }
      place += count
      skipped = 0
      advance(&coordinates, &starts)
    }
  }

  private func advance(_ coordinates: inout [Int], _ starts: inout [Int]) {
    for axis in outer.indices.reversed() {
      coordinates[axis] += 1
      for view in starts.indices { starts[view] += strides[view][axis] }
      guard coordinates[axis] == outer[axis] else { break }
      coordinates[axis] = 0
      for view in starts.indices { starts[view] -= strides[view][axis] * outer[axis] }
    }
  }
}
