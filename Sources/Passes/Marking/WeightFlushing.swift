internal import IR

/// Takes weights that are next to nothing for nothing.
///
/// ```
/// before: %3 = Conv(%1, %w)    w = [0.5, 1e-41, …]        after: %3 = Conv(%1, %w')   w' = [0.5, 0, …]
/// ```
///
/// Training leaves channels whose weights are denormal numbers and so neither do anything nor count
/// as dead. This is an approximation, made only on request as that of `WeightNarrowing`, and the report
/// states how many weights it touched and how large they were.
///
/// Case:
/// 1. A weight of a Conv, ConvTranspose, Gemm or MatMul whose magnitude is below the bound.
///
/// Runs behind folding, which decides the weights as they are stored, and before channel pruning.
enum WeightFlushing {
  static let name = "flush-weights"
  static let flushing = RewriteRule(
    pass: name, number: 1, title: "take weights below the bound for zero")

  static func pass(below bound: Double) -> Pass {
    Pass(
      name: name, summary: "Take weights below a bound for zero.", rules: [flushing],
      run: { run(bound, &$0) })
  }

  private static func run(_ bound: Double, _ rewriter: inout Rewriter) {
    var seen: Set<ValueID> = []
    for node in rewriter.graph.nodeIDs {
      guard let layer = LinearLayer(node, in: rewriter.graph), seen.insert(layer.weight).inserted,
        let stored = rewriter.graph.constant(layer.weight), let weights = stored.doubles
      else { continue }
      let small = weights.filter { $0 != 0 && $0.magnitude < bound }
      guard let largest = small.map(\.magnitude).max(),
        let flushed = Constant(
          rounding: weights.map { $0.magnitude < bound ? 0 : $0 }, like: stored,
          shape: stored.shape)
      else { continue }
      let detail = "\(small.count) of \(weights.count) weights, the largest \(largest)"
      rewriter.apply(flushing, to: rewriter.graph.values[layer.weight].name, detail) {
        $0.replaceConstant(layer.weight, with: flushed)
      }
      rewriter.note(FlushedWeights(count: small.count, of: weights.count, largest: largest))
    }
  }
}

/// How many weights were taken for zero.
public struct FlushedWeights: Hashable, Sendable {
  /// The weights that were not zero and are now.
  public internal(set) var count: Int
  /// The weights of the layers concerned.
  public internal(set) var of: Int
  /// The largest magnitude among them.
  public internal(set) var largest: Double
}
