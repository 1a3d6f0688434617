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

  let schema = "dearc.verify/1"
  let version = Dearc.version
  let before: String
  let after: String
  let verification: VerificationReport
  let parting: Parting?

  init(
    _ before: String, _ after: String, _ verification: VerificationReport,
    _ parting: Bisection.Parting?
  ) {
    self.before = before
    self.after = after
    self.verification = verification
    self.parting = parting.map {
      Parting(
        node: $0.node, operator: $0.operatorType, value: $0.difference.name,
        relative: $0.difference.relative.isFinite ? $0.difference.relative : nil,
        lastAgreeing: $0.lastAgreeing)
    }
  }
}
