import Alignment

/// Draws histograms with block characters.
struct HistogramDrawing {
  private static let blocks = Array(" ▁▂▃▄▅▆▇█")
  private static let height = 6
  /// What stands left of the bars: the scale.
  private static let margin = 7

  /// The discrepancies that are drawn.
  let discrepancies: [Double]

  /// One line of blocks, a column for each bin.
  func sparkline(columns: Int) -> String {
    let counts = Histogram(discrepancies, bins: columns).counts
    return String(Self.bars(counts, height: 1)[0])
  }

  /// Bars of several lines over an axis, which is drawn heavily from the discrepancies at which channels are closed on.
  func lines(within width: Int, closed: (top: Double?, bottom: Double?)) -> [String] {
    // More columns than channels would be mostly empty.
    let room = max(width - Self.margin - 2, 8)
    let columns = min(room, max(discrepancies.count / 4, 24), 96)
    let histogram = Histogram(discrepancies, bins: columns)
    let scale = Quantities.grouped(histogram.counts.max() ?? 0)
    let bars = Self.bars(histogram.counts, height: Self.height).enumerated().map { row, line in
      let label = row == 0 ? scale : ""
      return Self.padded(label, to: Self.margin) + "│" + Self.trimmed(line)
    }
    let axis = (0..<columns).map { column -> Character in
      let isTop = closed.top.map { column >= histogram.bin(of: $0) } ?? false
      let isBottom = closed.bottom.map { column <= histogram.bin(of: $0) } ?? false
      return isTop || isBottom ? "━" : "─"
    }
    let (low, high) = (
      Quantities.signed(histogram.lowest), Quantities.signed(histogram.highest)
    )
    let gap = max(columns - low.count, high.count + 1)
    return bars + [
      Self.padded("0", to: Self.margin) + "└" + String(axis),
      String(repeating: " ", count: Self.margin + 1) + low + Self.padded(high, to: gap),
    ]
  }

  /// The lines of bars in proportion to `counts`, the upper one first; what is not zero shows.
  private static func bars(_ counts: [Int], height: Int) -> [[Character]] {
    let largest = max(counts.max() ?? 0, 1)
    let steps = blocks.count - 1
    let levels = counts.map { count in
      count == 0 ? 0 : max(1, (count * height * steps + largest / 2) / largest)
    }
    return (0..<height).reversed().map { row in
      levels.map { blocks[min(max($0 - row * steps, 0), steps)] }
    }
  }

  private static func padded(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }

  private static func trimmed(_ line: [Character]) -> String {
    String(line[..<((line.lastIndex { $0 != " " } ?? -1) + 1)])
  }
}
