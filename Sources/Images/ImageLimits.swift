/// Bounds on pictures, so that hostile ones are refused before they cost anything.
public enum ImageLimits {
  /// How many pixels a picture may have, as it is read and after each step of resizing.
  ///
  /// A PNG may store a thousand pixels in one byte, so the size of a file says little. At this bound a
  /// picture takes 384 MiB, and the coefficients of a progressive JPEG twice as much besides.
  public static let pixelCount = 1 << 27

  /// How many bytes the file of a picture may have.
  public static let fileByteCount = 1 << 30

  /// The largest extent that preprocessing may ask for.
  public static let inputExtent = 4_096
}
