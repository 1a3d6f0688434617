import Formats
import IR

/// Lays out the weights of a large model in a second file.
final class ExternalWeights: InitializerStore {
  /// Where the file is to appear.
  let path: String
  private let location: String
  private var payloads: [Payload] = []
  private var end = 0

  /// Readers map the file; a multiple of the page size lets them map single tensors.
  private static let alignment = 4096
  /// Smaller tensors stay in the message, where they cost no padding.
  private static let smallestByteCount = 1024

  init(modelPath: String) {
    path = modelPath + ".data"
    location = String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
  }

  func take(_ constant: Constant, _ payload: Payload, name: String) -> [MetadataEntry]? {
    guard payload.count >= Self.smallestByteCount else { return nil }
    let offset = (end + Self.alignment - 1) / Self.alignment * Self.alignment
    end = offset + payload.count
    payloads.append(payload)
    return [
      MetadataEntry(key: "location", value: location),
      MetadataEntry(key: "offset", value: String(offset)),
      MetadataEntry(key: "length", value: String(payload.count)),
    ]
  }

  /// Writes what was taken, in order.
  func write(to file: AtomicFile) throws(FormatError) {
    for payload in payloads {
      try file.pad(to: Self.alignment)
      try unsafe payload.withBytes { (bytes) throws(FormatError) in unsafe try file.write(bytes) }
      payload.discard()
    }
  }
}
