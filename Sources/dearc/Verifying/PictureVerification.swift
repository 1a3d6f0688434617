import Executor
import IR
import Verification

/// How far the answers of two models to the pictures of a folder are apart.
struct PictureVerification {
  let pictures: ComparedPictures
  let trial: PictureTrial
  let tolerance: Tolerance

  /// How many pictures show what rounding does, besides those that are farthest away.
  private static let sampleCount = 4

  /// Runs both models on all of `pictures`.
  ///
  /// - Parameters:
  ///   - verification: Both models.
  ///   - pictures: What they are given.
  ///   - stated: How far answers may be apart; nil to measure what rounding does.
  ///   - floor: Differences up to this, in proportion, are not looked into.
  ///   - progress: Where to say how far it is.
  /// - Throws: `Failure` or `ExecutionError` if either cannot be run.
  init(
    _ verification: Verification, _ pictures: ComparedPictures, stated: Tolerance?, floor: Double,
    _ progress: inout Progress
  ) throws {
    var (pictures, trial) = (pictures, PictureTrial())
    try pictures.visit(&progress) { try verification.run($0, in: &trial) }
    self.pictures = pictures
    self.trial = trial
    if let stated {
      tolerance = stated
    } else {
      let samples = try Self.samples(trial).map(pictures.tensor)
      tolerance = try verification.tolerance(for: trial, samples: samples, floor: floor)
    }
  }

  /// The pictures on which outputs are farthest away, and some evenly among all.
  private static func samples(_ trial: PictureTrial) -> [Int] {
    let even = (0..<sampleCount).map { $0 * trial.count / sampleCount }
    return Set(trial.worstPictures.prefix(sampleCount) + even).sorted()
  }

  var passes: Bool { trial.passes(tolerance) }

  /// The picture on which the first output that is too far away is farthest away.
  func worst() throws -> Constant? {
    let place = trial.outputs.firstIndex { !$0.passes(tolerance) }
    return try place.map { try pictures.tensor(trial.worstPictures[$0]) }
  }
}
