import Alignment
import TestSupport
import Testing

@Suite struct HistogramTests {
  @Test func countsAreThoseOfNumpy() throws {
    var random = SplitMix64(seed: 3)
    for (count, bins) in [(1, 4), (2, 1), (50, 7), (50, 32), (2048, 40), (2048, 3), (2048, 32)] {
      // Tenths, which lie on the borders of some bins.
      let numbers = (0..<count).map { _ in Double(Int.random(in: -30...34, using: &random)) / 10 }
      let code = """
        import sys, numpy
        numbers = [float(text) for text in sys.argv[2].split()]
        print(*numpy.histogram(numbers, bins=int(sys.argv[1]))[0])
        """
      let expected = try Python.run(
        code: code, ["\(bins)", numbers.map { "\($0)" }.joined(separator: " ")])
      let found = Histogram(numbers, bins: bins).counts.map { "\($0)" }.joined(separator: " ")
      #expect(found == expected.split(separator: "\n").first.map(String.init))
    }
  }

  @Test func theLargestNumberIsInTheLastBin() {
    #expect(Histogram([0, 1, 2, 4], bins: 4).counts == [1, 1, 1, 1])
    #expect(Histogram([-1, -1, 3], bins: 2).counts == [2, 1])
  }

  @Test func equalNumbersAreInTheMiddle() {
    #expect(Histogram([2, 2, 2], bins: 5).counts == [0, 0, 3, 0, 0])
    // Their distance cannot be halved.
    let least = Double.leastNonzeroMagnitude
    #expect(Histogram([0, least], bins: 3).counts == [0, 2, 0])
    #expect(Histogram([0, 4 * least], bins: 8).counts == [1, 0, 0, 0, 0, 0, 0, 1])
  }

  @Test func theLargestNumbersOfAllDoNotOverflow() {
    let most = Double.greatestFiniteMagnitude
    #expect(Histogram([-most, 0, most], bins: 3).counts == [1, 1, 1])
  }
}
