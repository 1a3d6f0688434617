import IR
import Testing

@Suite struct ConstantPrecisionTests {
  /// Ties go to the even number, what is too large becomes infinite, and what is no number stays so.
  private static let rounded: [(Float, UInt16)] = [
    (1, 0x3f80), (0x1.01p0, 0x3f80), (0x1.03p0, 0x3f82), (0x1.010002p0, 0x3f81), (-0.0, 0x8000),
    (.greatestFiniteMagnitude, 0x7f80), (.infinity, 0x7f80), (-.infinity, 0xff80), (.nan, 0x7fc0),
    (Float(bitPattern: 0x7f80_0001), 0x7fc0), (.leastNonzeroMagnitude, 0),
  ]

  @Test(arguments: rounded)
  func brainFloatsAreTheNearest(_ number: Float, _ bits: UInt16) {
    #expect(number.brainFloatBits == bits)
  }

  @Test(arguments: [ElementType.float16, .bfloat16])
  func halvesSurviveWideningAndNarrowing(type: ElementType) throws {
    let bits = (0...UInt16.max).filter { $0 & 0x7f80 != 0x7f80 && $0 & 0x7c00 != 0x7c00 }
    let owner = OwnedBytes(count: bits.count * 2) { target in
      bits.withUnsafeBytes { target.copyMemory(from: $0) }
    }
    let half = Constant(elementType: type, shape: [bits.count], storage: .dense(owner.payload))
    let back = try #require(half.inSinglePrecision?.inHalfPrecision(type))
    #expect(back.elementType == type && back.shape == half.shape)
    #expect(back.bytes == half.bytes)
  }

  @Test func onlySinglePrecisionIsNarrowed() {
    #expect(Constant([1.0 as Double], shape: [1]).inHalfPrecision(.float16) == nil)
    #expect(Constant([1 as Float], shape: [1]).inHalfPrecision(.float32) == nil)
    #expect(Constant([70000 as Float], shape: []).inHalfPrecision(.float16)?.bytes == [0, 0x7c])
  }
}
