public import Alignment
public import Executor
public import IR
import Images

/// Measures how strongly each channel follows the inpainted region of pictures.
///
/// For a feature map F and a region m, brought to the map's extents bilinearly, it takes
///
///     inside_k  = Σ F_k·m / (Σ m + 1e-6)
///     outside_k = Σ F_k·(1−m) / (Σ (1−m) + 1e-6)
///
/// as DEAR does (arXiv 2606.10309). Sums are taken in double precision while the network runs.
public final class RegionMeasurement {
  /// What the reference adds to areas, so that empty ones divide nothing by zero.
  private static let areaOffset = 1e-6

  private let session: Session
  /// The values that are measured, in order.
  public let targets: [DissectionTarget]

  /// Prepares the part of `model` that `targets` need.
  ///
  /// - Throws: `ExecutionError` for the first node of it that cannot be run.
  public init(
    _ model: Model, _ targets: [DissectionTarget], threads: Int?
  ) throws(ExecutionError) {
    self.targets = targets
    session = try Session(model.observing(targets.map(\.observation)), threads: threads)
  }

  /// The bytes that values took together in the last run, and the most that were alive at a time.
  public var memory: (arena: Int, least: Int) { session.memory }

  /// Measures pictures of the same extents.
  ///
  /// - Returns: for each target, the means of each picture.
  /// - Throws: `ExecutionError` if the network does not take such pictures.
  public func means(of samples: [DiagnosticSample]) throws(ExecutionError) -> [[RegionMeans]] {
    guard let first = samples.first else { return targets.map { _ in [] } }
    let picture = first.picture.shape
    let pictures = Constant(
      samples.flatMap(\.picture.values), shape: [samples.count] + picture.dropFirst())
    let regions = Constant(
      samples.flatMap(\.region),
      shape: [samples.count, 1, first.extents.height, first.extents.width])
    let results = try session.run([pictures, regions])
    return targets.indices.map { index in
      Self.means(sums: results[2 * index], areas: results[2 * index + 1])
    }
  }

  private static func means(sums: Constant, areas: Constant) -> [RegionMeans] {
    guard let sums = sums.elements(as: Double.self), let areas = areas.elements(as: Double.self)
    else { return [] }
    let pictures = areas.count / 2
    let channels = pictures > 0 ? sums.count / (2 * pictures) : 0
    return (0..<pictures).map { picture in
      let (area, whole) = (areas[2 * picture], areas[2 * picture + 1])
      func list(_ mean: (_ inside: Double, _ all: Double) -> Double) -> [Double] {
        (0..<channels).map { channel in
          let place = 2 * (picture * channels + channel)
          return mean(sums[place], sums[place + 1])
        }
      }
      return RegionMeans(
        inside: list { inside, _ in inside / (area + areaOffset) },
        outside: list { inside, all in (all - inside) / (whole - area + areaOffset) },
        overall: list { _, all in all / whole })
    }
  }
}
