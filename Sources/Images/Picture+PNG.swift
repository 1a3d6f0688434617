internal import CImageCodecs

extension Picture {
  /// The picture as a PNG file of 8-bit red, green and blue.
  ///
  /// - Throws: `ImageError` if PNG has no such extents, or there is no memory.
  public func png() throws(ImageError) -> [UInt8] {
    guard let width = UInt32(exactly: width), let height = UInt32(exactly: height) else {
      throw unwritable
    }
    let bound = dearc_png_bound(width, height)
    guard bound > 0 else { throw unwritable }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      unsafe pixels.withUnsafeBufferPointer { pixels in
        unsafe count = dearc_write_png(
          pixels.baseAddress, width, height, buffer.baseAddress, buffer.count)
      }
    }
    guard !bytes.isEmpty else { throw unwritable }
    return bytes
  }

  private var unwritable: ImageError {
    ImageError(
      .unsupported, "a picture of \(width)×\(height) pixels cannot be written",
      advice: "scale it down")
  }
}
