import Formats
import Importers

/// Takes the bytes of a safetensors file through all that reads one.
public struct SafetensorsCase: Sendable {
  private let folder: String
  private let model: ModelCase

  /// Works in `folder`.
  ///
  /// - Throws: `FormatError` if the folder cannot be written to.
  public init(folder: String) throws {
    self.folder = folder
    model = try ModelCase(folder: folder)
  }

  /// Reads `bytes` as a header, writes that anew, and reads them as a head and as a model.
  ///
  /// - Returns: what became of the header.
  /// - Throws: `Finding` if something other than a refusal went wrong.
  public func run(_ bytes: [UInt8]) throws -> Outcome {
    let header: SafetensorsHeader
    do throws(FormatError) {
      header = try Self.header(bytes)
    } catch {
      return try model.run(bytes)
    }
    try expectRewritable(header, dataCount: bytes.count - header.dataOffset)
    _ = try model.run(bytes)
    try readHead(bytes)
    return .accepted
  }

  private static func header(_ bytes: [UInt8]) throws(FormatError) -> SafetensorsHeader {
    try bytes.withUnsafeBufferPointer { (elements) throws(FormatError) in
      try SafetensorsHeader(reading: UnsafeRawBufferPointer(elements))
    }
  }

  /// A header that was accepted says nothing that a new one cannot say.
  private func expectRewritable(_ header: SafetensorsHeader, dataCount: Int) throws {
    let drafts = header.entries.map {
      SafetensorsDraft(name: $0.name, type: $0.type, shape: $0.shape, byteCount: $0.range.count)
    }
    let ordered = SafetensorsHeader.layout(of: drafts).map { drafts[$0] }
    let encoded = try SafetensorsHeader.encode(metadata: header.metadata, tensors: ordered)
    let again = try Self.header(encoded + [UInt8](repeating: 0, count: dataCount))
    let isSame =
      again.entries.map(\.name) == ordered.map(\.name)
      && again.metadata.map(\.value) == header.metadata.map(\.value)
    guard isSame else { throw Finding("a header changed by being written again") }
  }

  private func readHead(_ bytes: [UInt8]) throws {
    let head: StoredHead
    do throws(ImportError) {
      head = try importHead(at: "\(folder)/model")
    } catch {
      _ = try Outcome.refused(for: error.message)
      return
    }
    guard head.shape.count == 2, head.weights.count == head.shape[0] * head.shape[1],
      head.bias.count == head.shape[0]
    else { throw Finding("a head of other extents than its weights") }
  }
}
