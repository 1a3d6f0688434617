/// How strongly each channel of some values follows inpainted regions, as measured on diagnostic
/// images.
///
/// The measure is DEAR's Regional Activation Discrepancy: the mean over images of a channel's mean
/// activation inside the inpainted region less that outside (arXiv 2606.10309).
public struct AlignmentStatistics: Hashable, Sendable {
  /// How they were taken; nil if nobody wrote it down.
  public var measurement: Measurement?
  /// What was measured, one entry a value.
  public var values: [ValueAlignment]

  /// States statistics.
  public init(measurement: Measurement? = nil, values: [ValueAlignment]) {
    self.measurement = measurement
    self.values = values
  }

  /// How statistics were taken.
  public struct Measurement: Hashable, Sendable {
    /// The SHA-256 of the model file that was measured, in hexadecimal.
    public var modelDigest: String
    /// What measured.
    public var tool: String
    /// What was done to the images, as JSON.
    public var preprocessing: String
    /// Which images were taken and how they were cropped, as JSON.
    public var selection: String
    /// Which shares of the images were counted, each as `INDEX/COUNT`; empty if all of them were.
    public var shards: [String]
    /// A hash of each image that was counted, so that a merge counts none twice.
    public var imageHashes: [UInt64]
    /// The images that were not counted.
    public var leftOut: LeftOut
    /// How far an interrupted run came, in batches; nil if it was completed.
    public var batchesDone: Int?

    /// States how statistics were taken.
    public init(
      modelDigest: String, tool: String, preprocessing: String, selection: String,
      shards: [String] = [], imageHashes: [UInt64], leftOut: LeftOut = LeftOut(),
      batchesDone: Int? = nil
    ) {
      self.modelDigest = modelDigest
      self.tool = tool
      self.preprocessing = preprocessing
      self.selection = selection
      self.shards = shards
      self.imageHashes = imageHashes
      self.leftOut = leftOut
      self.batchesDone = batchesDone
    }
  }

  /// How many images were not counted, and why.
  public struct LeftOut: Hashable, Sendable {
    /// Image or mask could not be read, or do not fit together, or what is measured is not finite on them.
    public var unreadable = 0
    /// Nothing of the region is in what was cropped.
    public var unmasked = 0
    /// The same image was counted before.
    public var repeated = 0

    /// None.
    public init() {}

    /// States how many.
    public init(unreadable: Int, unmasked: Int, repeated: Int) {
      self.unreadable = unreadable
      self.unmasked = unmasked
      self.repeated = repeated
    }

    mutating func add(_ other: LeftOut) {
      unreadable += other.unreadable
      unmasked += other.unmasked
      repeated += other.repeated
    }
  }
}

/// The statistics of one value.
public struct ValueAlignment: Hashable, Sendable {
  /// The value's name in the model; nil if the source does not say which it is.
  public var value: String?
  /// The axis that channels index; nil if the source does not say.
  public var axis: Int?
  /// The discrepancy of every channel.
  public var discrepancies: [Double]
  /// What else was measured; nil if the source has nothing but discrepancies.
  public var moments: Moments?

  /// States the statistics of a value.
  public init(
    value: String?, axis: Int?, discrepancies: [Double], moments: Moments? = nil
  ) {
    self.value = value
    self.axis = axis
    self.discrepancies = discrepancies
    self.moments = moments
  }

  /// What allows statistics to be merged and judged; every list has one number a channel.
  public struct Moments: Hashable, Sendable {
    /// The sum over images of the squared distance from the mean discrepancy.
    public var squaredDeviations: [Double]
    /// The mean activation inside the inpainted region.
    public var insideMeans: [Double]
    /// The mean activation outside.
    public var outsideMeans: [Double]
    /// The mean activation everywhere.
    public var activationMeans: [Double]
    /// The images counted.
    public var count: Int

    /// States moments.
    public init(
      squaredDeviations: [Double], insideMeans: [Double], outsideMeans: [Double],
      activationMeans: [Double], count: Int
    ) {
      self.squaredDeviations = squaredDeviations
      self.insideMeans = insideMeans
      self.outsideMeans = outsideMeans
      self.activationMeans = activationMeans
      self.count = count
    }
  }
}
