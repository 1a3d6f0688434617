internal import CHDF5
internal import Glibc

/// What elements are read from: an attribute, or a part of a dataset.
@safe
struct ElementSource {
  let path: String
  /// The type as stored.
  let type: Handle
  /// The number of elements.
  let count: Int
  /// The data space in memory, for giving back what variable-length text took.
  let space: Handle
  /// Lets libhdf5 fill memory with elements of a type in memory.
  let read: (hid_t, UnsafeMutableRawPointer) -> herr_t

  /// Reads packed elements, little-endian.
  func packed() throws -> [UInt8] {
    guard let size = type.elementType.byteCount,
      let memory = Handle(H5Tcopy(type.id), close: H5Tclose)
    else { throw Refusal(path: path, reason: "its elements cannot be read") }
    if size > 1 { H5Tset_order(memory.id, H5T_ORDER_LE) }
    return unsafe try fill(count * size) { unsafe read(memory.id, $0) }
  }

  /// Reads text.
  func strings() throws -> [String] {
    H5Tis_variable_str(type.id) > 0 ? try variableStrings() : try fixedStrings()
  }

  private func fill(
    _ byteCount: Int, _ read: (UnsafeMutableRawPointer) -> herr_t
  ) throws -> [UInt8] {
    guard byteCount > 0 else { return [] }
    var status: herr_t = -1
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initialized in
      unsafe buffer.initialize(repeating: 0)
      if let base = buffer.baseAddress { unsafe status = read(UnsafeMutableRawPointer(base)) }
      initialized = byteCount
    }
    guard status >= 0 else { throw Refusal(path: path, reason: "its elements are damaged") }
    return bytes
  }

  private func fixedStrings() throws -> [String] {
    let size = H5Tget_size(type.id)
    let padding = H5Tget_strpad(type.id)
    let bytes = unsafe try fill(count * size) { unsafe read(type.id, $0) }
    return try (0..<count).map { index in
      var text = bytes[index * size..<(index + 1) * size]
      if padding == H5T_STR_NULLTERM {
        text = text.prefix { $0 != 0 }
      } else {
        let filler: UInt8 = padding == H5T_STR_SPACEPAD ? 0x20 : 0
        while text.last == filler { text = text.dropLast() }
      }
      return try decode(text)
    }
  }

  private func variableStrings() throws -> [String] {
    guard let memory = Handle(H5Tcopy(dearc_h5_c_string()), close: H5Tclose),
      H5Tset_size(memory.id, dearc_h5_variable()) >= 0,
      H5Tset_cset(memory.id, H5Tget_cset(type.id)) >= 0
    else { throw Refusal(path: path, reason: "its text cannot be read") }
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    return try unsafe pointers.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress, count > 0 else { return [] }
      guard unsafe read(memory.id, base) >= 0 else {
        throw Refusal(path: path, reason: "its text is damaged")
      }
      defer { unsafe H5Dvlen_reclaim(memory.id, space.id, 0, base) }
      return try unsafe buffer.bindMemory(to: UnsafeMutablePointer<CChar>?.self).map { pointer in
        guard let pointer = unsafe pointer else { return "" }
        return try decode(unsafe bytes(ofCString: pointer))
      }
    }
  }

  private func decode(_ bytes: some Sequence<UInt8>) throws -> String {
    guard let text = String(validating: Array(bytes), as: UTF8.self) else {
      throw Refusal(path: path, reason: "its text is not valid UTF-8")
    }
    return text
  }
}

/// The bytes before the first NUL.
func bytes(ofCString pointer: UnsafePointer<CChar>) -> [UInt8] {
  unsafe UnsafeBufferPointer(start: pointer, count: strlen(pointer)).map { UInt8(bitPattern: $0) }
}
