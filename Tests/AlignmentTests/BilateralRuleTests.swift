import Alignment
import TestSupport
import Testing

@Suite struct BilateralRuleTests {
  private struct Case {
    let top: Double
    let bottom: Double
    let scores: [Double]

    var kept: [Int] {
      let closed = BilateralRule(excludeTop: top, excludeBottom: bottom)?.closedChannels(scores)
      return scores.indices.filter { !(closed ?? []).contains($0) }
    }
  }

  /// Scores with many ties, and others without.
  private static var cases: [Case] {
    var random = SplitMix64(seed: 11)
    let ratios = [(0.2, 0.2), (0.3, 0.3), (0.29, 0.1), (0.5, 0.49), (0, 0), (0, 0.999), (1e-9, 0)]
    return [2048, 512, 100, 10, 3, 1].flatMap { count in
      ratios.flatMap { top, bottom in
        [false, true].map { hasTies in
          let scores = (0..<count).map { _ in
            hasTies
              ? Double(Int.random(in: -2...2, using: &random)) / 4
              : Double.random(in: -1...1, using: &random)
          }
          return Case(top: top, bottom: bottom, scores: scores)
        }
      }
    }
  }

  @Test func channelsAreThoseOfTheReference() throws {
    let cases = Self.cases
    let input = cases.map { each in
      ([each.top, each.bottom] + each.scores).map { "\($0)" }.joined(separator: " ")
    }
    let output = try Python.judge("bilateral.py", input: input.joined(separator: "\n") + "\n")
    let expected = output.split(separator: "\n", omittingEmptySubsequences: false).prefix(
      cases.count)
    try #require(expected.count == cases.count)
    for (each, line) in zip(cases, expected) {
      #expect(each.kept == line.split(separator: " ").compactMap { Int($0) })
      #expect(!each.kept.isEmpty)
    }
  }

  @Test func countsAreTruncatedProducts() {
    let counts = [
      (2048, 0.2, 0.2, 1230), (2048, 0.3, 0.3, 820), (100, 0.29, 0, 72), (10, 0.5, 0.49, 1),
      (3, 0.5, 0.49, 1), (1, 0.5, 0.49, 1), (10, 0.1, 0.8999999999999999, 1),
    ]
    for (count, top, bottom, kept) in counts {
      let each = Case(top: top, bottom: bottom, scores: (0..<count).map(Double.init))
      #expect(each.kept.count == kept)
    }
  }

  @Test func equalScoresAreRankedByChannel() {
    #expect(Case(top: 0.25, bottom: 0.25, scores: [1, 1, 1, 1]).kept == [1, 2])
    #expect(Case(top: 0.25, bottom: 0.25, scores: [0.0, -0.0, 0.0, -0.0]).kept == [1, 2])
  }

  @Test func sharesAreClampedAndMustLeaveSomething() {
    #expect(BilateralRule(excludeTop: -3, excludeBottom: 0.5)?.excludeTop == 0)
    #expect(BilateralRule(excludeTop: 0.5, excludeBottom: 0.5) == nil)
    #expect(BilateralRule(excludeTop: 7, excludeBottom: -1) == nil)
    #expect(BilateralRule(excludeTop: .nan, excludeBottom: 0) == nil)
  }
}
