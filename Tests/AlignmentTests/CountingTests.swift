import Alignment
import TestSupport
import Testing

/// How images are counted, and statistics merged.
@Suite struct CountingTests {
  private static let channels = 5

  /// Means of an image; a large common part is what costs naive sums their digits.
  private static func image(_ random: inout SplitMix64) -> RegionMeans {
    func list(_ offset: Double) -> [Double] {
      (0..<channels).map { Double($0) + offset + Double.random(in: -1...1, using: &random) }
    }
    return RegionMeans(inside: list(1e6), outside: list(1e6), overall: list(1e6))
  }

  private static func images(_ count: Int, seed: UInt64 = 1) -> [RegionMeans] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in image(&random) }
  }

  private static func statistics(
    _ images: [RegionMeans], hashes: [UInt64], model: String = "m", selection: String = "{}",
    value: String = "v", batchesDone: Int? = nil
  ) -> AlignmentStatistics {
    var entry = ValueAlignment(counting: value, axis: 1, channels: channels)
    for image in images { entry.count(image) }
    return AlignmentStatistics(
      measurement: .init(
        modelDigest: model, tool: "t", preprocessing: "none", selection: selection,
        imageHashes: hashes, batchesDone: batchesDone), values: [entry])
  }

  @Test func meansAndDeviationsAreThoseOfTheWhole() throws {
    let images = Self.images(1000)
    let counted = Self.statistics(images, hashes: []).values[0]
    let moments = try #require(counted.moments)
    let errors = try #require(counted.standardErrors)
    for channel in 0..<Self.channels {
      let distances = images.map { $0.inside[channel] - $0.outside[channel] }
      let mean = distances.reduce(0, +) / 1000
      let squares = distances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      #expect((counted.discrepancies[channel] - mean).magnitude < 1e-12)
      #expect((moments.squaredDeviations[channel] - squares).magnitude < 1e-9 * squares)
      #expect((errors[channel] - (squares / 999 / 1000).squareRoot()).magnitude < 1e-12)
      let overall = images.map { $0.overall[channel] }.reduce(0, +) / 1000
      #expect((moments.activationMeans[channel] - overall).magnitude < 1e-8)
    }
    #expect(moments.count == 1000)
  }

  @Test(arguments: [[1000], [1, 999], [0, 500, 500], [333, 333, 334], [100, 0, 1, 899]])
  func theSplitDoesNotMatter(sizes: [Int]) throws {
    let images = Self.images(1000)
    let whole = Self.statistics(images, hashes: (0..<1000).map(UInt64.init))
    var start = 0
    var parts: [AlignmentStatistics] = []
    for size in sizes {
      let range = start..<start + size
      parts.append(Self.statistics(Array(images[range]), hashes: range.map(UInt64.init)))
      start += size
    }
    var merged = parts[0]
    for part in parts.dropFirst() { try merged.merge(part) }
    #expect(merged.measurement?.imageHashes == whole.measurement?.imageHashes)
    let (found, wanted) = (merged.values[0], whole.values[0])
    for (one, other) in zip(found.discrepancies, wanted.discrepancies) {
      #expect((one - other).magnitude < 1e-12)
    }
    let moments = (try #require(found.moments), try #require(wanted.moments))
    for (one, other) in zip(moments.0.squaredDeviations, moments.1.squaredDeviations) {
      #expect((one - other).magnitude < 1e-12 * other)
    }
    for (one, other) in zip(moments.0.insideMeans, moments.1.insideMeans) {
      #expect((one - other).magnitude < 1e-12 * other)
    }
  }

  @Test func whatDoesNotBelongTogetherIsNotMerged() {
    let images = Self.images(3)
    let own = Self.statistics(images, hashes: [1, 2, 3])
    let strangers: [(AlignmentStatistics, String)] = [
      (Self.statistics(images, hashes: [4, 5, 6], model: "n"), "SHA-256"),
      (Self.statistics(images, hashes: [4, 5, 6], selection: "{\"crop\":96}"), "selection"),
      (Self.statistics(images, hashes: [4, 5, 6], value: "w"), "'w'"),
      (Self.statistics(images, hashes: [3, 4, 5]), "1 of its images"),
      (Self.statistics(images, hashes: [4, 5, 6], batchesDone: 2), "interrupted"),
      (AlignmentStatistics(values: own.values), "does not say"),
      (
        AlignmentStatistics(
          measurement: own.measurement.map {
            var other = $0
            other.imageHashes = [9]
            return other
          },
          values: [ValueAlignment(value: "v", axis: 1, discrepancies: own.values[0].discrepancies)]),
        "discrepancies only"
      ),
    ]
    for (other, words) in strangers {
      var merged = own
      let error = #expect(throws: MergeError.self) { try merged.merge(other) }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
      #expect(merged == own)
    }
  }
}
