import Alignment
import ArgumentParser

/// The shares of channels to close, as the command line gives them.
enum BilateralShares {
  /// What both are unless given, as DEAR has them.
  static let usual = 0.2

  /// The rule that two shares make.
  ///
  /// - Throws: `ValidationError` if they make none.
  static func rule(_ top: Double, _ bottom: Double) throws -> BilateralRule {
    guard top >= 0, bottom >= 0, let rule = BilateralRule(excludeTop: top, excludeBottom: bottom)
    else {
      throw ValidationError(
        "--exclude-top and --exclude-bottom must be numbers from 0 on whose sum is below 1; "
          + "found \(top) and \(bottom).")
    }
    return rule
  }
}
