extension Constant {
  /// A 64-bit FNV-1a hash of the stored elements, for showing and for finding likely duplicates.
  ///
  /// Packed elements are hashed as their bytes. Every string is preceded by its length in eight
  /// little-endian bytes; a sparse tensor's values come before its indices. The type and the shape
  /// are left out. Equal hashes do not prove equal elements.
  public var contentHash: UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    addElements(to: &hash)
    return hash
  }

  private func addElements(to hash: inout UInt64) {
    switch storage {
    case .dense(let payload):
      unsafe payload.withBytes { bytes in
        unsafe bytes.forEach { hash.addFNV($0) }
      }
    case .strings(let strings):
      for string in strings {
        for shift in stride(from: 0, to: 64, by: 8) {
          hash.addFNV(UInt8(truncatingIfNeeded: string.count >> shift))
        }
        for byte in string { hash.addFNV(byte) }
      }
    case .sparse(let values, let indices):
      values.addElements(to: &hash)
      indices.addElements(to: &hash)
    }
  }
}

extension UInt64 {
  /// Takes one more byte into an FNV-1a hash.
  fileprivate mutating func addFNV(_ byte: UInt8) {
    self = (self ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
  }
}
