/// Rows of cells in columns that are as wide as their contents.
///
/// Written here because the packages that do this bring all of Foundation with them, which makes
/// the program four times as large.
struct Table {
  enum Alignment {
    case left, right
  }

  struct Column {
    let title: String
    let alignment: Alignment

    init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  private static let gap = "  "
  /// No column is wider, also where nothing bounds the line: a name may fill a whole file.
  private static let maximalColumnWidth = 120

  let columns: [Column]
  private(set) var rows: [[String]] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row; cells that are missing stay empty.
  ///
  /// - Precondition: there are no more cells than columns.
  mutating func add(_ cells: [String]) {
    precondition(cells.count <= columns.count)
    let padding = Array(repeating: "", count: columns.count - cells.count)
    rows.append(cells.map(printable) + padding)
  }

  /// The lines of the table, of which none is wider than `width` if the columns can shrink to it.
  func lines(width: Int?, style: TextStyle) -> [String] {
    let widths = columnWidths(within: width)
    let head = line(columns.map(\.title), widths)
    let hasTitles = columns.contains { !$0.title.isEmpty }
    return (hasTitles ? [style.bold(head)] : []) + rows.map { line($0, widths) }
  }

  /// Shrinks the widest left-aligned column, which holds names, until the row fits.
  private func columnWidths(within limit: Int?) -> [Int] {
    var widths = columns.indices.map { column in
      min(
        rows.reduce(columns[column].title.columnCount) { max($0, $1[column].columnCount) },
        Self.maximalColumnWidth)
    }
    let total = widths.reduce(0, +) + Self.gap.count * (widths.count - 1)
    guard let limit, total > limit,
      let widest = columns.indices.filter({ columns[$0].alignment == .left })
        .max(by: { widths[$0] < widths[$1] })
    else { return widths }
    widths[widest] = max(widths[widest] - (total - limit), 8)
    return widths
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let text = cell.shortened(to: widths[index])
      let padding = String(repeating: " ", count: max(widths[index] - text.columnCount, 0))
      line += index == 0 ? "" : Self.gap
      line += columns[index].alignment == .left ? text + padding : padding + text
    }
    let end = line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex
    return String(line[..<end])
  }
}

extension String {
  /// The text with its middle left out, so that it takes at most `limit` columns.
  fileprivate func shortened(to limit: Int) -> String {
    guard columnCount > limit else { return self }
    let tail = String(String(reversed()).prefix(columns: limit / 2).reversed())
    return prefix(columns: limit - tail.columnCount - 1) + "…" + tail
  }
}
