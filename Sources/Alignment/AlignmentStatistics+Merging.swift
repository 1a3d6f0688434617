/// Why statistics do not belong together.
public struct MergeError: Error, Hashable, Sendable {
  /// What is different, or counted twice.
  public let message: String
}

extension AlignmentStatistics {
  /// Counts all images that `other` counts.
  ///
  /// However images are shared out, the result is the same to rounding.
  ///
  /// - Throws: `MergeError` if `other` was measured on another model, in another way, of other values, if either
  ///   is unfinished, or if both count the same image.
  public mutating func merge(_ other: AlignmentStatistics) throws(MergeError) {
    guard var own = measurement, let measured = other.measurement else {
      throw MergeError(message: "it does not say how it was measured")
    }
    try own.check(measured)
    try checkValues(other)
    let counted = Set(own.imageHashes)
    let twice = measured.imageHashes.count(where: counted.contains)
    guard twice == 0 else {
      throw MergeError(message: "\(twice) of its images are counted already")
    }
    own.imageHashes += measured.imageHashes
    own.shards += measured.shards
    own.leftOut.add(measured.leftOut)
    for index in values.indices { values[index].merge(other.values[index]) }
    measurement = own
  }

  private func checkValues(_ other: AlignmentStatistics) throws(MergeError) {
    func list(_ values: [ValueAlignment]) -> String {
      values.map { "'\($0.value ?? "")' (\($0.discrepancies.count) channels)" }
        .joined(separator: ", ")
    }
    let isSame =
      values.count == other.values.count
      && zip(values, other.values).allSatisfy {
        $0.value == $1.value && $0.axis == $1.axis
          && $0.discrepancies.count == $1.discrepancies.count
      }
    guard isSame else {
      throw MergeError(message: "it is of \(list(other.values)), not of \(list(values))")
    }
    guard (values + other.values).allSatisfy({ $0.moments != nil }) else {
      throw MergeError(message: "it states discrepancies only, and not how many images they are of")
    }
  }
}

extension AlignmentStatistics.Measurement {
  fileprivate func check(_ other: Self) throws(MergeError) {
    func same(_ what: String, _ own: String, _ found: String) throws(MergeError) {
      guard own == found else {
        throw MergeError(message: "its \(what) is \(found), not \(own)")
      }
    }
    try same("model's SHA-256", modelDigest, other.modelDigest)
    try same("preprocessing", preprocessing, other.preprocessing)
    try same("selection of images", selection, other.selection)
    guard batchesDone == nil, other.batchesDone == nil else {
      throw MergeError(message: "it is of an interrupted run")
    }
  }
}
