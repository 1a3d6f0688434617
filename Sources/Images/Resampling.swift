/// For each place along an axis of the new picture, which places of the old one it comes from, and how much.
///
/// This is Pillow's arithmetic: a filter is stretched by the factor by which the axis shrinks, cut off at the
/// borders, scaled to a sum of one in double precision, and rounded to 22 bits after the point.
struct Resampling {
  private(set) var windows: [(start: Int, weights: Range<Int>)] = []
  private(set) var weights: [Int32] = []

  /// How many bits the weights have after the point.
  ///
  /// Eight bits of a pixel and two to spare fit besides: the weights of the bicubic filter, without their
  /// signs, sum up to less than two.
  private static let precision: Int32 = 32 - 8 - 2

  init(from oldExtent: Int, to newExtent: Int, kernel: Kernel) {
    let factor = Double(oldExtent) / Double(newExtent)
    let stretch = max(factor, 1)
    let reach = kernel.radius * stretch
    windows.reserveCapacity(newExtent)
    for place in 0..<newExtent {
      let centre = (Double(place) + 0.5) * factor
      // Conversion cuts off, and so rounds after a half is added; the radius keeps numbers small.
      let start = max(Int(centre - reach + 0.5), 0)
      let end = min(Int(centre + reach + 0.5), oldExtent)
      append((start..<end).map { kernel((Double($0) - centre + 0.5) * (1 / stretch)) }, at: start)
    }
  }

  private mutating func append(_ window: [Double], at start: Int) {
    // Not zero: the middle is less than a pixel from the nearest, whose weight is the largest.
    let sum = window.reduce(0, +)
    let first = weights.count
    let unit = Double(1 << Self.precision)
    weights += window.map { weight in
      let scaled = weight / sum * unit
      return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    }
    windows.append((start, first..<weights.count))
  }

  /// Replaces the places of an axis, of which `old` holds `outerCount` sequences, each of `oldExtent` places
  /// of `innerCount` bytes.
  func apply(to old: [UInt8], outerCount: Int, oldExtent: Int, innerCount: Int) -> [UInt8] {
    var new: [UInt8] = []
    new.reserveCapacity(outerCount * windows.count * innerCount)
    let half: Int32 = 1 << (Self.precision - 1)
    var sums = [Int32](repeating: 0, count: innerCount)
    for outer in 0..<outerCount {
      for window in windows {
        for inner in 0..<innerCount { sums[inner] = half }
        var source = (outer * oldExtent + window.start) * innerCount
        for weight in weights[window.weights] {
          // Cannot overflow, see `precision`.
          for inner in 0..<innerCount { sums[inner] &+= weight &* Int32(old[source + inner]) }
          source += innerCount
        }
        for sum in sums { new.append(UInt8(clamping: sum >> Self.precision)) }
      }
    }
    return new
  }
}

/// A filter that weights neighbours by their distance.
enum Kernel {
  case triangle, cubic

  /// Beyond this distance every weight is zero.
  var radius: Double { self == .triangle ? 1 : 2 }

  /// The weight at a distance.
  func callAsFunction(_ distance: Double) -> Double {
    let x = abs(distance)
    guard x < radius else { return 0 }
    switch self {
    case .triangle: return 1 - x
    case .cubic:
      let a = -0.5
      return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : (((x - 5) * x + 8) * x - 4) * a
    }
  }
}

extension Picture {
  /// The picture in another size, as Pillow's `Image.resize` computes it.
  ///
  /// - Throws: `ImageError` if it would be too large.
  func resized(
    width newWidth: Int, height newHeight: Int, _ filter: Preprocessing.Filter
  ) throws(ImageError) -> Picture {
    guard Self.isAllowed(width: newWidth, height: newHeight) else {
      throw ImageError(
        .unsupported,
        "resized from \(width)×\(height), the picture has \(newWidth)×\(newHeight) pixels, "
          + "at most \(ImageLimits.pixelCount) are allowed",
        advice: "crop it to a more even proportion")
    }
    if newWidth == width && newHeight == height { return self }
    switch filter {
    case .nearest: return picked(width: newWidth, height: newHeight)
    case .bilinear: return resampled(width: newWidth, height: newHeight, .triangle)
    case .bicubic: return resampled(width: newWidth, height: newHeight, .cubic)
    }
  }

  /// One axis after the other, with a rounding to whole numbers between, which makes their order matter.
  ///
  /// Since version 13, Pillow begins with the rows where they decrease more than twice as much as columns.
  /// Either way the picture between the steps is no larger than the one before or after.
  private func resampled(width newWidth: Int, height newHeight: Int, _ kernel: Kernel) -> Picture {
    height - newHeight > max(0, 2 * (width - newWidth))
      ? resampled(height: newHeight, kernel).resampled(width: newWidth, kernel)
      : resampled(width: newWidth, kernel).resampled(height: newHeight, kernel)
  }

  private func resampled(width newWidth: Int, _ kernel: Kernel) -> Picture {
    if newWidth == width { return self }
    let pixels = Resampling(from: width, to: newWidth, kernel: kernel).apply(
      to: pixels, outerCount: height, oldExtent: width, innerCount: Self.channelCount)
    return Picture(width: newWidth, height: height, unchecked: pixels)
  }

  private func resampled(height newHeight: Int, _ kernel: Kernel) -> Picture {
    if newHeight == height { return self }
    let pixels = Resampling(from: height, to: newHeight, kernel: kernel).apply(
      to: pixels, outerCount: 1, oldExtent: height, innerCount: width * Self.channelCount)
    return Picture(width: width, height: newHeight, unchecked: pixels)
  }

  private func picked(width newWidth: Int, height newHeight: Int) -> Picture {
    let columns = Self.places(from: width, to: newWidth)
    let count = Self.channelCount
    var result: [UInt8] = []
    result.reserveCapacity(newWidth * newHeight * count)
    for row in Self.places(from: height, to: newHeight) {
      for column in columns {
        let source = (row * width + column) * count
        result += pixels[source..<source + count]
      }
    }
    return Picture(width: newWidth, height: newHeight, unchecked: result)
  }

  /// The old place that is under the middle of each new one.
  ///
  /// Pillow goes from one to the next by addition, and its rounding is a part of the result.
  private static func places(from oldExtent: Int, to newExtent: Int) -> [Int] {
    let factor = Double(oldExtent) / Double(newExtent)
    var middle = factor * 0.5
    return (0..<newExtent).map { _ in
      defer { middle += factor }
      return min(Int(middle), oldExtent - 1)
    }
  }
}
