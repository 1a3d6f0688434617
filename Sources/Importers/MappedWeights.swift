import Formats
import IR

/// Keeps a mapped file alive for the payloads that it lends.
final class MappedWeights: PayloadOwner {
  let file: MappedFile

  init(_ file: MappedFile) { self.file = file }

  func discard(_ bytes: UnsafeRawBufferPointer) { unsafe file.discard(bytes) }

  func discardAll() { unsafe file.discard(file.bytes) }

  /// The whole content.
  var payload: Payload { unsafe Payload(lending: file.bytes, owner: self) }
}

extension Payload {
  /// Lends a part of the bytes.
  ///
  /// - Precondition: `range` lies within the payload.
  func slice(_ range: Range<Int>) -> Payload {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return unsafe withBytes { bytes in
      unsafe Payload(lending: UnsafeRawBufferPointer(rebasing: bytes[range]), owner: owner)
    }
  }
}
