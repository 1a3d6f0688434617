import TestSupport
import Testing

@testable import IR

/// Elements survive the text bit by bit.
@Suite struct ElementTextTests {
  /// Every bit pattern of types up to 16 bits, and random ones of wider types.
  @Test(arguments: ElementType.allCases.filter { $0 != .string })
  func everyElementReadsBackAsItWas(_ type: ElementType) throws {
    let coding = try #require(ElementCoding(type))
    var random = SplitMix64(seed: UInt64(type.rawValue))
    let patterns =
      coding.width <= 16
      ? (0..<1 << UInt64(coding.width)).map { $0 }
      : (0..<20_000).map { _ in random.next() >> UInt64(64 - coding.width) }
    var unwritten = 0
    for bits in patterns {
      guard let text = coding.text(bits) else {
        unwritten += 1
        continue
      }
      var lexer = Lexer(Array(text.utf8))
      let token = try lexer.next().token
      #expect(coding.bits(token) == bits, "\(text)")
    }
    #expect(unwritten == (type == .bool ? 254 : 0))
  }

  @Test(arguments: [
    (ElementType.float32, "0.1", 0x3DCC_CCCD), (.float32, "-0.0", 0x8000_0000),
    (.float32, "1e-46", 0), (.float64, "0.1", 0x3FB9_9999_9999_999A), (.float16, "0.1", 0x2E66),
    // Just above, at and below the middle between 1 and the next bfloat16, and of that and the next.
    (.bfloat16, "1.00390625000000001", 0x3F80), (.bfloat16, "1.0039062500000003", 0x3F81),
    (.bfloat16, "1.00390625", 0x3F80), (.bfloat16, "1.01171875", 0x3F82),
    (.bfloat16, "1.0117187499999998", 0x3F81), (.bfloat16, "-1.01171875", 0xBF82),
    (.int8, "-128", 0x80), (.int4, "-1", 0xF), (.uint64, "18446744073709551615", UInt64.max),
    (.float8E4M3FN, "#7f", 0x7F),
  ])
  func decimalsAreRoundedOnce(_ type: ElementType, _ text: String, _ bits: UInt64) throws {
    var lexer = Lexer(Array(text.utf8))
    let token = try lexer.next().token
    #expect(try #require(ElementCoding(type)).bits(token) == bits)
  }

  @Test func hashesAreThePublishedOnes() throws {
    // Test vectors of the FNV reference: "" and "foobar".
    #expect(Constant([UInt8](), shape: [0]).contentHash == 0xCBF2_9CE4_8422_2325)
    #expect(Constant(Array("foobar".utf8), shape: [6]).contentHash == 0x8594_4171_F739_67E8)
    let one = Constant(elementType: .string, shape: [2], storage: .strings([[97], [98, 99]]))
    let other = Constant(elementType: .string, shape: [2], storage: .strings([[97, 98], [99]]))
    #expect(one.contentHash != other.contentHash)
  }
}
