import CLibFuzzer

/// What libFuzzer calls to change an input.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: UInt32
) -> Int {
  var random = SeededRandom(seed: UInt64(seed))
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  // Now and then the lengths must be wrong, too.
  guard !random.oneIn(5), var message = WireMessage(bytes[...]), message.count > 0 else {
    return LLVMFuzzerMutate(data, count, limit)
  }
  repeat { message.mutate(using: &random) } while random.oneIn(2) && message.count > 0
  return store(message.bytes, to: data, limit) ?? LLVMFuzzerMutate(data, count, limit)
}

/// What libFuzzer calls to join two inputs: parts of one are put beside their likes in the other.
@_cdecl("LLVMFuzzerCustomCrossOver")
public func crossOver(
  _ first: UnsafePointer<UInt8>, _ firstCount: Int, _ second: UnsafePointer<UInt8>,
  _ secondCount: Int, _ result: UnsafeMutablePointer<UInt8>, _ limit: Int, _ seed: UInt32
) -> Int {
  var random = SeededRandom(seed: UInt64(seed))
  let target = Array(UnsafeBufferPointer(start: first, count: firstCount))
  let source = Array(UnsafeBufferPointer(start: second, count: secondCount))
  guard var message = WireMessage(target[...]), let donor = WireMessage(source[...]),
    donor.count > 0
  else { return 0 }
  for _ in 0..<Int.random(in: 1...4, using: &random) {
    guard let part = donor[Int.random(in: 0..<donor.count, using: &random)] else { continue }
    message.insert(part, using: &random)
  }
  return store(message.bytes, to: result, limit) ?? 0
}

/// Copies `bytes` unless they are too many.
private func store(
  _ bytes: [UInt8], to data: UnsafeMutablePointer<UInt8>, _ limit: Int
) -> Int? {
  guard bytes.count <= limit else { return nil }
  for (index, byte) in bytes.enumerated() { data[index] = byte }
  return bytes.count
}

extension WireMessage {
  /// Extents, axes and codes at which arithmetic goes wrong if it ever does.
  private static let numbers: [Int64] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 64, 255, 1 << 16, 1 << 24, 1 << 31, 1 << 32, 1 << 40,
    1 << 62, .max, .min, -1, -2, -3, -4, -(1 << 31),
  ]

  /// Changes one field at random.
  mutating func mutate(using random: inout SeededRandom) {
    let index = Int.random(in: 0..<count, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0: edit(index) { list, position in list.remove(at: position) }
    case 1: edit(index) { list, position in list.insert(list[position], at: position) }
    case 2:
      let other = Int.random(in: 0..<8, using: &random)
      edit(index) { list, position in list.swapAt(position, other % list.count) }
    case 3: if let part = self[index] { insert(part, using: &random) }
    case 4, 5: replaceByLike(index, using: &random)
    default: edit(index) { list, position in list[position].changeContent(using: &random) }
    }
  }

  /// Puts `part` beside a field of the same number, wherever there is one.
  mutating func insert(_ part: WireField, using random: inout SeededRandom) {
    guard let place = place(ofNumber: part.number, using: &random) else { return }
    edit(place) { list, position in list.insert(part, at: position) }
  }

  /// Gives a field what another of its number holds: a name, an operator, a tensor.
  private mutating func replaceByLike(_ index: Int, using random: inout SeededRandom) {
    guard let number = self[index]?.number,
      let other = place(ofNumber: number, using: &random).flatMap({ self[$0] })
    else { return }
    edit(index) { list, position in list[position] = other }
  }

  private func place(ofNumber number: UInt64, using random: inout SeededRandom) -> Int? {
    let total = count
    guard total > 0 else { return nil }
    let start = Int.random(in: 0..<total, using: &random)
    return (0..<min(total, 60)).map { (start + $0) % total }.first { self[$0]?.number == number }
  }

  fileprivate static func number(using random: inout SeededRandom) -> UInt64 {
    UInt64(bitPattern: numbers.randomElement(using: &random) ?? 0)
  }
}

extension WireField {
  fileprivate mutating func changeContent(using random: inout SeededRandom) {
    switch content {
    case .number(let value):
      content =
        .number(
          random.oneIn(2)
            ? WireMessage.number(using: &random)
            : value &+ UInt64(bitPattern: Int64.random(in: -2...2, using: &random)))
    case .bytes(let bytes): content = .bytes(Self.changed(bytes, room: 64))
    case .fixed(let bytes): content = .fixed(Self.changed(bytes, room: 0, keepingCount: true))
    case .message(var message):
      guard message.count > 0 else { return }
      message.mutate(using: &random)
      content = .message(message)
    }
  }

  private static func changed(
    _ bytes: [UInt8], room: Int, keepingCount: Bool = false
  ) -> [UInt8] {
    var buffer = bytes + [UInt8](repeating: 0, count: room)
    let count = LLVMFuzzerMutate(&buffer, bytes.count, buffer.count)
    return keepingCount ? Array(buffer.prefix(bytes.count)) : Array(buffer.prefix(count))
  }
}

/// Random numbers that follow from libFuzzer's seed alone.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// Whether an event of this probability happens.
  mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}
