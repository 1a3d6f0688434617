import Comparison
import IR
import Images
import Passes
import Verification

/// How far the values inside two models are apart, in the order of the model before.
struct ActivationsReport: Encodable {
  /// An axis of which some slots are compared alone.
  struct Axis: Encodable {
    let axis: Int
    /// How many slots there are before.
    let extent: Int
    /// The slots that are compared, as numbers before and, in the same order, after.
    let before: [Int]
    let after: [Int]
  }

  struct Value: Encodable {
    /// The node before that makes it.
    let node: String
    let `operator`: String
    /// The value's names.
    let before: String
    let after: String
    let shape: [Int]
    /// The axes of which not all slots are compared; the others are those that were removed.
    let axes: [Axis]
    let elements: Int
    let largest: Double
    let mean: Double
    /// The root of the mean square of the elements before.
    let rms: Double
    /// The largest distance in proportion to `rms`; absent from zeros.
    let largestRelative: Double?
    /// The length of all distances in proportion to that of the elements before.
    let relative: Double
    /// How much larger that is than of any value that this one is made from.
    let growth: Double
    let cosine: Double
    /// Elements that are no finite numbers in one model alone.
    let strays: Int
    let mismatch: String?
    let worstPicture: String
    /// Whether it is farther away than is allowed.
    let parts: Bool
  }

  /// A value of both models that is not compared.
  struct Uncompared: Encodable {
    let node: String
    let before: String
    let after: String
    let reason: String
  }

  let folder: String
  let preprocessing: String
  let pictures: Int
  let unreadable: [ComparedPictures.Unreadable]
  /// How far the largest distance may be, in proportion to the root of the mean square before.
  let tolerance: Double
  /// How often both models were run on each picture.
  let sweeps: Int
  let values: [Value]
  /// The first value that is too far away, by its place in `values`.
  let firstParting: Int?
  /// The values at which distances grow most, the steepest first.
  let steepest: [Int]
  let uncompared: [Uncompared]

  private static let steepestCount = 5

  init(_ run: ActivationRun, _ comparison: ModelComparison) {
    folder = run.pictures.folder
    preprocessing = run.pictures.preprocessing.description
    pictures = run.pictures.compared.count
    unreadable = run.pictures.unreadable
    tolerance = run.tolerance.relative
    sweeps = run.sweepCount
    let relatives = Dictionary(
      run.differences.map { ($0.pair, $0.difference.relative) },
      uniquingKeysWith: { first, _ in first })
    let values = run.differences.map { place, difference -> Value in
      let pair = comparison.values[place]
      let source = pair.sources.compactMap { relatives[$0] }.max() ?? 0
      return Value(
        pair, difference, comparison, growth: max(difference.relative - source, 0),
        picture: run.pictures.compared[difference.worstPicture],
        parts: !difference.passes(run.tolerance))
    }
    firstParting = values.firstIndex(where: \.parts)
    let growing = values.indices.filter { values[$0].parts && values[$0].growth > 0 }
    steepest = Array(
      growing.sorted { (values[$1].growth, $0) < (values[$0].growth, $1) }
        .prefix(Self.steepestCount))
    self.values = values
    uncompared = comparison.values.compactMap { Uncompared($0, comparison) }
  }
}

extension ActivationsReport.Value {
  init(
    _ pair: ValuePair, _ difference: ActivationDifference, _ comparison: ModelComparison,
    growth: Double, picture: String, parts: Bool
  ) {
    let (first, second) = (comparison.before, comparison.after)
    let maker = first.producer(of: pair.before)
    node = maker.map(first.label) ?? ""
    `operator` = maker.map { first.nodes[$0].op.type } ?? ""
    before = first.values[pair.before].name
    after = second.values[pair.after].name
    shape = difference.shape
    axes = pair.slots.enumerated().compactMap { axis, map in
      guard let map, let slots = SharedValue.Slots(map) else { return nil }
      return ActivationsReport.Axis(
        axis: axis, extent: map.extent, before: slots.before, after: slots.after)
    }
    elements = difference.count
    largest = difference.largest
    mean = difference.mean
    rms = difference.rms
    largestRelative = difference.largestRelative.isFinite ? difference.largestRelative : nil
    relative = difference.relative
    self.growth = growth
    cosine = difference.cosine
    strays = difference.strayCount
    mismatch = difference.mismatch
    worstPicture = picture
    self.parts = parts
  }
}

extension ActivationsReport.Uncompared {
  /// Nil for a value that is compared.
  fileprivate init?(_ pair: ValuePair, _ comparison: ModelComparison) {
    guard let obstacle = pair.obstacle else { return nil }
    let first = comparison.before
    node = first.producer(of: pair.before).map(first.label) ?? ""
    before = first.values[pair.before].name
    after = comparison.after.values[pair.after].name
    reason =
      switch obstacle {
      case .appliedElsewhere:
        "a factor is applied before it in one model, and behind it in the other"
      case .unknownChannels: "which channels are kept cannot be told"
      }
  }
}
