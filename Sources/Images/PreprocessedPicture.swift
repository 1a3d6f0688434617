/// A picture as a network takes it.
public struct PreprocessedPicture: Hashable, Sendable {
  /// The numbers, in the order of the shape's axes.
  public let values: [Float]
  /// The extents of four axes, the first of them 1.
  public let shape: [Int]
}

extension Preprocessing {
  /// Makes of `picture` what the network expects.
  ///
  /// - Throws: `ImageError` if resizing would make it larger than `ImageLimits.pixelCount`.
  public func preprocess(_ picture: Picture) throws(ImageError) -> PreprocessedPicture {
    numbers(of: try framed(picture))
  }

  /// The picture resized and cropped, which are the first two steps.
  ///
  /// - Throws: `ImageError` if resizing would make it larger than `ImageLimits.pixelCount`.
  public func framed(_ picture: Picture) throws(ImageError) -> Picture {
    try framed(picture, filter)
  }

  /// A mask resized and cropped as its picture is, by whole pixels.
  ///
  /// - Throws: `ImageError` if resizing would make it larger than `ImageLimits.pixelCount`.
  public func framed(mask: Picture) throws(ImageError) -> Picture {
    try framed(mask, .nearest)
  }

  private func framed(_ picture: Picture, _ filter: Filter) throws(ImageError) -> Picture {
    let (width, height) = resizedExtents(width: picture.width, height: picture.height)
    let resized = try picture.resized(width: width, height: height, filter)
    guard case .centre(let side) = crop else { return resized }
    return resized.centre(width: side, height: side)
  }

  /// The extents of what `framed` makes of a picture of these extents.
  public func framedExtents(width: Int, height: Int) -> (width: Int, height: Int) {
    guard case .centre(let side) = crop else { return resizedExtents(width: width, height: height) }
    return (side, side)
  }

  private func resizedExtents(width: Int, height: Int) -> (width: Int, height: Int) {
    switch resize {
    case .none: (width, height)
    case .exact(let width, let height): (width, height)
    // Extents are at most 2^27 and 2^12, so that nothing overflows.
    case .shortestSide(let side):
      width <= height ? (side, side * height / width) : (side * width / height, side)
    }
  }

  /// The numbers of a picture that has its final extents, which is the last step.
  public func numbers(of picture: Picture) -> PreprocessedPicture {
    let (width, height, count) = (picture.width, picture.height, Picture.channelCount)
    let pixelCount = width * height
    // Where a number goes: so far apart are pixels, and channels.
    let isFirst = layout == .channelsFirst
    let (pixelStride, channelStride) = isFirst ? (1, pixelCount) : (count, 1)
    var values = [Float](repeating: 0, count: pixelCount * count)
    for (channel, table) in tables.enumerated() {
      for pixel in 0..<pixelCount {
        values[pixel * pixelStride + channel * channelStride] =
          table[Int(picture.pixels[pixel * count + channel])]
      }
    }
    return PreprocessedPicture(
      values: values, shape: isFirst ? [1, count, height, width] : [1, height, width, count])
  }

  /// For each channel, the number for each of the values that a pixel can have.
  private var tables: [[Float]] {
    zip(mean.values, std.values).map { mean, std in
      (0...255).map { (Float($0) / Float(scale) - Float(mean)) / Float(std) }
    }
  }
}

extension Picture {
  /// The part in the middle that has these extents, black where the picture has no pixels.
  func centre(width newWidth: Int, height newHeight: Int) -> Picture {
    let (left, top) = (Self.start(newWidth, in: width), Self.start(newHeight, in: height))
    let count = Self.channelCount
    let columns = max(left, 0)..<min(left + newWidth, width)
    var result = [UInt8](repeating: 0, count: newWidth * newHeight * count)
    for row in max(top, 0)..<min(top + newHeight, height) {
      let source = (row * width + columns.lowerBound) * count
      let target = ((row - top) * newWidth + columns.lowerBound - left) * count
      let byteCount = columns.count * count
      result.replaceSubrange(
        target..<target + byteCount, with: pixels[source..<source + byteCount])
    }
    return Picture(width: newWidth, height: newHeight, unchecked: result)
  }

  /// Where an extent begins within another, which may be smaller, in torchvision's words: halves are rounded
  /// to even numbers where something is cut off, and down where something is added.
  private static func start(_ extent: Int, in whole: Int) -> Int {
    guard whole >= extent else { return -((extent - whole) / 2) }
    return Int((Double(whole - extent) / 2).rounded(.toNearestOrEven))
  }
}
