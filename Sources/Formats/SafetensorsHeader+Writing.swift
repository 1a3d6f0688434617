/// A tensor to be written, before its place in the file is known.
public struct SafetensorsDraft: Sendable {
  /// The key.
  public let name: String
  /// The type of an element.
  public let type: SafetensorsType
  /// The extents, outermost first.
  public let shape: [Int]
  /// How many bytes the elements take.
  public let byteCount: Int

  /// Describes a tensor.
  public init(name: String, type: SafetensorsType, shape: [Int], byteCount: Int) {
    self.name = name
    self.type = type
    self.shape = shape
    self.byteCount = byteCount
  }
}

extension SafetensorsHeader {
  /// What every tensor's bytes are aligned to, as far as its neighbours allow.
  private static let dataAlignment = 64

  /// The order in which tensors are laid out: widest elements first, then by key.
  ///
  /// Since tensors may not have gaps between them, this order is what keeps each one aligned for
  /// its elements.
  ///
  /// - Returns: positions in `drafts`.
  public static func layout(of drafts: [SafetensorsDraft]) -> [Int] {
    drafts.indices.sorted { left, right in
      let (one, two) = (drafts[left], drafts[right])
      if one.type.alignment != two.type.alignment {
        return one.type.alignment > two.type.alignment
      }
      return one.name.utf8.lexicographicallyPrecedes(two.name.utf8)
    }
  }

  /// Encodes a header, padded with spaces so that the tensors' bytes start at a multiple of 64.
  ///
  /// - Parameters:
  ///   - metadata: Text to go with the tensors, in this order.
  ///   - drafts: The tensors, in the order of `layout`; keys must be unique.
  /// - Returns: what precedes the tensors' bytes, length prefix included.
  /// - Throws: `FormatError` if the header would be larger than readers accept.
  public static func encode(
    metadata: [(key: String, value: String)], tensors drafts: [SafetensorsDraft]
  ) throws(FormatError) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("__metadata__")
      writer.object { writer in
        for (key, value) in metadata {
          writer.key(key)
          writer.string(value)
        }
      }
      var offset = 0
      for draft in drafts {
        writer.key(draft.name)
        write(draft, at: offset, to: &writer)
        offset += draft.byteCount
      }
    }
    var json = writer.bytes
    let remainder = (8 + json.count) % dataAlignment
    if remainder > 0 { json += [UInt8](repeating: 0x20, count: dataAlignment - remainder) }
    guard json.count <= Limits.safetensorsHeaderByteCount else {
      throw FormatError(
        .cannotWrite,
        "the safetensors header would take \(json.count) bytes, and readers accept "
          + "\(Limits.safetensorsHeaderByteCount); write .onnx instead")
    }
    let length = UInt64(json.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + json
  }

  private static func write(
    _ draft: SafetensorsDraft, at offset: Int, to writer: inout JSONWriter
  ) {
    writer.object { writer in
      writer.key("dtype")
      writer.string(draft.type.rawValue)
      writer.key("shape")
      writer.array { writer in
        for extent in draft.shape { writer.verbatim(String(extent)) }
      }
      writer.key("data_offsets")
      writer.array { writer in
        writer.verbatim(String(offset))
        writer.verbatim(String(offset + draft.byteCount))
      }
    }
  }
}
