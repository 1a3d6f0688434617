extension Picture {
  /// The part of these extents whose upper left corner is at `left`, `top`; nil if it does not lie inside.
  public func part(left: Int, top: Int, width partWidth: Int, height partHeight: Int) -> Picture? {
    guard left >= 0, top >= 0, partWidth > 0, partHeight > 0, left <= width - partWidth,
      top <= height - partHeight
    else { return nil }
    let count = Self.channelCount
    var pixels: [UInt8] = []
    pixels.reserveCapacity(partWidth * partHeight * count)
    for row in top..<top + partHeight {
      let start = (row * width + left) * count
      pixels += self.pixels[start..<start + partWidth * count]
    }
    return Picture(width: partWidth, height: partHeight, pixels: pixels)
  }

  /// The picture made smaller, if need be, so that neither extent is above `side`, which is positive.
  public func fitted(into side: Int, _ filter: Preprocessing.Filter) -> Picture {
    let longest = max(width, height)
    guard longest > side else { return self }
    let (newWidth, newHeight) = (width * side / longest, height * side / longest)
    // Only what becomes larger can be too large.
    return (try? resized(width: max(newWidth, 1), height: max(newHeight, 1), filter)) ?? self
  }

  /// 1 where the picture is brighter than middle gray, and 0 elsewhere, row by row.
  public var bright: [Float] { (0..<width * height).map { luma($0) > 127 ? 1 : 0 } }

  /// How bright a pixel is, from 0 to 255, counting row by row.
  ///
  /// Brightness is Pillow's conversion to gray: ITU-R 601-2 luma, in steps of 2^-16.
  ///
  /// - Precondition: there is such a pixel.
  public func luma(_ pixel: Int) -> UInt8 {
    let place = pixel * Self.channelCount
    let (red, green, blue) = (pixels[place], pixels[place + 1], pixels[place + 2])
    let sum = Int(red) * 19595 + Int(green) * 38470 + Int(blue) * 7471 + 0x8000
    // The weights sum up to 2^16.
    return UInt8(sum >> 16)
  }

  /// How many bytes nearly every header lies within, a thumbnail included.
  private static let usualHeader = 1 << 16

  /// The extents that the header of the file at `path` declares: width and height.
  ///
  /// - Throws: `ImageError` if there is no such file, or no such header.
  public static func extents(ofContentsOf path: String) throws(ImageError) -> (
    width: Int, height: Int
  ) {
    do throws(ImageError) {
      // A folder of pictures is asked for its extents before any is read, and most headers come first.
      let start = try readFile(path, limit: usualHeader)
      if let found = try? ImageFormat(recognising: start).extents(of: start) { return found }
      let bytes = try readFile(path)
      return try ImageFormat(recognising: bytes).extents(of: bytes)
    } catch {
      var located = error
      located.path = path
      throw located
    }
  }
}
