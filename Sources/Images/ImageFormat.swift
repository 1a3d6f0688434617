internal import CImageCodecs

/// The formats of pictures, and their decoders.
enum ImageFormat: String, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
  case webp = "WebP"

  /// Recognises a format by the first bytes.
  init(recognising bytes: [UInt8]) throws(ImageError) {
    guard let format = Self.allCases.first(where: { $0.begins(bytes) }) else {
      throw ImageError(
        bytes.isEmpty ? .malformed : .unsupported,
        "expected a JPEG, PNG or WebP picture, found \(Self.summary(of: bytes))",
        advice: "convert it to PNG")
    }
    self = format
  }

  private func begins(_ bytes: [UInt8]) -> Bool {
    switch self {
    case .jpeg: bytes.starts(with: [0xFF, 0xD8, 0xFF])
    case .png: bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    case .webp: bytes.starts(with: "RIFF".utf8) && bytes.dropFirst(8).starts(with: "WEBP".utf8)
    }
  }

  private static func summary(of bytes: [UInt8]) -> String {
    guard !bytes.isEmpty else { return "an empty file" }
    let digits = bytes.prefix(8).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
    return "a file that begins with \(digits.joined(separator: " "))"
  }
}

extension ImageFormat {
  /// The extents that the header declares.
  func extents(of bytes: [UInt8]) throws(ImageError) -> (width: Int, height: Int) {
    let image = unsafe read(bytes, into: UnsafeMutableBufferPointer(start: nil, count: 0))
    try check(image)
    return (Int(image.width), Int(image.height))
  }

  /// The pixels, which take `count` bytes.
  func pixels(of bytes: [UInt8], count: Int) throws(ImageError) -> [UInt8] {
    var image = dearc_image()
    // The decoder writes every row of a sound picture, and one that is not is dropped.
    let pixels = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      unsafe image = read(bytes, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initializedCount = image.outcome == DEARC_IMAGE_SOUND ? count : 0
    }
    try check(image)
    return pixels
  }

  private func read(_ bytes: [UInt8], into pixels: UnsafeMutableBufferPointer<UInt8>) -> dearc_image
  {
    var image = dearc_image()
    unsafe bytes.withUnsafeBufferPointer { bytes in
      let (base, count) = (bytes.baseAddress, bytes.count)
      switch self {
      case .jpeg: unsafe dearc_read_jpeg(base, count, &image, pixels.baseAddress, pixels.count)
      case .png: unsafe dearc_read_png(base, count, &image, pixels.baseAddress, pixels.count)
      case .webp: unsafe dearc_read_webp(base, count, &image, pixels.baseAddress, pixels.count)
      }
    }
    return image
  }

  private func check(_ image: dearc_image) throws(ImageError) {
    let message = unsafe withUnsafePointer(to: image) { image in
      unsafe String(cString: dearc_image_message(image))
    }
    switch image.outcome {
    case DEARC_IMAGE_SOUND: return
    case DEARC_IMAGE_UNSUPPORTED:
      throw ImageError(
        .unsupported, "this \(rawValue) picture is not supported: \(message)",
        advice: "convert it to an 8-bit RGB PNG")
    default:
      throw ImageError(
        .malformed, "the \(rawValue) picture is damaged: \(message)", advice: "get an intact copy")
    }
  }
}
