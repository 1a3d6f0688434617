import Images
import Verification

/// What `verify` reports.
struct VerifyReport: Encodable {
  /// Where the models part.
  struct Parting: Encodable {
    let node: String
    let `operator`: String
    let value: String
    let relative: Double?
    /// The last node before it that both agree on.
    let lastAgreeing: String?
  }

  /// What both models answer to the pictures of a folder.
  struct Pictures: Encodable {
    let folder: String
    let preprocessing: String
    let compared: Int
    /// On how many of them an output is too far away.
    let failed: Int
    let unreadable: [ComparedPictures.Unreadable]
    /// How far answers may be apart, in proportion to the largest of an output, and at any magnitude.
    let relativeTolerance: Double
    let absoluteTolerance: Double
    /// Each output over all pictures, as if they had been one batch.
    let outputs: [VerificationReport.Output]
    /// For each output the picture on which it is farthest away.
    let worstPictures: [String]
  }

  let schema = "dearc.verify/1"
  let version = Dearc.version
  let before: String
  let after: String
  let verification: VerificationReport
  /// Absent unless pictures were asked for.
  let pictures: Pictures?
  let parting: Parting?

  init(
    _ before: String, _ after: String, _ verification: VerificationReport,
    _ pictures: PictureVerification?, _ parting: Bisection.Parting?
  ) {
    self.before = before
    self.after = after
    self.verification = verification
    self.pictures = pictures.map(Pictures.init)
    self.parting = parting.map {
      Parting(
        node: $0.node, operator: $0.operatorType, value: $0.difference.name,
        relative: $0.difference.relative.isFinite ? $0.difference.relative : nil,
        lastAgreeing: $0.lastAgreeing)
    }
  }
}

extension VerifyReport {
  /// The largest difference on all inputs, in proportion; nil if one cannot be stated.
  var relative: Double? {
    guard let drawn = verification.trials.isEmpty ? 0 : verification.relative else { return nil }
    let others = pictures?.outputs.map(\.relative) ?? []
    return others.contains(nil) ? nil : others.compactMap { $0 }.reduce(drawn, max)
  }
}

extension VerifyReport.Pictures {
  init(_ verification: PictureVerification) {
    let (pictures, trial) = (verification.pictures, verification.trial)
    folder = pictures.folder
    preprocessing = pictures.preprocessing.description
    compared = trial.count
    failed = trial.failureCount(verification.tolerance)
    unreadable = pictures.unreadable
    relativeTolerance = verification.tolerance.relative
    absoluteTolerance = verification.tolerance.absolute
    outputs = trial.outputs.map { VerificationReport.Output($0, verification.tolerance) }
    worstPictures = trial.worstPictures.map { pictures.compared[$0] }
  }
}
