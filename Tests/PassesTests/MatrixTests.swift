import TestSupport
import Testing

@testable import Passes

@Suite struct MatrixTests {
  private func random(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Matrix {
    var random = SplitMix64(seed: seed)
    // Whole numbers: sums are exact in any order.
    let elements = (0..<rows * columns).map { _ in Double(random.next() % 201) - 100 }
    return Matrix(rows: rows, columns: columns, elements)
  }

  /// Also where rows or columns are left over from groups of four.
  @Test(arguments: [(3, 4, 5), (1, 1, 1), (4, 7, 8), (9, 2, 13), (6, 1, 4), (8, 5, 3)])
  func productsAreSumsOfProducts(rows: Int, middle: Int, columns: Int) {
    let (left, right) = (random(rows, middle, 1), random(middle, columns, 2))
    let product = left * right
    for row in 0..<rows {
      for column in 0..<columns {
        let sum = (0..<middle).reduce(0.0) {
          $0 + left.elements[row * middle + $1] * right.elements[$1 * columns + column]
        }
        #expect(product.elements[row * columns + column] == sum)
      }
    }
  }

  @Test func transposingTwiceChangesNothing() {
    let matrix = random(3, 5, 3)
    #expect(matrix.transposed.rows == 5)
    #expect(matrix.transposed.elements[1] == matrix.elements[5])
    #expect(matrix.transposed.transposed.elements == matrix.elements)
  }
}
