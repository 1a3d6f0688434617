import IR

// Elements picked by a list for each axis, with something else where a list names none.

extension Planner {
  /// Along each axis the elements of the data that `sources` names; `fill` where it names none.
  mutating func picked(
    _ node: NodeID, _ data: Operand, _ sources: [[Int?]], _ info: TensorInfo, _ fill: [UInt8]
  ) throws(ExecutionError) -> Operand {
    // Nothing is picked of no elements, however many places an axis of them has.
    let shape = data.count == 0 ? data.shape.map { _ in 1 } : data.shape
    let walk = PickingWalk(shape, sources, width: fill.count)
    let counts = (data.count * fill.count, info.count * fill.count)
    return try step(node, reads: [data], makes: [info]) { buffers in
      let source = buffers.read(0, as: UInt8.self, count: counts.0)
      let target = buffers.make(0, as: UInt8.self, count: counts.1)
      return { walk.run(source, target, fill) }
    }[0]
  }
}

/// Copies rows of picked elements, run by run.
private struct PickingWalk {
  /// Elements that lie next to each other in the data and in the result, in bytes.
  private struct Run {
    let source: Int
    let target: Int
    let count: Int
  }

  /// For each axis but the innermost, where each of its picks starts; nil if it picks nothing.
  private let outer: [[Int?]]
  /// What a row is made of.
  private let runs: [Run]
  private let rowSize: Int
  /// Whether rows have elements that are not picked.
  private let hasGaps: Bool

  init(_ shape: [Int], _ sources: [[Int?]], width: Int) {
    let steps = StridedView.rowMajor(shape).map { $0 * width }
    // Inner axes that are taken as they are belong to one element.
    var (axis, size) = (sources.count, width)
    while axis > 0, sources[axis - 1] == Array(0..<shape[axis - 1]) {
      axis -= 1
      size *= shape[axis]
    }
    let inner = axis > 0 ? sources[axis - 1] : [0]
    outer = (0..<max(axis - 1, 0)).map { axis in
      sources[axis].map { $0.map { $0 * steps[axis] } }
    }
    runs = Self.runs(inner, size)
    rowSize = inner.count * size
    hasGaps = inner.contains(nil)
  }

  private static func runs(_ picks: [Int?], _ size: Int) -> [Run] {
    var runs: [Run] = []
    for (position, pick) in picks.enumerated() {
      guard let pick else { continue }
      let (source, target) = (pick * size, position * size)
      if let last = runs.last, last.source + last.count == source,
        last.target + last.count == target
      {
        runs[runs.count - 1] = Run(
          source: last.source, target: last.target, count: last.count + size)
      } else {
        runs.append(Run(source: source, target: target, count: size))
      }
    }
    return runs
  }

  func run(_ source: Elements<UInt8>, _ target: Elements<UInt8>, _ fill: [UInt8]) {
    if hasGaps || outer.contains(where: { $0.contains(nil) }) { Self.fill(target, fill) }
    let total = outer.reduce(1) { $0 * $1.count }
    var coordinates = outer.map { _ in 0 }
    for row in 0..<total {
      var start: Int? = 0
      for (axis, coordinate) in coordinates.enumerated() {
        start = start.flatMap { start in outer[axis][coordinate].map { start + $0 } }
      }
      if let start {
        for run in runs {
          target.copy(
            run.count, from: source, at: start + run.source, to: row * rowSize + run.target)
        }
      }
      for axis in outer.indices.reversed() {
        coordinates[axis] += 1
        guard coordinates[axis] == outer[axis].count else { break }
        coordinates[axis] = 0
      }
    }
  }

  private static func fill(_ target: Elements<UInt8>, _ element: [UInt8]) {
    if let first = element.first, element.allSatisfy({ $0 == first }) {
      return target.fill(first)
    }
    for (offset, byte) in element.enumerated() {
      for place in stride(from: offset, to: target.count, by: element.count) {
        target[place] = byte
      }
    }
  }
}
