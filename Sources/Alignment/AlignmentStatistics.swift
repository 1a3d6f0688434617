/// How strongly each channel of some values follows inpainted regions, as measured on diagnostic
/// images.
///
/// The measure is DEAR's Regional Activation Discrepancy: the mean over images of a channel's mean
/// activation inside the inpainted region less that outside (arXiv 2606.10309).
public struct AlignmentStatistics: Hashable, Sendable {
  /// The SHA-256 of the model file that was measured, in hexadecimal; nil if nobody wrote it down.
  public var modelDigest: String?
  /// What was measured, one entry a value.
  public var values: [ValueAlignment]

  /// States statistics.
  public init(modelDigest: String? = nil, values: [ValueAlignment]) {
    self.modelDigest = modelDigest
    self.values = values
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

  /// States the statistics of a value.
  public init(value: String?, axis: Int?, discrepancies: [Double]) {
    self.value = value
    self.axis = axis
    self.discrepancies = discrepancies
  }
}
