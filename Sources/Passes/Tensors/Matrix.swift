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

  /// How many columns of the right matrix are worked on at a time, so that its part stays in the
  /// processor's cache.
  private static let blockWidth = 512

  /// The product of two matrices.
  ///
  /// Sums are taken in one order and without fused operations, so that all machines agree on every
  /// bit; a library's would depend on the processor.
  ///
  /// - Precondition: the left one has as many columns as the right one has rows.
  static func * (left: Matrix, right: Matrix) -> Matrix {
    precondition(left.columns == right.rows)
    var product = Array(repeating: 0.0, count: left.rows * right.columns)
    unsafe product.withUnsafeMutableBufferPointer { sums in
      unsafe right.elements.withUnsafeBufferPointer { numbers in
        for start in stride(from: 0, to: right.columns, by: blockWidth) {
          let width = min(blockWidth, right.columns - start)
          for row in 0..<left.rows {
            let target = unsafe UnsafeMutableBufferPointer(
              rebasing: sums[row * right.columns + start..<row * right.columns + start + width])
            for middle in 0..<left.columns {
              let factor = left.elements[row * left.columns + middle]
              let first = middle * right.columns + start
              let source = unsafe UnsafeBufferPointer(rebasing: numbers[first..<first + width])
              for column in 0..<width {
                unsafe target[column] += factor * source[column]
              }
            }
          }
        }
      }
    }
    return Matrix(rows: left.rows, columns: right.columns, product)
  }
}
