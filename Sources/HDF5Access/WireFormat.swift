import Formats

/// What the worker says, and what it is told.
///
/// Every message is a kind, a length and that many bytes. Numbers are 64-bit little-endian; text and
/// lists are preceded by their length.
enum WorkerMessage: UInt8 {
  /// The tree of groups and datasets, once, in the beginning.
  case tree = 1
  /// Packed elements of a dataset, or some of its rows; the next follow in another message.
  case packed = 2
  /// Texts of a dataset.
  case strings = 3
  /// Why the file, or a part of it, is refused: a path and a reason.
  case refusal = 4
}

/// Writes numbers and texts one after another.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ byte: UInt8) { bytes.append(byte) }

  mutating func write(_ number: Int) {
    unsafe withUnsafeBytes(of: Int64(number).littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  mutating func write(_ text: String) { write(Array(text.utf8)) }

  mutating func write(_ content: [UInt8]) {
    write(content.count)
    bytes += content
  }

  mutating func write(list: [Int]) {
    write(list.count)
    for number in list { write(number) }
  }

  mutating func write(list: [String]) {
    write(list.count)
    for text in list { write(text) }
  }
}

/// Reads them back, trusting nothing: the worker may have been taken over by the file it read.
struct WireReader {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { offset == bytes.count }

  mutating func readByte() throws(FormatError) -> UInt8 {
    guard offset < bytes.count else { throw Self.nonsense }
    offset += 1
    return bytes[offset - 1]
  }

  mutating func readNumber() throws(FormatError) -> Int {
    guard bytes.count - offset >= 8 else { throw Self.nonsense }
    defer { offset += 8 }
    let bits = bytes[offset..<offset + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(Int64(bitPattern: bits))
  }

  /// A number of things of which each takes at least one more byte.
  mutating func readCount() throws(FormatError) -> Int {
    let count = try readNumber()
    guard count >= 0, count <= bytes.count - offset else { throw Self.nonsense }
    return count
  }

  mutating func readBytes() throws(FormatError) -> [UInt8] {
    let count = try readCount()
    defer { offset += count }
    return Array(bytes[offset..<offset + count])
  }

  mutating func readText() throws(FormatError) -> String {
    let content = try readBytes()
    guard let text = String(validating: content, as: UTF8.self) else { throw Self.nonsense }
    return text
  }

  mutating func readNumbers() throws(FormatError) -> [Int] {
    var numbers: [Int] = []
    for _ in 0..<(try readCount()) { numbers.append(try readNumber()) }
    return numbers
  }

  mutating func readTexts() throws(FormatError) -> [String] {
    var texts: [String] = []
    for _ in 0..<(try readCount()) { texts.append(try readText()) }
    return texts
  }

  static var nonsense: FormatError {
    FormatError(.malformed, "the confined reader gave an answer that makes no sense")
  }
}
