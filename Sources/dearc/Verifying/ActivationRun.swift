import Comparison
import Executor
import IR
import Passes
import Verification

/// How far the values inside two models are apart on the pictures of a folder.
struct ActivationRun {
  /// How far a value may be away, in proportion to the root of the mean square of its elements before, unless
  /// something else is asked for: tens of times what single precision leaves in deep networks.
  static let usualTolerance = 1e-3

  let pictures: ComparedPictures
  let tolerance: Tolerance
  /// The values, by their number among those of the comparison, and how far each is away.
  let differences: [(pair: Int, difference: ActivationDifference)]
  /// In how many sweeps that was found.
  let sweepCount: Int

  /// Runs both models on all of `pictures`.
  ///
  /// - Throws: `Failure` if they have no values in common, or cannot be run on a picture.
  init(
    _ comparison: ModelComparison, _ before: Model, _ after: Model, _ pictures: ComparedPictures,
    tolerance: Double, threads: Int?, _ progress: inout Progress
  ) throws {
    let places = comparison.values.indices.filter { comparison.values[$0].obstacle == nil }
    guard !places.isEmpty, !comparison.isUnrelated else {
      throw Failure(
        status: .malformedInput,
        message: "the models have too little in common to compare what they compute on the way",
        hints: ["dearc diff without --activations says what they share."])
    }
    let values = places.map { comparison.values[$0].shared(comparison.before, comparison.after) }
    var pictures = pictures
    var shape: [Int] = []
    try pictures.visit(&progress) { tensor in
      if tensor.count > shape.reduce(1, *) || shape.isEmpty { shape = tensor.shape }
    }
    var activations = ActivationComparison(before, after, values, shape: shape, threads: threads)
    try activations.run(on: pictures, &progress)
    progress.clear()
    self.pictures = pictures
    self.tolerance = Tolerance(relative: tolerance, absolute: Tolerance.usual.absolute)
    differences = Array(zip(places, activations.differences)).map { ($0, $1) }
    sweepCount = activations.sweeps.count
  }
}

extension ValuePair {
  /// The value by its names, with the slots that both models have.
  fileprivate func shared(_ before: Graph, _ after: Graph) -> SharedValue {
    SharedValue(
      before: before.values[self.before].name, after: after.values[self.after].name,
      slots: slots.map { $0.flatMap(SharedValue.Slots.init) })
  }
}

extension SharedValue.Slots {
  /// The slots of which both are known; nil if that is all of them in the same order, or as far as is known.
  init?(_ map: ChannelMap) {
    let known = map.slots.indices.filter { map.slots[$0].channel != nil }
    let isInOrder = known.allSatisfy { map.slots[$0].channel == $0 }
    // Equally many, of which some have other weights: those are compared as well.
    guard map.slots.count != map.extent || !isInOrder else { return nil }
    self.init(before: known.compactMap { map.slots[$0].channel }, after: known)
  }
}

extension ActivationComparison {
  /// Runs all sweeps.
  ///
  /// - Throws: `Failure` if a model cannot be run on one of `pictures`.
  fileprivate mutating func run(
    on pictures: ComparedPictures, _ progress: inout Progress
  ) throws {
    let (sweeps, count) = (sweeps, pictures.compared.count)
    for (number, sweep) in sweeps.enumerated() {
      var current: Int?
      do {
        try run(sweep, pictureCount: count) { picture in
          current = picture
          progress.report(
            "sweep \(number + 1) of \(sweeps.count), picture \(picture + 1) of \(count)")
          return try pictures.tensor(picture)
        }
      } catch let error as ExecutionError {
        throw current.map { Failure(error, picture: pictures.compared[$0]) } ?? Failure(error)
      }
    }
  }
}
