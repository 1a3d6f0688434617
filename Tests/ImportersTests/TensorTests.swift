import Foundation
import IR
import Importers
import TestSupport
import Testing

@Suite struct TensorTests {
  /// The bytes of an initializer built from `fields`.
  private func bytes(type: Int64, dims: [Int64], _ fields: Wire...) throws -> [UInt8]? {
    let model = try importing(
      .model(.initializer("w", type: type, dims: dims, Wire(joining: fields)))
    ).model
    return model.graph.constantIDs.first.flatMap { model.graph.constant($0)?.bytes }
  }

  private func packed(_ field: UInt64, _ values: [Int64]) -> Wire {
    .bytes(field, values.flatMap { Wire.varint(UInt64(bitPattern: $0)) })
  }

  @Test func narrowTypesComeFromInt32Data() throws {
    #expect(try bytes(type: 2, dims: [2], packed(5, [1, 255])) == [1, 255])
    #expect(try bytes(type: 3, dims: [2], packed(5, [-1, 127])) == [255, 127])
    #expect(try bytes(type: 5, dims: [1], packed(5, [-2])) == [0xfe, 0xff])
    #expect(try bytes(type: 9, dims: [2], packed(5, [0, 1])) == [0, 1])
    #expect(try bytes(type: 6, dims: [1], packed(5, [-1])) == [255, 255, 255, 255])
  }

  @Test func halfPrecisionComesAsBitPatterns() throws {
    #expect(try bytes(type: 10, dims: [2], packed(5, [0x3c00, 0xbc00])) == [0, 0x3c, 0, 0xbc])
    #expect(try bytes(type: 16, dims: [1], packed(5, [0x3f80])) == [0x80, 0x3f])
  }

  @Test func nibblesComeTwoToAnEntry() throws {
    #expect(try bytes(type: 22, dims: [3], packed(5, [0x21, 0x0f])) == [0x21, 0x0f])
    #expect(try bytes(type: 25, dims: [5], packed(5, [0xe4, 0x01])) == [0xe4, 0x01])
  }

  @Test func unsignedTypesComeFromUInt64Data() throws {
    #expect(try bytes(type: 12, dims: [1], packed(11, [0xffff_ffff])) == [255, 255, 255, 255])
    #expect(try bytes(type: 13, dims: [1], packed(11, [-1])) == [UInt8](repeating: 255, count: 8))
  }

  @Test func splitAndUnpackedRunsAreJoined() throws {
    let one: [UInt8] = [0, 0, 128, 63]
    #expect(try bytes(type: 1, dims: [2], .bytes(4, one), .bytes(4, one)) == one + one)
    #expect(try bytes(type: 1, dims: [1], Wire([0x25] + one)) == one)
    #expect(
      try bytes(type: 7, dims: [2], .number(7, 1), .number(7, 2))
        == [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func complexNumbersAreTwoEntries() throws {
    #expect(try bytes(type: 14, dims: [1], .bytes(4, [UInt8](repeating: 1, count: 8)))?.count == 8)
    #expect(
      try bytes(type: 15, dims: [1], .bytes(10, [UInt8](repeating: 1, count: 16)))?.count == 16)
  }

  @Test func elementsThatDoNotFitAreRefused() {
    func refuse(_ type: Int64, _ dims: [Int64], _ field: Wire, _ fragment: String) {
      expectRefusal(
        .model(.initializer("w", type: type, dims: dims, field)), .malformed, "tensor 'w'",
        fragment)
    }
    refuse(2, [1], packed(5, [256]), "no element of type u8")
    refuse(9, [1], packed(5, [2]), "no element of type bool")
    refuse(1, [2], .bytes(9, [0, 0, 0, 0]), "take 8 bytes")
    refuse(1, [1], .bytes(9, [0, 0, 0, 0, 0]), "take 4 bytes")
    refuse(1, [1], packed(7, [1]), "are in int64_data")
    refuse(2, [2], packed(5, [1]), "has 1 entries")
    refuse(2, [2], packed(5, [1, 1, 1]), "more than 2 entries")
    refuse(1, [-1], Wire(), "negative extent")
    refuse(1, [1 << 40, 1 << 40], Wire(), "more elements")
    refuse(1, [0, 1 << 40, 1 << 40], Wire(), "more elements")
    refuse(1, [1], Wire(), "has no elements")
    refuse(8, [1], .bytes(9, [65]), "expected string_data")
    refuse(8, [2], .bytes(6, [65]), "has 1 elements")
    refuse(1, [1], Wire(.bytes(9, [0, 0, 0, 0]), .bytes(4, [0, 0, 0, 0])), "expected one field")
    let zeros = Wire.bytes(9, [0, 0, 0, 0])
    expectRefusal(.model(.initializer("w", dims: [1], zeros, zeros)), .malformed, "given twice")
  }

  @Test func typesThatAreNotHandledSaySo() {
    expectRefusal(
      .model(.initializer("w", type: 27, dims: [1], .bytes(9, [1]))), .unsupported,
      "element type 27")
    expectRefusal(
      .model(.initializer("w", dims: [1], .message(3, .number(1, 0)))), .unsupported, "segment")
  }

  @Test func sparseIndicesAreChecked() throws {
    func sparse(_ indices: [Int64], _ dims: [Int64] = [2, 3]) -> Wire {
      .model(
        .message(
          15,
          .message(
            1, .number(1, 2), .number(2, 1), .text(8, "s"),
            .bytes(9, [UInt8](repeating: 0, count: 8))),
          .message(
            2, .number(1, 2), .number(2, 7),
            .bytes(
              9,
              indices.flatMap { index in
                (0..<8).map { UInt8(truncatingIfNeeded: index >> (8 * $0)) }
              })),
          Wire(joining: dims.map { .number(3, $0) })))
    }
    _ = try importing(sparse([1, 5]))
    expectRefusal(sparse([1, 6]), .malformed, "sparse tensor 's'", "outside")
    expectRefusal(sparse([5, 1]), .malformed, "out of order")
    expectRefusal(sparse([-1, 1]), .malformed)
    expectRefusal(sparse([1, 5], [1 << 40, 1 << 40]), .malformed, "more elements")
  }
}
