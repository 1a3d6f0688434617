import Images
import TestSupport
import Testing

/// Decoded pictures, against Pillow.
@Suite struct PictureTests {
  @Test func pixelsAreThoseOfPillow() throws {
    let cases = try JudgedCases("pictures")
    #expect(cases.rows.count > 500)
    for row in cases.rows {
      let picture = try Picture(contentsOf: cases.path(row[0]))
      #expect([picture.width, picture.height] == row.dropFirst().compactMap { Int($0) }, "\(row)")
      #expect(try picture.pixels == cases.bytes(row[0], "rgb"), "\(row)")
    }
  }

  @Test func picturesOfPixelsNeedAsManyAsTheirExtentsSay() throws {
    let picture = try #require(Picture(width: 1, height: 2, pixels: [1, 2, 3, 4, 5, 6]))
    #expect(picture.pixels == [1, 2, 3, 4, 5, 6])
    #expect(Picture(width: 1, height: 2, pixels: [1, 2, 3]) == nil)
    #expect(Picture(width: 0, height: 2, pixels: []) == nil)
    #expect(Picture(width: -1, height: -1, pixels: [1, 2, 3]) == nil)
    #expect(Picture(width: .max, height: 2, pixels: []) == nil)
  }
}
