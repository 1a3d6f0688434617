import IR
import TestSupport
import Testing

/// Stored elements in another order, compared with picking them one by one.
@Suite struct ConstantLayoutTests {
  /// The element at each place of `shape` is its position, so an order shows.
  private func numbered<Element: TensorElement & ExpressibleByIntegerLiteral>(
    _ shape: [Int], _ make: (Int) -> Element
  ) -> Constant {
    Constant((0..<shape.product).map(make), shape: shape)
  }

  @Test func transposingMovesEveryElement() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<200 {
      let shape = (0..<Int.random(in: 0...5, using: &random)).map { _ in
        Int.random(in: 0...4, using: &random)
      }
      let order = Array(shape.indices).shuffled(using: &random)
      let view = StridedView(contiguous: shape).transposed(order)
      let expected = view.positions
      #expect(view.shape == order.map { shape[$0] })
      let narrow = numbered(shape) { UInt8(truncatingIfNeeded: $0) }.transposed(order)
      #expect(narrow.elements(as: UInt8.self) == expected.map { UInt8(truncatingIfNeeded: $0) })
      let single = numbered(shape) { Float($0) }.transposed(order)
      #expect(single.elements(as: Float.self) == expected.map { Float($0) })
      let wide = numbered(shape) { Int64($0) }.transposed(order)
      #expect(wide.elements(as: Int64.self) == expected.map(Int64.init))
    }
  }

  @Test func walksRepeatAndGoBackwards() throws {
    let source = numbered([2, 3]) { Float($0) }
    let reversed = StridedView(contiguous: [2, 3]).sliced(axis: 1, start: 2, count: 3, step: -1)
    #expect(source.materialized(reversed).elements(as: Float.self) == [2, 1, 0, 5, 4, 3])
    let row = StridedView(contiguous: [2, 3]).sliced(axis: 0, start: 1, count: 1, step: 1)
    let repeated = try #require(row.broadcast(to: [2, 2, 3]))
    #expect(
      source.materialized(repeated).elements(as: Float.self) == [
        3, 4, 5, 3, 4, 5, 3, 4, 5, 3, 4, 5,
      ])
    let nothing = StridedView(contiguous: [2, 3]).sliced(axis: 1, start: 3, count: 0, step: 1)
    #expect(source.materialized(nothing).shape == [2, 0])
  }

  /// More than one piece is read and given back.
  @Test func rowsAreReadInTheOrderTheyLie() {
    var random = SplitMix64(seed: 4)
    for (rows, width) in [(1, 1), (7, 3), (5000, 1000)] {
      let order = Array(0..<rows).shuffled(using: &random)
      let result = numbered([rows, width]) { Float($0) }.permutingRows(order)
      let expected = order.flatMap { row in (0..<width).map { Float(row * width + $0) } }
      #expect(result.elements(as: Float.self) == expected)
    }
  }
}
