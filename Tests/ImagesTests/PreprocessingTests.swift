import Images
import TestSupport
import Testing

/// Resizing, cropping and normalising, against Pillow and single-precision arithmetic.
@Suite struct PreprocessingTests {
  @Test func resizedPicturesAreThoseOfPillow() throws {
    let cases = try JudgedCases("resized")
    #expect(cases.rows.count == 1_200)
    for row in cases.rows {
      let extents = row[1...4].compactMap { Int($0) }
      let picture = try #require(
        Picture(width: extents[0], height: extents[1], pixels: cases.bytes(row[0], "rgb")))
      let preprocessing = try Preprocessing(
        "resize=\(extents[2])x\(extents[3]),filter=\(row[5]),scale=1,layout=nhwc")
      let result = try preprocessing.preprocess(picture)
      #expect(result.shape == [1, extents[3], extents[2], 3])
      #expect(try result.values == cases.bytes(row[0], "out").map(Float.init), "\(row)")
    }
  }

  @Test func numbersAreThoseOfTorchvision() throws {
    let cases = try JudgedCases("prepared")
    #expect(cases.rows.count > 300)
    for row in cases.rows {
      let picture = try #require(
        Picture(
          width: Int(row[1]) ?? 0, height: Int(row[2]) ?? 0, pixels: cases.bytes(row[0], "rgb")))
      let result = try Preprocessing(row[3]).preprocess(picture)
      #expect(result.shape == row[4...].compactMap { Int($0) }, "\(row)")
      #expect(
        try result.values.flatMap { Self.bytes(of: $0) } == cases.bytes(row[0], "out"), "\(row)")
    }
  }

  private static func bytes(of number: Float) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
  }

  @Test func picturesDoNotGrowWithoutBound() throws {
    let line = try #require(
      Picture(width: 1, height: 200_000, pixels: [UInt8](repeating: 7, count: 600_000)))
    let preprocessing = try Preprocessing("resize=4096")
    let error = #expect(throws: ImageError.self) { try preprocessing.preprocess(line) }
    #expect(error?.kind == .unsupported)
    // Were columns resized first, there would be 4096 × 200 000 pixels between the steps.
    #expect(try Preprocessing("resize=4096x1").preprocess(line).values.count == 3 * 4_096)
  }
}
