import Formats
import Testing

@Suite struct SafetensorsHeaderTests {
  /// A file with `json` as its header and `count` bytes of data.
  private func file(_ json: String, data count: Int = 0) -> [UInt8] {
    let length = UInt64(json.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(json.utf8)
      + [UInt8](repeating: 0, count: count)
  }

  private func read(_ bytes: [UInt8]) throws(FormatError) -> SafetensorsHeader {
    try bytes.withUnsafeBufferPointer { (elements) throws(FormatError) in
      try SafetensorsHeader(reading: UnsafeRawBufferPointer(elements))
    }
  }

  private static func tensor(_ begin: Int, _ end: Int, _ count: Int) -> String {
    #"{"dtype":"U8","shape":[\#(count)],"data_offsets":[\#(begin),\#(end)]}"#
  }

  @Test func soundHeadersAreRead() throws {
    #expect(try read(file("{}  ")).entries.isEmpty)
    #expect(try read(file(#"{"__metadata__":null}"#)).metadata.isEmpty)
    #expect(try read(file(#"{"__metadata__":{"a":"b"}}"#)).metadata("a") == "b")
    let two = try read(
      file(#"{"b":\#(Self.tensor(1, 3, 2)),"a":\#(Self.tensor(0, 1, 1))}"#, data: 3))
    #expect(two.entries.map(\.name) == ["b", "a"])
    let scalar = #"{"s":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}"#
    #expect(try read(file(scalar, data: 8)).entries[0].shape == [])
  }

  @Test(arguments: [
    (#"{"a":\#(tensor(1, 2, 1))}"#, 2, "starts at byte 1"),
    (#"{"a":\#(tensor(0, 2, 2)),"b":\#(tensor(1, 3, 2))}"#, 3, "starts at byte 1"),
    (#"{"a":\#(tensor(0, 1, 1))}"#, 2, "but 2 follow"),
    (#"{"a":\#(tensor(0, 3, 3))}"#, 2, "but 2 follow"),
    (#"{"a":\#(tensor(0, 2, 1))}"#, 2, "do not fit"),
    (#"{"a":\#(tensor(2, 1, 1))}"#, 2, "do not fit"),
    (#"{"__metadata__":{"a":1}}"#, 0, "expected a string"),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}"#, 0, "found -1"),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0.0,1]}}"#, 1, "found 0.0"),
    (#"{"a":{"dtype":"X8","shape":[1],"data_offsets":[0,1]}}"#, 1, "unknown dtype"),
    (#"{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}"#, 1, "do not fit"),
    (#"{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0, "fit"),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":0}}"#, 1, "unknown field"),
    (#"{"a":{"dtype":"U8","shape":[1]}}"#, 1, "lacks"),
    (#"{"a":\#(tensor(0, 1, 1)),"a":\#(tensor(0, 1, 1))}"#, 1, "appears twice"),
    ("{}\0", 0, "only spaces"),
    ("{} {}", 0, "expected the end"),
    ("{", 0, "only spaces"),
  ])
  func brokenHeadersAreRefused(_ json: String, _ data: Int, _ fragment: String) {
    let error = #expect(throws: FormatError.self) { try read(file(json, data: data)) }
    #expect(error?.offset != nil)
    #expect(error?.message.contains(fragment) == true, "\(String(describing: error))")
  }

  @Test func headersThatClaimTooMuchAreRefused() {
    func refusal(_ length: UInt64) -> FormatError? {
      let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
      return #expect(throws: FormatError.self) { try read(prefix + Array("{}".utf8)) }
    }
    #expect(refusal(3)?.message.contains("only 10") == true)
    #expect(refusal(100_000_001)?.message.contains("not allowed") == true)
    #expect(refusal(.max) != nil)
    #expect(throws: FormatError.self) { try read(file(" {}")) }
    #expect(throws: FormatError.self) { try read([]) }
  }

  @Test func invalidUTF8IsRefused() {
    var bytes = file(#"{"__metadata__":{"a":"b"}}"#)
    bytes[bytes.count - 4] = 0xff
    #expect(throws: FormatError.self) { try read(bytes) }
  }

  @Test func writtenHeadersAreAlignedAndOrdered() throws {
    let drafts = [
      SafetensorsDraft(name: "b", type: .uint8, shape: [3], byteCount: 3),
      SafetensorsDraft(name: "z", type: .float32, shape: [1], byteCount: 4),
      SafetensorsDraft(name: "a", type: .float32, shape: [2], byteCount: 8),
      SafetensorsDraft(name: "c", type: .int64, shape: [], byteCount: 8),
    ]
    let order = SafetensorsHeader.layout(of: drafts)
    #expect(order == [3, 2, 1, 0])
    let bytes = try SafetensorsHeader.encode(
      metadata: [("k", "v\"")], tensors: order.map { drafts[$0] })
    #expect(bytes.count % 64 == 0)
    let header = try read(bytes + [UInt8](repeating: 0, count: 23))
    #expect(header.entries.map(\.name) == ["c", "a", "z", "b"])
    #expect(header.metadata("k") == "v\"")
  }
}
