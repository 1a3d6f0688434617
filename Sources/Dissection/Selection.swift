import Formats

/// Which part of which pictures is measured; written into the statistics as JSON.
public struct Selection: Hashable, Sendable, Codable {
  /// The side of the square that is cut out of each picture at a place drawn by lot; nil for all of it.
  public let crop: Int?
  /// What the places are drawn from.
  public let seed: UInt64
  /// How many pictures of the same extents are run together at most; nil for a number by their extents.
  public let batch: Int?
  /// The map that tokens make, as `ROWSxCOLUMNS`; nil if it follows from the picture.
  public let tokens: String?
  /// The number of pairs.
  public let pairs: Int
  /// The SHA-256 of the pairs' stems, each followed by a line feed.
  ///
  /// Not of their content: a damaged picture may be mended before an interrupted run goes on.
  public let list: String

  /// States a selection from `pairs`.
  public init(crop: Int?, seed: UInt64, batch: Int?, tokens: String?, pairs: [DiagnosticPair]) {
    self.crop = crop
    self.seed = seed
    self.batch = batch
    self.tokens = tokens
    self.pairs = pairs.count
    list = pairs.map { $0.stem + "\n" }.joined().sha256
  }
}

/// A share of all batches: those whose number leaves `index` when it is divided by `count`.
public struct Shard: Hashable, Sendable, CustomStringConvertible {
  /// Which share it is, from 0.
  public let index: Int
  /// How many shares there are.
  public let count: Int

  /// All batches.
  public static let all = Shard(unchecked: 0, of: 1)

  /// Reads `INDEX/COUNT`; nil if that is no share.
  public init?(_ text: String) {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let index = numbers[0], let count = numbers[1], index >= 0,
      index < count
    else { return nil }
    self.init(unchecked: index, of: count)
  }

  private init(unchecked index: Int, of count: Int) {
    self.index = index
    self.count = count
  }

  /// The share as it is read.
  public var description: String { "\(index)/\(count)" }

  /// Whether batch `number` belongs to it.
  func contains(_ number: Int) -> Bool { number % count == index }
}

/// A pair, and the extents that its picture will have; nil if its header cannot be read.
public struct SizedPair: Hashable, Sendable {
  /// The pair.
  public let pair: DiagnosticPair
  /// The extents that the network will see.
  public let extents: PictureExtents?

  /// States extents.
  public init(_ pair: DiagnosticPair, _ extents: PictureExtents?) {
    self.pair = pair
    self.extents = extents
  }
}

/// The height and width of a picture.
public struct PictureExtents: Hashable, Sendable, Comparable {
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int

  /// States extents.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// Whether a picture comes before another, by its height and then its width.
  public static func < (left: Self, right: Self) -> Bool {
    (left.height, left.width) < (right.height, right.width)
  }

  /// As many small pictures as keep two processors busy: more take memory, and no less time.
  var usualBatch: Int {
    let (pixels, overflow) = max(height, 1).multipliedReportingOverflow(by: max(width, 1))
    return overflow ? 1 : min(max(Self.pixelsPerBatch / pixels, 1), Self.picturesPerBatch)
  }

  /// As many pictures as fit into 256 MiB together with their regions, whatever is asked for; one in any case.
  var largestBatch: Int {
    let (pixels, overflow) = max(height, 1).multipliedReportingOverflow(by: max(width, 1))
    return overflow ? 1 : max(Self.pixelsInMemory / pixels, 1)
  }

  /// Each takes three numbers of four bytes, and one for the region.
  private static let pixelsInMemory = (256 << 20) / 16
  private static let pixelsPerBatch = 2 * 96 * 96
  private static let picturesPerBatch = 32
}

extension [SizedPair] {
  /// The pairs in batches of pictures of equal extents, the smallest pictures first.
  ///
  /// Batches depend on nothing but the pairs, so that shards agree on them.
  ///
  /// - Parameter limit: How many pictures a batch has at most, which large ones do not reach; nil for a number by their
  ///   extents.
  /// - Returns: the batches, each without a picture whose extents differ.
  public func batches(limit: Int?) -> [[DiagnosticPair]] {
    let groups = Dictionary(grouping: self, by: \.extents)
    let known = groups.keys.compactMap { $0 }.sorted()
    let sized = known.flatMap { extents in
      (groups[extents] ?? []).map(\.pair).chunks(
        of: Swift.min(limit ?? extents.usualBatch, extents.largestBatch))
    }
    return sized + (groups[nil] ?? []).map { [$0.pair] }
  }
}

extension Array {
  fileprivate func chunks(of size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}
