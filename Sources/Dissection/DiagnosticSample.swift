import Formats
public import Images

/// A picture as a network takes it, and the region of it that was inpainted.
public struct DiagnosticSample: Hashable, Sendable {
  /// The numbers.
  public let picture: PreprocessedPicture
  /// 1 inside the region and 0 outside, row by row.
  public let region: [Float]
  /// The extents of the region, which are those of the picture.
  public let extents: PictureExtents
  /// The first eight bytes of the SHA-256 of the picture's file, the first byte weighing most.
  public let hash: UInt64

  /// Whether anything of the region is left.
  public var isMasked: Bool { region.contains(1) }
}

/// Why a pair cannot be measured.
public struct SampleError: Error, Hashable, Sendable {
  /// The file at fault.
  public let path: String
  /// What is wrong with it.
  public let message: String
}

/// How pairs become samples.
public struct SamplePreparation: Hashable, Sendable {
  /// How pictures are prepared for the network.
  public let preprocessing: Preprocessing
  /// The side of the square that is cut out; nil for all of the picture.
  public let crop: Int?
  /// What the place of the square is drawn from.
  public let seed: UInt64

  /// States how.
  public init(_ preprocessing: Preprocessing, crop: Int?, seed: UInt64) {
    self.preprocessing = preprocessing
    self.crop = crop
    self.seed = seed
  }

  /// Reads a pair, as the network takes it.
  ///
  /// - Throws: `SampleError` if a file cannot be read, or both do not fit together.
  public func sample(_ pair: DiagnosticPair) throws(SampleError) -> DiagnosticSample {
    let (picture, mask, hash) = try parts(pair)
    return sample(picture, mask, hash)
  }

  /// The samples of the first of `pairs` that can be read, as many as `limit`.
  public func samples(
    _ pairs: some Sequence<DiagnosticPair>, limit: Int
  ) -> [DiagnosticSample] {
    var samples: [DiagnosticSample] = []
    for pair in pairs {
      guard samples.count < limit else { break }
      if let sample = try? sample(pair) { samples.append(sample) }
    }
    return samples
  }

  /// The sample that `parts` make.
  func sample(_ picture: Picture, _ mask: Picture, _ hash: UInt64) -> DiagnosticSample {
    DiagnosticSample(
      picture: preprocessing.numbers(of: picture), region: mask.bright,
      extents: PictureExtents(height: picture.height, width: picture.width), hash: hash)
  }

  /// The pixels that a sample is made of.
  ///
  /// Both files are resized and cropped as the preprocessing says, the mask by whole pixels. Then a square is
  /// cut out of both at a place that depends on the picture's content and the seed alone. The mask is white
  /// above middle gray.
  ///
  /// - Returns: what is seen of picture and mask, of the same extents, and the picture's hash.
  /// - Throws: `SampleError` if a file cannot be read, or both do not fit together.
  public func parts(
    _ pair: DiagnosticPair
  ) throws(SampleError) -> (picture: Picture, mask: Picture, hash: UInt64) {
    let hash = try Self.hash(pair.picture)
    let (picture, mask) = (try Self.read(pair.picture), try Self.read(pair.mask))
    guard picture.width == mask.width, picture.height == mask.height else {
      throw SampleError(
        path: pair.mask,
        message: "the mask has \(mask.width)×\(mask.height) pixels, its picture "
          + "\(picture.width)×\(picture.height)")
    }
    let (framed, framedMask) = try Self.attempt(pair.picture) { () throws(ImageError) in
      (try preprocessing.framed(picture), try preprocessing.framed(mask: mask))
    }
    let (part, region) = try cut(framed, framedMask, hash, pair)
    return (part, region, hash)
  }

  /// The pairs with the extents that their pictures will have.
  public func sized(_ pairs: [DiagnosticPair]) -> [SizedPair] {
    concurrentMap(pairs) { SizedPair($0, extents($0)) }
  }

  /// The extents that a picture will have, by its header; nil if that cannot be read.
  private func extents(_ pair: DiagnosticPair) -> PictureExtents? {
    if let crop { return PictureExtents(height: crop, width: crop) }
    guard let (width, height) = try? Picture.extents(ofContentsOf: pair.picture), width > 0,
      height > 0
    else { return nil }
    let framed = preprocessing.framedExtents(width: width, height: height)
    return PictureExtents(height: framed.height, width: framed.width)
  }

  private func cut(
    _ picture: Picture, _ mask: Picture, _ hash: UInt64, _ pair: DiagnosticPair
  ) throws(SampleError) -> (Picture, Picture) {
    guard let crop else { return (picture, mask) }
    // Hashes are as good as drawn by lot; an odd factor gives every seed other bits everywhere.
    let lot = hash ^ (seed &* 0x9E37_79B9_7F4A_7C15)
    let left = Self.place(lot, upTo: picture.width - crop)
    let top = Self.place(lot << 32 | lot >> 32, upTo: picture.height - crop)
    guard let part = picture.part(left: left, top: top, width: crop, height: crop),
      let region = mask.part(left: left, top: top, width: crop, height: crop)
    else {
      throw SampleError(
        path: pair.picture,
        message: "\(picture.width)×\(picture.height) pixels are too few to cut out \(crop)×\(crop)")
    }
    return (part, region)
  }

  /// A number from 0 to `limit`, by the upper bits of `lot`; -1 if there is none.
  private static func place(_ lot: UInt64, upTo limit: Int) -> Int {
    limit < 0 ? -1 : Int(lot.multipliedFullWidth(by: UInt64(limit) + 1).high)
  }

  private static func read(_ path: String) throws(SampleError) -> Picture {
    try attempt(path) { () throws(ImageError) in try Picture(contentsOf: path) }
  }

  private static func attempt<Result>(
    _ path: String, _ action: () throws(ImageError) -> Result
  ) throws(SampleError) -> Result {
    do throws(ImageError) {
      return try action()
    } catch {
      throw SampleError(path: path, message: error.message)
    }
  }

  /// The first eight bytes of the SHA-256 of the file at `path`.
  static func hash(_ path: String) throws(SampleError) -> UInt64 {
    do throws(FormatError) {
      let digest = try MappedFile(path: path).sha256
      return UInt64(digest.prefix(16), radix: 16) ?? 0
    } catch {
      throw SampleError(path: path, message: error.message)
    }
  }
}
