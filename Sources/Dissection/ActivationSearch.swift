public import Executor
public import IR
public import Images

/// Looks through pictures for those on which channels are strongest.
///
/// A channel is the stronger on a picture, the larger the mean of its map is; equally strong ones are taken in
/// the order in which they were seen.
public struct ActivationSearch {
  /// A picture on which a channel is strong.
  public struct Find: Hashable, Sendable {
    /// What the files of the picture and its mask are called after.
    public let stem: String
    /// What the network saw, made smaller where it was large.
    public let picture: Picture
    /// The mask, likewise.
    public let mask: Picture
    /// What the channel makes of it, likewise.
    public let map: ActivationMap
    /// The mean of all activations.
    public let mean: Double
  }

  /// For each choice, for each of its channels, the pictures, the strongest first.
  public private(set) var finds: [[[Find]]]
  /// The pairs that could not be used, and why.
  public private(set) var faults: [SampleError] = []

  private let measurement: ActivationMeasurement
  private let preparation: SamplePreparation
  private let limit: Int
  private let side: Int

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - model: The network.
  ///   - choices: The channels to look for.
  ///   - preparation: How pairs are read.
  ///   - limit: How many pictures are kept for a channel.
  ///   - side: How large pictures and maps are kept at most.
  ///   - threads: How many threads work at a time; nil for one per processor.
  /// - Throws: `ExecutionError` for the first node that cannot be run.
  public init(
    _ model: Model, _ choices: [ChannelChoice], _ preparation: SamplePreparation, limit: Int,
    side: Int, threads: Int?
  ) throws(ExecutionError) {
    measurement = try ActivationMeasurement(model, choices, threads: threads)
    self.preparation = preparation
    self.limit = limit
    self.side = side
    finds = choices.map { $0.channels.map { _ in [] } }
  }

  /// Looks at more pairs; those whose mask is empty show nothing and are passed over.
  ///
  /// - Throws: `ExecutionError` if the network does not take their pictures.
  public mutating func look(at pairs: [DiagnosticPair]) throws(ExecutionError) {
    let preparation = preparation
    let read = concurrentMap(pairs) { pair in
      Result { () throws(SampleError) in try Candidate(pair, preparation) }
    }
    var candidates: [Candidate] = []
    for result in read {
      switch result {
      case .failure(let error): faults.append(error)
      case .success(let candidate) where candidate.sample.isMasked: candidates.append(candidate)
      case .success: break
      }
    }
    let groups = Dictionary(grouping: candidates, by: \.sample.extents)
    for extents in groups.keys.sorted() {
      let group = groups[extents] ?? []
      let maps = try measurement.maps(of: group.map(\.sample))
      for choice in finds.indices {
        for (candidate, list) in zip(group, maps[choice]) { keep(candidate, list, choice) }
      }
    }
  }

  private mutating func keep(_ candidate: Candidate, _ maps: [ActivationMap], _ choice: Int) {
    for (channel, map) in maps.enumerated() {
      let mean = map.mean
      let known = finds[choice][channel]
      let place = known.firstIndex { $0.mean < mean } ?? known.count
      guard place < limit, mean.isFinite else { continue }
      let find = Find(
        stem: candidate.stem, picture: candidate.picture.fitted(into: side, .bilinear),
        mask: candidate.mask.fitted(into: side, .nearest), map: map.fitted(into: side), mean: mean)
      finds[choice][channel].insert(find, at: place)
      if known.count == limit { finds[choice][channel].removeLast() }
    }
  }
}

/// A pair that has been read.
private struct Candidate: Sendable {
  let stem: String
  let picture: Picture
  let mask: Picture
  let sample: DiagnosticSample

  init(_ pair: DiagnosticPair, _ preparation: SamplePreparation) throws(SampleError) {
    stem = pair.stem
    let hash: UInt64
    (picture, mask, hash) = try preparation.parts(pair)
    sample = preparation.sample(picture, mask, hash)
  }
}
