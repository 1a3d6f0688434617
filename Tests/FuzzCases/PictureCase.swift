import Images

/// Takes the bytes of a picture through all that is done with one.
public struct PictureCase: Sendable {
  /// Other sizes and orders, with each of the filters; what follows is the same for all.
  private let preparations: [Preprocessing]
  /// Larger pictures, of which a small file may hold one, take long, and are prepared no other way.
  private static let pixelLimit = 1 << 18

  /// Settles what pictures are prepared as.
  ///
  /// - Throws: `PreprocessingError` never, unless that makes no sense.
  public init() throws {
    preparations = try [
      "imagenet,resize=9,crop=7", "clip,resize=5x11,filter=bicubic,layout=nhwc",
      "resize=6,filter=nearest,crop=16",
    ].map(Preprocessing.init)
  }

  /// Decodes `bytes`, and prepares the picture in each way.
  ///
  /// - Returns: what became of the picture.
  /// - Throws: `Finding` if something other than a refusal went wrong.
  public func run(_ bytes: [UInt8]) throws -> Outcome {
    let picture: Picture
    do throws(ImageError) {
      picture = try Picture(decoding: bytes)
    } catch {
      guard !error.advice.isEmpty else { throw Finding("a refusal without advice") }
      return try Outcome.refused(for: error.message)
    }
    let count = picture.width * picture.height
    guard picture.width > 0, picture.height > 0, count <= ImageLimits.pixelCount,
      picture.pixels.count == 3 * count
    else { throw Finding("a picture of other extents than its pixels") }
    guard count <= Self.pixelLimit else { return .accepted }
    guard try Picture(decoding: bytes) == picture else {
      throw Finding("a picture with other pixels when it is read again")
    }
    for preparation in preparations { try prepare(picture, preparation) }
    return .accepted
  }

  private func prepare(_ picture: Picture, _ preparation: Preprocessing) throws {
    let prepared: PreprocessedPicture
    do throws(ImageError) {
      prepared = try preparation.preprocess(picture)
    } catch {
      _ = try Outcome.refused(for: error.message)
      return
    }
    guard prepared.shape.count == 4, prepared.shape.reduce(1, *) == prepared.values.count else {
      throw Finding("a tensor of other extents than its elements")
    }
    guard prepared.values.allSatisfy(\.isFinite) else {
      throw Finding("pixels that became no numbers")
    }
  }
}
