import Formats

extension [DiagnosticPair] {
  /// The pictures that are the same, byte for byte, as that of a pair before.
  ///
  /// Shards do not see each other's pictures, and a merge refuses what is counted twice: this has to be known
  /// before pictures are shared out. Only files of equal length are read.
  func repeatedPictures() -> Set<String> {
    let lengths = concurrentMap(self) { try? MappedFile(path: $0.picture).count }
    let groups = Dictionary(grouping: indices.filter { lengths[$0] != nil }) { lengths[$0] }
    let alike = groups.values.filter { $0.count > 1 }.joined().sorted().map { self[$0].picture }
    let hashes = concurrentMap(alike) { try? SamplePreparation.hash($0) }
    var found: Set<UInt64> = []
    return Set(
      zip(alike, hashes).compactMap { picture, hash in
        guard let hash, !found.insert(hash).inserted else { return nil }
        return picture
      })
  }
}
