public import IR

/// How it is known which channel is which.
public enum ChannelEvidence: Int, Comparable, Sendable {
  /// The weights are the same, bit by bit.
  case equal
  /// The weights are the same times a factor for each channel, as where a normalisation was folded in.
  case scaled
  /// The weights are the same but for rounding to a shorter type.
  case rounded
  /// The file says so, and no weights speak against it.
  case recorded
  /// The layers around say so, no weights do.
  case implied

  /// Whether `left` is the stronger evidence.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  init(_ likeness: WeightRows.Likeness) {
    self =
      likeness.isEqual && likeness.factor == 1
      ? .equal : likeness.distance <= Self.rounding ? .scaled : .rounded
  }

  /// What single precision leaves of a multiplication.
  static let rounding = 1e-6
}

/// What a channel after is.
public enum ChannelOrigin: Hashable, Sendable {
  /// The channel before of this number.
  case channel(Int)
  /// A constant, which stands for channels that were removed.
  case constant
  /// It cannot be told.
  case unknown

  /// The number of the channel before.
  public var channel: Int? { if case .channel(let number) = self { number } else { nil } }

  /// The same for another numbering of the channels before; unknown where that lacks one.
  func renumbered(_ number: (Int) -> Int?) -> ChannelOrigin {
    guard case .channel(let old) = self else { return self }
    return number(old).map(ChannelOrigin.channel) ?? .unknown
  }

  /// What is known of a channel of which both are known: that it is constant at one place says little.
  func refined(by other: ChannelOrigin) -> ChannelOrigin {
    switch (self, other) {
    case (.channel, _): self
    case (_, .unknown): self
    default: other
    }
  }
}

/// Which slots of an axis after are which slots before.
public struct ChannelMap: Hashable, Sendable {
  /// For each slot after, what it was before.
  public internal(set) var slots: [ChannelOrigin]
  /// How many slots there were before.
  public let extent: Int
  /// The weakest evidence for any of the slots.
  public internal(set) var evidence: ChannelEvidence

  /// Whether every slot is known.
  public var isComplete: Bool { !slots.contains(.unknown) }

  /// Whether nothing was removed or moved.
  public var isIdentity: Bool {
    slots.count == extent && slots == (0..<extent).map { .channel($0) }
  }

  static func identity(_ extent: Int) -> ChannelMap {
    ChannelMap(slots: (0..<extent).map { .channel($0) }, extent: extent, evidence: .implied)
  }

  /// Nothing is known of `count` slots.
  static func unknown(_ count: Int, of extent: Int) -> ChannelMap {
    ChannelMap(
      slots: Array(repeating: .unknown, count: count), extent: extent, evidence: .implied)
  }

  /// Slot `i` as the slot before, negative where there is none.
  var keys: [Int] { slots.map { $0.channel ?? -1 } }
}

/// How far numbers are from others.
public struct WeightDifference: Hashable, Sendable {
  /// How many numbers were compared.
  public private(set) var count = 0
  /// How many of them are the same.
  public private(set) var equalCount = 0
  /// The largest distance of any two.
  public private(set) var largest = 0.0
  private var squaredDistance = 0.0
  private var squaredLength = 0.0

  /// Compares nothing yet.
  public init() {}

  /// What comparing `count` equal numbers comes to.
  static func none(of count: Int) -> WeightDifference {
    var difference = WeightDifference()
    (difference.count, difference.equalCount) = (count, count)
    return difference
  }

  /// The length of all distances, in proportion to that of the numbers before.
  public var relative: Double {
    squaredLength > 0 ? (squaredDistance / squaredLength).squareRoot() : squaredDistance > 0 ? 1 : 0
  }

  /// Whether all numbers are the same.
  public var isZero: Bool { equalCount == count }

  /// Compares one more number.
  @inline(__always)
  public mutating func add(before: Float, after: Float) {
    count += 1
    if before == after { equalCount += 1 }
    let distance = Double(after) - Double(before)
    largest = max(largest, abs(distance))
    squaredDistance += distance * distance
    squaredLength += Double(before) * Double(before)
  }
}

/// Which channels of a graph the channels of another are that was made from it, told by the weights.
///
/// Walks both graphs from the inputs. Where a node sums over channels with stored weights, each row of
/// weights after is looked for among those before, of which only what the channels kept so far contribute
/// counts; where a node passes channels on, so does the walk, by the rules of `ChannelRules`.
public struct ChannelCorrespondence: Sendable {
  /// A layer with stored weights that is in both graphs.
  public struct Layer: Sendable {
    /// The node before.
    public let before: NodeID
    /// The node after.
    public let after: NodeID
    /// The channels it reads; nil if nothing is known of them.
    public let inputs: ChannelMap?
    /// The channels it makes.
    public internal(set) var outputs: ChannelMap
    /// How far the weights of the channels it makes and reads are from what they were; nil if too little is
    /// known of them.
    public let difference: WeightDifference?

    /// The same of other nodes.
    public func renamed(before: NodeID, after: NodeID) -> Layer {
      Layer(
        before: before, after: after, inputs: inputs, outputs: outputs, difference: difference)
    }
  }

  /// The layers, in the order of the graph after.
  public let layers: [Layer]
  /// Whether anything is known only because `records` say so.
  public let reliesOnRecords: Bool
  private let axes: AxisTable
  private let maps: [ChannelMap?]

  /// Compares graphs whose types are inferred.
  ///
  /// - Parameters:
  ///   - before: A graph.
  ///   - after: A graph made from it.
  ///   - pairs: For nodes after, the node before that it is.
  ///   - tolerance: How far rows of weights may be from multiples of each other, in proportion to their
  ///     length.
  ///   - records: What the file after says was kept of values of the graph before.
  public init(
    before: Graph, after: Graph, pairs: [NodeID: NodeID], tolerance: Double,
    records: [NarrowedAxis] = []
  ) {
    var walk = CorrespondenceWalk(before, after, pairs, tolerance, records)
    walk.run()
    layers = walk.layers
    reliesOnRecords = walk.reliesOnRecords
    axes = walk.axesAfter
    maps = walk.maps
  }

  /// What is known of the slots of each axis of `value`, which is of the graph after; empty where its rank is
  /// not known.
  public func slots(of value: ValueID) -> [ChannelMap?] {
    (0..<axes.rank(of: value)).map { position in
      axes.id(of: value, axis: position).flatMap { maps[$0.index] }
    }
  }
}
