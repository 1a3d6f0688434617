public import Alignment
public import Executor

/// Takes alignment statistics batch by batch, so that it can be interrupted between two.
public struct Dissection {
  /// The statistics of the batches that are done.
  public private(set) var statistics: AlignmentStatistics
  /// The batches that are done, of all shards.
  public private(set) var batchesDone: Int
  /// The pairs that could not be measured since the start, and why.
  public private(set) var faults: [SampleError] = []

  private let measurement: RegionMeasurement
  private let preparation: SamplePreparation
  private let batches: [[DiagnosticPair]]
  private let shard: Shard
  private let repeated: Set<String>

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - measurement: What measures pictures.
  ///   - preparation: How pairs are read.
  ///   - batches: All pairs, in batches of equal extents.
  ///   - shard: Which of the batches are counted.
  ///   - start: What to go on from: statistics of no image, or those of an interrupted run of the same kind.
  public init(
    _ measurement: RegionMeasurement, _ preparation: SamplePreparation,
    batches: [[DiagnosticPair]], shard: Shard, from start: AlignmentStatistics
  ) {
    self.measurement = measurement
    self.preparation = preparation
    self.batches = batches
    self.shard = shard
    statistics = start
    batchesDone = start.measurement?.batchesDone ?? 0
    repeated = Array(batches.joined()).repeatedPictures()
    statistics.measurement?.batchesDone = batchesDone
    progress = (pairCount(0..<batchesDone), pairCount(0..<batches.count))
  }

  /// The pairs that this run was given, and those of them that are done with.
  public private(set) var progress: (done: Int, all: Int) = (0, 0)

  /// How many pairs of the shard are in the batches of `range`.
  private func pairCount(_ range: Range<Int>) -> Int {
    range.reduce(0) { $0 + (shard.contains($1) ? batches[$1].count : 0) }
  }

  /// Measures the next batch of the shard; afterwards the statistics count it.
  ///
  /// - Returns: whether there was one.
  /// - Throws: `ExecutionError` if the network does not take its pictures.
  public mutating func next() throws(ExecutionError) -> Bool {
    while batchesDone < batches.count, !shard.contains(batchesDone) { advance() }
    guard batchesDone < batches.count else {
      statistics.measurement?.batchesDone = nil
      return false
    }
    try count(samples(of: batches[batchesDone]))
    advance()
    return true
  }

  private mutating func advance() {
    if shard.contains(batchesDone) { progress.done += batches[batchesDone].count }
    batchesDone += 1
    statistics.measurement?.batchesDone = batchesDone
  }

  /// The samples of a batch that are to be counted, each with the file of its picture.
  private mutating func samples(of batch: [DiagnosticPair]) -> [Located] {
    let preparation = preparation
    let read = concurrentMap(batch) { pair in
      Result { () throws(SampleError) in try preparation.sample(pair) }
    }
    var samples: [Located] = []
    for (pair, result) in zip(batch, read) {
      switch result {
      case .failure(let error): leaveOut(error)
      case .success(let sample) where !sample.isMasked:
        statistics.measurement?.leftOut.unmasked += 1
      case .success where repeated.contains(pair.picture):
        statistics.measurement?.leftOut.repeated += 1
      case .success(let sample):
        samples.append((pair.picture, sample))
      }
    }
    return samples
  }

  private typealias Located = (path: String, sample: DiagnosticSample)

  private mutating func leaveOut(_ fault: SampleError) {
    faults.append(fault)
    statistics.measurement?.leftOut.unreadable += 1
  }

  /// Measures samples, which usually have equal extents: their file may have changed since it was looked at.
  private mutating func count(_ samples: [Located]) throws(ExecutionError) {
    let groups = Dictionary(grouping: samples, by: \.sample.extents)
    for extents in groups.keys.sorted() {
      let group = groups[extents] ?? []
      let means = try measurement.means(of: group.map(\.sample))
      for (place, picture) in group.enumerated() { try count(picture, means.map { $0[place] }) }
    }
  }

  /// Counts a picture, of which there are the means of every target.
  private mutating func count(
    _ picture: Located, _ means: [RegionMeans]
  ) throws(ExecutionError) {
    let targets = measurement.targets
    if let index = means.firstIndex(where: { !$0.isFinite }) {
      // One such picture would leave nothing of the means of all.
      return leaveOut(
        SampleError(path: picture.path, message: "'\(targets[index].name)' is not finite on it"))
    }
    if statistics.values.isEmpty {
      statistics.values = zip(targets, means).map { target, means in
        ValueAlignment(counting: target.name, axis: target.axis, channels: means.inside.count)
      }
    }
    for (index, image) in means.enumerated() {
      let (found, known) = (image.inside.count, statistics.values[index].discrepancies.count)
      guard found == known else {
        throw ExecutionError(
          mismatch: "'\(targets[index].name)' has \(found) channels on \(picture.path), and "
            + "\(known) on pictures before")
      }
    }
    for (index, image) in means.enumerated() { statistics.values[index].count(image) }
    statistics.measurement?.imageHashes.append(picture.sample.hash)
  }
}
