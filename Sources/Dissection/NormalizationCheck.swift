public import Executor
public import IR
import Images

/// How the variance that a network's first normalisation sees compares with that in training.
///
/// A detector does not say how its pictures were prepared, but its first BatchNormalization has learned how
/// widely its input is spread. Pictures of another scale, or without a high-pass filter that the network was
/// trained with, show there.
public struct NormalizationCheck: Hashable, Sendable {
  /// The node.
  public let node: String
  /// The median over channels of the variance that was seen, in proportion to the one in training.
  public let factor: Double

  /// Whether pictures are likely to be prepared otherwise than in training.
  ///
  /// Other pictures change the variance by less than this, another scale or filter by more.
  public var isSuspicious: Bool { !(1 / Self.tolerance...Self.tolerance).contains(factor) }

  private static let tolerance = 5.0
  /// Channels of a smaller variance are dead.
  private static let leastVariance = 1e-12

  /// Compares the variances on some pictures.
  ///
  /// - Returns: nil if the model has no BatchNormalization, or nothing of it is alive and finite.
  /// - Throws: `ExecutionError` if what comes before it cannot be run.
  public init?(
    _ model: Model, on samples: [DiagnosticSample], threads: Int?
  ) throws(ExecutionError) {
    let graph = model.graph
    let nodes = graph.nodeIDs.lazy.compactMap { node in
      BatchNormalizationView(node, in: graph).map { (node, $0) }
    }
    guard let (node, view) = nodes.first,
      let trained = graph.constant(view.variance)?.inSinglePrecision?.elements(as: Float.self)
    else { return nil }
    var part = model
    part.graph.unlistOutputs()
    part.graph.addOutput(view.data)
    let session = try Session(part, threads: threads)
    var spreads = trained.map { _ in Spread() }
    for sample in samples {
      let picture = Constant(sample.picture.values, shape: sample.picture.shape)
      let value = try session.run([picture])[0]
      guard value.shape.count >= 2, value.shape[1] == trained.count,
        let elements = value.elements(as: Float.self)
      else { return nil }
      let size = elements.count / max(value.shape[0] * trained.count, 1)
      for (index, element) in elements.enumerated() {
        spreads[index / max(size, 1) % trained.count].add(Double(element))
      }
    }
    let factors = zip(spreads, trained).filter { Double($1) > Self.leastVariance }
      .map { $0.variance / Double($1) }.filter(\.isFinite).sorted()
    guard !factors.isEmpty else { return nil }
    self.node = graph.label(node)
    factor = factors[factors.count / 2]
  }
}

/// A variance that is being taken, by Welford's method.
private struct Spread {
  private var count = 0.0
  private var mean = 0.0
  private var squares = 0.0

  var variance: Double { count > 0 ? squares / count : 0 }

  mutating func add(_ number: Double) {
    count += 1
    let distance = number - mean
    mean += distance / count
    squares += distance * (number - mean)
  }
}
