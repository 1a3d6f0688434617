/// Why shards are no parts of one run.
public struct SplitError: Error, Hashable, Sendable {
  /// What does not fit.
  public let message: String
}

/// What the shards that statistics count make together.
public struct Split: Hashable, Sendable {
  /// The shards, in the order in which they were added; empty if all batches were counted at once.
  public private(set) var shards: [Shard] = []
  private var indices: Set<Int> = []

  /// Reads the shards that one file of statistics names.
  ///
  /// - Throws: `SplitError` if one is no shard, or they are not of one split.
  public init(_ labels: [String]) throws(SplitError) {
    for label in labels {
      guard let shard = Shard(label) else {
        throw SplitError(message: "it names the shard '\(label)', expected INDEX/COUNT")
      }
      try append(shard)
    }
  }

  /// Adds what another file counts.
  ///
  /// - Throws: `SplitError` if it is of another split, or counts a shard that is counted already.
  public mutating func add(_ other: Split) throws(SplitError) {
    guard shards.isEmpty == other.shards.isEmpty else {
      throw SplitError(
        message: shards.isEmpty
          ? "it counts \(other.description), where all batches are counted already"
          : "it counts all batches, where \(description) is counted already")
    }
    for shard in other.shards { try append(shard) }
  }

  private mutating func append(_ shard: Shard) throws(SplitError) {
    if let first = shards.first, first.count != shard.count {
      throw SplitError(
        message: "shard \(shard) is not of the split that shard \(first) is of")
    }
    guard indices.insert(shard.index).inserted else {
      throw SplitError(message: "shard \(shard) is counted already")
    }
    shards.append(shard)
  }

  /// How many shards there are besides.
  public var missingCount: Int { (shards.first?.count ?? 0) - shards.count }

  /// The first of them, as many as `limit`.
  public func missing(limit: Int) -> [Shard] {
    guard let count = shards.first?.count else { return [] }
    return (0..<count).lazy.filter { !indices.contains($0) }.prefix(limit)
      .compactMap { Shard("\($0)/\(count)") }
  }
}

extension Split: CustomStringConvertible {
  /// The shards, as a list.
  public var description: String {
    (shards.count == 1 ? "shard " : "shards ")
      + shards.map(\.description).joined(separator: ", ")
  }
}
