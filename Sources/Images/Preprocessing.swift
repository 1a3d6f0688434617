/// What a network expects of a picture: its size, the scale of its numbers and the order of its axes.
///
/// A picture is resized, cropped, turned into numbers by `(pixel / scale − mean) / std`, and laid out, in
/// this order. Resizing gives what Pillow's `Image.resize` gives, resizing by the shortest side and cropping
/// what torchvision's `Resize` and `CenterCrop` give on such pictures, all bit by bit. The numbers are
/// computed in single precision with one rounding per operation, which are the bits of torchvision's
/// `ToTensor` and `Normalize`.
public struct Preprocessing: Hashable, Sendable {
  /// The size that a picture is brought to first.
  public enum Resize: Hashable, Sendable {
    /// It stays as it is.
    case none
    /// Its shorter side gets this extent, and the longer one keeps the proportion, rounded down.
    case shortestSide(Int)
    /// It gets these extents, whatever its proportion.
    case exact(width: Int, height: Int)
  }

  /// How pixels are computed from others when the size changes.
  public enum Filter: String, CaseIterable, Hashable, Sendable {
    /// A triangle over neighbouring pixels, as wide as the picture shrinks.
    case bilinear
    /// Keys's cubic with a = −0.5, as wide as the picture shrinks.
    case bicubic
    /// The pixel at the place.
    case nearest
  }

  /// What is cut out afterwards.
  public enum Crop: Hashable, Sendable {
    /// Everything stays.
    case none
    /// A square of this side in the middle; black is added where the picture is smaller.
    case centre(Int)
  }

  /// The order of axes.
  public enum Layout: String, CaseIterable, Hashable, Sendable {
    /// Picture, channel, row, column.
    case channelsFirst = "nchw"
    /// Picture, row, column, channel.
    case channelsLast = "nhwc"
  }

  /// A number for each channel.
  public struct Channels: Hashable, Sendable {
    /// The number for red.
    public let red: Double
    /// The number for green.
    public let green: Double
    /// The number for blue.
    public let blue: Double

    /// Makes a triple.
    public init(red: Double, green: Double, blue: Double) {
      self.red = red
      self.green = green
      self.blue = blue
    }

    /// The same number three times.
    public init(repeating value: Double) { self.init(red: value, green: value, blue: value) }

    /// The numbers in the order of channels.
    public var values: [Double] { [red, green, blue] }
  }

  /// The size that a picture is brought to.
  public internal(set) var resize: Resize
  /// How it is brought to that size.
  public internal(set) var filter: Filter
  /// What is cut out afterwards.
  public internal(set) var crop: Crop
  /// What pixels, which are 0 to 255, are divided by.
  public internal(set) var scale: Double
  /// What is subtracted then.
  public internal(set) var mean: Channels
  /// What that is divided by.
  public internal(set) var std: Channels
  /// The order of axes.
  public internal(set) var layout: Layout

  /// Describes preprocessing; what is not given is as in `none`.
  ///
  /// - Throws: `PreprocessingError` if an extent is not from 1 to `ImageLimits.inputExtent`, a divisor
  ///   not positive, or a number not finite, in single precision.
  public init(
    resize: Resize = .none, filter: Filter = .bilinear, crop: Crop = .none, scale: Double = 255,
    mean: Channels = Channels(repeating: 0), std: Channels = Channels(repeating: 1),
    layout: Layout = .channelsFirst
  ) throws(PreprocessingError) {
    self.init(
      unchecked: resize, filter: filter, crop: crop, scale: scale, mean: mean, std: std,
      layout: layout)
    try check()
  }

  private init(
    unchecked resize: Resize = .none, filter: Filter = .bilinear, crop: Crop = .none,
    scale: Double = 255, mean: Channels = Channels(repeating: 0),
    std: Channels = Channels(repeating: 1), layout: Layout = .channelsFirst
  ) {
    self.resize = resize
    self.filter = filter
    self.crop = crop
    self.scale = scale
    self.mean = mean
    self.std = std
    self.layout = layout
  }
}

extension Preprocessing {
  /// Pixels from 0 to 1, and nothing else.
  public static let none = Preprocessing(unchecked: .none)

  /// The mean and deviation of ImageNet's pictures, which most classifiers are trained with.
  public static let imagenet = Preprocessing(
    unchecked: .none, mean: Channels(red: 0.485, green: 0.456, blue: 0.406),
    std: Channels(red: 0.229, green: 0.224, blue: 0.225))

  /// The mean and deviation of CLIP's pictures.
  public static let clip = Preprocessing(
    unchecked: .none, mean: Channels(red: 0.48145466, green: 0.4578275, blue: 0.40821073),
    std: Channels(red: 0.26862954, green: 0.26130258, blue: 0.27577711))

  /// The preprocessing that has names, by them.
  public static let presets: [(name: String, value: Preprocessing)] = [
    ("none", .none), ("imagenet", .imagenet), ("clip", .clip),
  ]
}

extension Preprocessing {
  /// Refuses what cannot be computed with, or would take too much memory.
  func check() throws(PreprocessingError) {
    switch resize {
    case .none: break
    case .shortestSide(let side): try Self.check(extents: [side], of: "resize")
    case .exact(let width, let height): try Self.check(extents: [width, height], of: "resize")
    }
    if case .centre(let side) = crop { try Self.check(extents: [side], of: "crop") }
    try Self.check([scale], of: "scale", isDivisor: true)
    try Self.check(mean.values, of: "mean", isDivisor: false)
    try Self.check(std.values, of: "std", isDivisor: true)
  }

  private static func check(extents: [Int], of part: String) throws(PreprocessingError) {
    for extent in extents where !(1...ImageLimits.inputExtent).contains(extent) {
      throw PreprocessingError(
        part: part, "expected extents from 1 to \(ImageLimits.inputExtent), found \(extent)")
    }
  }

  private static func check(
    _ numbers: [Double], of part: String, isDivisor: Bool
  ) throws(PreprocessingError) {
    for number in numbers where !Float(number).isFinite || isDivisor && Float(number) <= 0 {
      throw PreprocessingError(
        part: part, "expected \(isDivisor ? "positive" : "finite") numbers, found \(number)")
    }
  }
}
