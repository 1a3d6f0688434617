/// What became of every channel that pruning was asked, or found a reason, to remove.
public struct PruningReport: Sendable {
  /// The values whose channels were in question, in graph order.
  public internal(set) var requests: [ValueRequest] = []
  /// Every computed value that lost slots, in graph order.
  public internal(set) var narrowed: [NarrowedAxis] = []
  /// Where a value stays wider than one of its readers needs.
  public internal(set) var decisions: [CostDecision] = []
  /// Layer and group normalisations that are given constant channels only to count them.
  public internal(set) var countingNorms = 0

  /// The channels in question.
  public var fates: [ChannelFate] { requests.flatMap(\.fates) }
}

/// The channels of one value that were in question.
public struct ValueRequest: Sendable {
  /// The value's name.
  public let value: String
  /// The axis that channels index.
  public let axis: Int
  /// The axis's extent before pruning.
  public let extent: Int
  /// What became of each channel in question, ascending.
  public let fates: [ChannelFate]
}

/// What became of one channel, and why it was in question.
public struct ChannelFate: Hashable, Sendable {
  /// The channel, numbered as in the input model.
  public let channel: Int
  /// Why it was in question.
  public let cause: Cause
  /// What became of it.
  public let fate: Fate

  /// Why a channel can go.
  public enum Cause: Hashable, Sendable {
    /// It is this number for every input; a gate makes it 0, an all-zero filter its bias.
    case constant(Double)
    /// No reader has a non-zero weight for it.
    case unread
    /// It was closed on request.
    case closed
  }

  /// What became of a channel.
  public enum Fate: Hashable, Sendable {
    /// It is gone, and nothing had to make up for it.
    case removed
    /// It is gone; the biases of these nodes hold its constant.
    case folded(into: [String])
    /// It is gone; its weights moved to another constant channel of the value these nodes read.
    case carried(by: [String])
    /// It stays.
    case kept(KeptReason)
  }
}

/// Why a channel stays.
public struct KeptReason: Hashable, Sendable {
  /// The node or value that keeps it.
  public let subject: String
  /// The rule that makes it stay, as a phrase.
  public let rule: String
}

/// One axis of a computed value that lost slots.
public struct NarrowedAxis: Hashable, Sendable {
  /// The name of the value.
  public let value: String
  /// The axis.
  public let axis: Int
  /// The extent before pruning.
  public let extent: Int
  /// The slots that remain, as runs of original indices.
  public let kept: [Range<Int>]

  /// States what was kept: `kept` are ascending runs of slots below `extent`.
  public init(value: String, axis: Int, extent: Int, kept: [Range<Int>]) {
    self.value = value
    self.axis = axis
    self.extent = extent
    self.kept = kept
  }

  /// The number of slots that remain.
  public var keptCount: Int { kept.reduce(0) { $0 + $1.count } }
}
