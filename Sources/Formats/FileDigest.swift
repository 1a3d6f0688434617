internal import CCrypto

extension MappedFile {
  /// How much is hashed before the memory it was mapped to is given back.
  private static let digestPieceByteCount = 1 << 22

  /// The SHA-256 of the content in lower-case hexadecimal.
  ///
  /// Pages that were hashed leave the process again, or a large model would count twice in its peak
  /// memory: here and where it is compiled. They stay in the system's cache.
  public var sha256: String {
    let digest = Digest()
    for start in stride(from: 0, to: count, by: Self.digestPieceByteCount) {
      let end = min(start + Self.digestPieceByteCount, count)
      let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      unsafe digest.add(piece)
      unsafe discard(piece)
    }
    return digest.finish()
  }
}

extension String {
  /// The SHA-256 of the text in UTF-8, in lower-case hexadecimal.
  public var sha256: String {
    let digest = Digest()
    unsafe Array(utf8).withUnsafeBytes { unsafe digest.add($0) }
    return digest.finish()
  }
}

/// A SHA-256 that is being taken.
///
/// Libcrypto picks the processor's own instructions for it, where there are any.
@safe
private final class Digest {
  private let context: OpaquePointer?

  init() {
    unsafe context = EVP_MD_CTX_new()
    // The digest is compiled into the library and the memory is ours: there is nothing to fail.
    precondition(unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1)
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  func add(_ bytes: UnsafeRawBufferPointer) {
    precondition(unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1)
  }

  func finish() -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    precondition(unsafe EVP_DigestFinal_ex(context, &digest, &length) == 1)
    return Self.hexadecimal(digest.prefix(Int(length)))
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".unicodeScalars)
    var text = String.UnicodeScalarView()
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(text)
  }
}
