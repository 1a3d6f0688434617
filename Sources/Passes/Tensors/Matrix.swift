/// A dense matrix in double precision, row by row.
struct Matrix {
  let rows: Int
  let columns: Int
  let elements: [Double]

  /// - Precondition: there are as many elements as rows times columns.
  init(rows: Int, columns: Int, _ elements: [Double]) {
    precondition(elements.count == rows * columns)
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  /// Rows as columns.
  var transposed: Matrix {
    Matrix(
      rows: columns, columns: rows,
      (0..<columns).flatMap { column in
        (0..<rows).map { elements[$0 * columns + column] }
      })
  }

  /// Every element multiplied by `factor`.
  func scaled(by factor: Double) -> Matrix {
    factor == 1 ? self : Matrix(rows: rows, columns: columns, elements.map { $0 * factor })
  }

  /// The product of two matrices.
  ///
  /// Every sum is taken in one order and without fused operations, so that all machines agree on
  /// every bit; a library's would depend on the processor. Four rows and four columns are worked on
  /// at a time, whose sums stay in registers.
  ///
  /// - Precondition: the left one has as many columns as the right one has rows.
  static func * (left: Matrix, right: Matrix) -> Matrix {
    precondition(left.columns == right.rows)
    var product = Array(repeating: 0.0, count: left.rows * right.columns)
    for column in stride(from: 0, to: right.columns, by: 4) {
      let panel = right.panel(at: column)
      for row in stride(from: 0, to: left.rows, by: 4) {
        let sums = left.sums(ofRowsAt: row, times: panel)
        for (line, place) in zip(row..<min(row + 4, left.rows), sums.indices) {
          for offset in 0..<min(4, right.columns - column) {
            product[line * right.columns + column + offset] = sums[place][offset]
          }
        }
      }
    }
    return Matrix(rows: left.rows, columns: right.columns, product)
  }

  /// Four columns from `first` on, row by row; zeros where there are fewer.
  private func panel(at first: Int) -> [SIMD4<Double>] {
    let count = min(4, columns - first)
    return (0..<rows).map { row in
      var numbers = SIMD4<Double>.zero
      for offset in 0..<count { numbers[offset] = elements[row * columns + first + offset] }
      return numbers
    }
  }

  /// The products of four rows from `first` on, of which the last stands for those that are missing.
  private func sums(
    ofRowsAt first: Int, times panel: [SIMD4<Double>]
  ) -> InlineArray<4, SIMD4<Double>> {
    let starts = InlineArray<4, Int> { min(first + $0, rows - 1) * columns }
    var sums = InlineArray<4, SIMD4<Double>>(repeating: .zero)
    unsafe elements.withUnsafeBufferPointer { factors in
      unsafe panel.withUnsafeBufferPointer { panel in
        for index in 0..<columns {
          let numbers = unsafe panel[index]
          for row in sums.indices {
            unsafe sums[row] += numbers * factors[starts[row] + index]
          }
        }
      }
    }
    return sums
  }
}
