/// A picture in memory: rows of pixels, each of one byte for red, green and blue.
///
/// Decoded pixels are those that Pillow's `Image.open(file).convert("RGB")` gives, bit by bit: JPEG by the
/// accurate integer transform with smooth upsampling, 16 bits per channel cut to the upper 8, transparency
/// dropped rather than blended. Colour profiles and gamma are not applied, and neither is the orientation
/// that EXIF declares: pixels are as they are stored.
public struct Picture: Hashable, Sendable {
  /// The number of columns, at least one.
  public let width: Int
  /// The number of rows, at least one.
  public let height: Int
  /// Red, green and blue of each pixel, row by row.
  public let pixels: [UInt8]

  /// Makes a picture of `pixels`, which must be as many as its extents say; nil if they are not.
  public init?(width: Int, height: Int, pixels: [UInt8]) {
    guard width > 0, height > 0, Self.isAllowed(width: width, height: height),
      pixels.count == width * height * Self.channelCount
    else { return nil }
    self.init(width: width, height: height, unchecked: pixels)
  }

  init(width: Int, height: Int, unchecked pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// How many bytes a pixel has.
  static let channelCount = 3

  static func isAllowed(width: Int, height: Int) -> Bool {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    return !overflow && count <= ImageLimits.pixelCount
  }
}

extension Picture {
  /// Decodes the JPEG, PNG or WebP file at `path`, which is recognised by content.
  ///
  /// - Throws: `ImageError` if there is no such file or it cannot be decoded.
  public init(contentsOf path: String) throws(ImageError) {
    do throws(ImageError) {
      try self.init(decoding: readFile(path))
    } catch {
      var located = error
      located.path = path
      throw located
    }
  }

  /// Decodes the bytes of a JPEG, PNG or WebP file.
  ///
  /// Not decoded are CMYK in JPEG, which means nothing without its profile; 16 bits of gray in PNG, of which
  /// Pillow makes white whatever is above 255; and animations in WebP. Of an animated PNG the picture
  /// that viewers without animation show is taken.
  ///
  /// A file that is cut short is refused, also where only the end mark is missing, and so is one
  /// that fails a checksum, which Pillow does not compare for the pixels of a PNG. Damage that a JPEG
  /// decoder can go on after goes unnoticed, as it does in Pillow; where it is a scan that is missing, the
  /// gaps are smoothed as the installed libjpeg does it. Damage to what is dropped may go unnoticed too.
  ///
  /// - Throws: `ImageError` if they are no such picture, a damaged one, or too large.
  public init(decoding bytes: [UInt8]) throws(ImageError) {
    let format = try ImageFormat(recognising: bytes)
    let (width, height) = try format.extents(of: bytes)
    guard width > 0, height > 0, Self.isAllowed(width: width, height: height) else {
      throw ImageError(
        .unsupported,
        "the picture has \(width)×\(height) pixels, at most \(ImageLimits.pixelCount) are read",
        advice: "scale it down")
    }
    let pixels = try format.pixels(of: bytes, count: width * height * Self.channelCount)
    self.init(width: width, height: height, unchecked: pixels)
  }
}
