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
    /// A hash of each image that was counted, so that a merge counts none twice.
    public var imageHashes: [UInt64]

    /// States how statistics were taken.
    public init(
      modelDigest: String, tool: String, preprocessing: String, selection: String,
      imageHashes: [UInt64]
    ) {
      self.modelDigest = modelDigest
      self.tool = tool
      self.preprocessing = preprocessing
      self.selection = selection
      self.imageHashes = imageHashes
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
