import IR

/// Chooses the best of a few floats along an axis, many lines side by side.
///
/// The lines are laid out as planes, one for each place along the axis. Neighbouring planes exchange what is out of
/// order until the best have come to the front: the same steps for all lines, so that the processor handles several
/// at a time. Equals never pass each other.
struct SortingNetwork {
  private let form: TopKForm

  init(_ form: TopKForm) { self.form = form }

  /// How many lines are worked on at a time, such that they stay in the cache.
  private static let width = 256
  /// More exchanges than that cost more than inserting one element after the other.
  private static let exchangeLimit = 256

  /// Whether a network is a good way to choose `count` of `extent` elements.
  static func suits(extent: Int, count: Int) -> Bool {
    let (exchanges, overflow) = extent.multipliedReportingOverflow(by: count)
    return !overflow && exchanges <= exchangeLimit
  }

  /// Writes the best elements of every line of `source` to `target`, best first.
  func run(_ source: Elements<Float>, _ target: Elements<Float>) {
    Threads.share(form.lineCount, cost: form.extent * form.count) { lines in
      Elements<Float>.withTemporary(count: form.extent * Self.width) { planes in
        var first = lines.lowerBound
        while first < lines.upperBound {
          // Neighbouring lines lie next to each other, or one after the other.
          let row = form.inner == 1 ? lines.upperBound : (first / form.inner + 1) * form.inner
          let last = min(first + Self.width, row, lines.upperBound)
          choose(first..<last, source, target, planes)
          first = last
        }
      }
    }
  }

  private func choose(
    _ lines: Range<Int>, _ source: Elements<Float>, _ target: Elements<Float>,
    _ planes: Elements<Float>
  ) {
    let (from, to) = form.starts(of: lines.lowerBound)
    let isSingle = form.inner == 1
    let (step, targetStep) = isSingle ? (form.extent, form.count) : (1, 1)
    var strays: UInt32 = 0
    for index in 0..<form.extent {
      let plane = planes.part(from: index * Self.width, lines.count)
      let start = from + index * form.inner
      let row = source.part(from: start, (lines.count - 1) * step + 1)
      for line in 0..<lines.count {
        let element = row[line &* step]
        strays |= element != element ? 1 : 0
        plane[line] = element
      }
    }
    // What is no number has a place in the order, but comparisons do not tell which.
    if strays != 0 {
      return form.run(source, lines: lines) { place, element, _ in target[place] = source[element] }
    }
    for place in 0..<form.count {
      let plane = planes.part(from: place * Self.width, lines.count)
      for index in (place..<form.extent - 1).reversed() {
        exchange(
          planes.part(from: index * Self.width, lines.count),
          planes.part(from: (index + 1) * Self.width, lines.count))
      }
      let row = target.part(
        from: to + place * form.inner, (lines.count - 1) * targetStep + 1)
      for line in 0..<lines.count { row[line &* targetStep] = plane[line] }
    }
  }

  /// Exchanges the elements of two planes where those of the second are better.
  private func exchange(_ first: Elements<Float>, _ second: Elements<Float>) {
    if form.isLargest {
      Self.exchange(first, second) { $1 > $0 }
    } else {
      Self.exchange(first, second) { $1 < $0 }
    }
  }

  /// Exchanges elements without a branch, by flipping the bits in which they differ.
  @inline(__always)
  private static func exchange(
    _ first: Elements<Float>, _ second: Elements<Float>, where isBetter: (Float, Float) -> Bool
  ) {
    for line in 0..<first.count {
      let (one, other) = (first[line], second[line])
      let mask: UInt32 = isBetter(one, other) ? .max : 0
      let flips = mask & (one.bitPattern ^ other.bitPattern)
      first[line] = Float(bitPattern: one.bitPattern ^ flips)
      second[line] = Float(bitPattern: other.bitPattern ^ flips)
    }
  }
}
