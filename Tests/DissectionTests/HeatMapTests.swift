import Dissection
import Images
import Testing

/// Maps, and what is drawn of them.
@Suite struct HeatMapTests {
  private func picture(
    _ width: Int, _ height: Int, _ level: (_ column: Int, _ row: Int) -> UInt8
  ) throws -> Picture {
    let levels = (0..<height).flatMap { row in (0..<width).map { level($0, row) } }
    return try #require(
      Picture(width: width, height: height, pixels: levels.flatMap { [$0, $0, $0] }))
  }

  @Test func mapsShrinkToMeans() {
    let map = ActivationMap(rows: 2, columns: 4, values: [1, 3, 5, 7, 2, 4, 6, 8])
    #expect(map.mean == 4.5)
    #expect(map.fitted(into: 4) == map)
    #expect(map.fitted(into: 2) == ActivationMap(rows: 2, columns: 2, values: [2, 6, 3, 7]))
    #expect(map.fitted(into: 1) == ActivationMap(rows: 1, columns: 1, values: [4.5]))
    // The middle column counts for both of its neighbours.
    let odd = ActivationMap(rows: 1, columns: 3, values: [0, 2, 4])
    #expect(odd.fitted(into: 2) == ActivationMap(rows: 1, columns: 2, values: [1, 3]))
  }

  @Test func theOutlineIsWhiteInsideAndBlackOutside() throws {
    let gray = try picture(6, 6) { _, _ in 100 }
    let mask = try picture(6, 6) { column, row in
      (2...3).contains(column) && (2...3).contains(row) ? 255 : 0
    }
    let map = ActivationMap(rows: 1, columns: 1, values: [1])
    let drawing = HeatMap.drawing(of: map, over: gray, mask: mask, range: 0...1)
    #expect(drawing.luma(2 * 6 + 2) == 255 && drawing.luma(3 * 6 + 3) == 255)
    #expect(drawing.luma(1 * 6 + 2) == 0 && drawing.luma(2 * 6 + 4) == 0)
    #expect((1...254).contains(drawing.luma(1 * 6 + 1)))
    #expect(drawing.luma(0) == drawing.luma(35))
  }

  @Test func moreActivationIsDrawnOtherwiseAndEqualActivationAlike() throws {
    let gray = try picture(4, 1) { _, _ in 50 }
    let mask = try picture(4, 1) { _, _ in 0 }
    let rising = ActivationMap(rows: 1, columns: 4, values: [0, 1, 2, 3])
    let drawing = HeatMap.drawing(of: rising, over: gray, mask: mask, range: 0...3)
    let levels = (0..<4).map(drawing.luma)
    #expect(levels == levels.sorted() && Set(levels).count == 4)
    let equal = ActivationMap(rows: 1, columns: 4, values: [2, 2, 2, 2])
    let flat = HeatMap.drawing(of: equal, over: gray, mask: mask, range: 2...2)
    #expect(Set((0..<4).map(flat.luma)).count == 1)
  }

  @Test func aMaskOfOtherExtentsDrawsNothing() throws {
    let gray = try picture(4, 4) { _, _ in 50 }
    let mask = try picture(2, 4) { _, _ in 255 }
    let map = ActivationMap(rows: 1, columns: 1, values: [1])
    #expect(HeatMap.drawing(of: map, over: gray, mask: mask, range: 0...1) == gray)
  }

  @Test func splitsAreToldApart() throws {
    var split = try Split(["2/4"])
    try split.add(try Split(["0/4"]))
    #expect(split.missingCount == 2)
    #expect(split.missing(limit: 8).map(\.description) == ["1/4", "3/4"])
    #expect(split.missing(limit: 1).map(\.description) == ["1/4"])
    #expect(throws: SplitError.self) { try split.add(try Split(["1/3"])) }
    #expect(throws: SplitError.self) { try split.add(try Split(["2/4"])) }
    #expect(throws: SplitError.self) { try split.add(try Split([])) }
    #expect(throws: SplitError.self) { try Split(["all"]) }
    let vast = try Split(["5/\(Int.max)"])
    #expect(vast.missingCount == Int.max - 1 && vast.missing(limit: 2).count == 2)
    #expect(try Split([]).missingCount == 0)
  }
}
