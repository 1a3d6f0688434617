import Images
import TestSupport
import Testing

/// Pictures written as PNG.
@Suite struct WritingTests {
  private func picture(_ width: Int, _ height: Int, _ seed: UInt64) throws -> Picture {
    var random = SplitMix64(seed: seed)
    let pixels = (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
    return try #require(Picture(width: width, height: height, pixels: pixels))
  }

  @Test func pillowReadsTheSamePixels() throws {
    let folder = try TemporaryDirectory()
    for (number, extents) in [(1, 1), (1, 9), (7, 1), (16, 16), (31, 17), (640, 3)].enumerated() {
      let picture = try picture(extents.0, extents.1, UInt64(number))
      let (file, raw) = (
        try folder.write(try picture.png(), to: "\(number).png"),
        try folder.write(picture.pixels, to: "\(number).rgb")
      )
      let code = """
        import sys
        from PIL import Image
        image = Image.open(sys.argv[1])
        image.load()
        assert image.format == "PNG" and image.mode == "RGB", (image.format, image.mode)
        assert image.size == (int(sys.argv[3]), int(sys.argv[4])), image.size
        assert image.tobytes() == open(sys.argv[2], "rb").read()
        """
      _ = try Python.run(code: code, [file, raw, "\(extents.0)", "\(extents.1)"])
      #expect(try Picture(contentsOf: file) == picture)
    }
  }

  @Test func bytesAreTheSameEveryTime() throws {
    #expect(try picture(40, 30, 1).png() == picture(40, 30, 1).png())
    #expect(try picture(40, 30, 1).png() != picture(40, 30, 2).png())
  }

  @Test func extentsThatPNGHasNotAreRefused() throws {
    let wide = (1 << 20) + 1
    let picture = try #require(
      Picture(width: wide, height: 1, pixels: Array(repeating: 0, count: wide * 3)))
    #expect(throws: ImageError.self) { try picture.png() }
  }

  @Test func fittingOnlyMakesSmaller() throws {
    let small = try picture(20, 10, 3)
    #expect(small.fitted(into: 20, .bilinear) == small)
    let fitted = small.fitted(into: 10, .nearest)
    #expect([fitted.width, fitted.height] == [10, 5])
    let thin = try picture(300, 1, 4).fitted(into: 10, .bilinear)
    #expect([thin.width, thin.height] == [10, 1])
  }

  /// Most headers are among the first bytes; what a camera or an editor puts before them may be large.
  @Test func extentsAreFoundBehindMetadata() throws {
    let folder = try TemporaryDirectory()
    let code = """
      import sys
      from PIL import Image
      image = Image.new("RGB", (33, 21))
      for name in ("a.jpg", "a.png", "a.webp"):
          image.save(f"{sys.argv[1]}/plain-{name}")
          image.save(f"{sys.argv[1]}/large-{name}", icc_profile=bytes(range(256)) * 1000)
      """
    try Python.run(code: code, [folder.path])
    let names = try folder.contents()
    #expect(names.count == 6)
    for name in names {
      let found = try Picture.extents(ofContentsOf: folder.appending(name))
      #expect(found == (33, 21), "\(name)")
    }
    let cut = try folder.write(
      Array(try readBytes(folder.appending("large-a.jpg")).prefix(1 << 17)), to: "cut.jpg")
    #expect(throws: ImageError.self) { try Picture.extents(ofContentsOf: cut) }
  }
}
