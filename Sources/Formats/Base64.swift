/// The Base64 encoding that protobuf's JSON form uses for bytes.
public enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static let values: [UInt8?] = {
    var values = [UInt8?](repeating: nil, count: 256)
    for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
    return values
  }()

  /// Encodes bytes, with padding.
  public static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      var group: UInt32 = 0
      for index in 0..<3 {
        group = group << 8 | (index < count ? UInt32(unsafe bytes[start + index]) : 0)
      }
      for index in 0..<4 {
        let letter = alphabet[Int(group >> (18 - 6 * UInt32(index)) & 63)]
        text.append(index <= count ? letter : UInt8(ascii: "="))
      }
    }
    return text
  }

  /// Decodes text with padding; nil if it is no such text.
  public static func decode(_ text: [UInt8]) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var group: UInt32 = 0
    for (index, letter) in text.dropLast(padding).enumerated() {
      guard let value = values[Int(letter)] else { return nil }
      group = group << 6 | UInt32(value)
      if index % 4 == 3 {
        bytes += [16, 8, 0].map { UInt8(truncatingIfNeeded: group >> $0) }
        group = 0
      }
    }
    switch padding {
    case 1: bytes += [10, 2].map { UInt8(truncatingIfNeeded: group >> $0) }
    case 2: bytes.append(UInt8(truncatingIfNeeded: group >> 4))
    default: break
    }
    return bytes
  }
}
