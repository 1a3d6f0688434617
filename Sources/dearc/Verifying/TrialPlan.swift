import IR
import Verification

/// On which inputs two models are compared.
struct TrialPlan {
  /// The trials, the most telling first.
  let trials: [TrialInputs]

  /// Every kind of elements at the first shapes, and normal ones at the others, `runs` times with other numbers.
  init(shapes: [[String: [Int]]], runs: Int = 1, seed: UInt64 = 0) {
    let drawn = (0..<UInt64(max(runs, 1))).flatMap { run in
      shapes.map { TrialInputs(.normal, shapes: $0, seed: seed &+ run) }
    }
    let rest = TrialInputs.Kind.allCases.filter { $0 != .normal }.flatMap { kind in
      shapes.prefix(1).map { TrialInputs(kind, shapes: $0, seed: seed) }
    }
    trials = drawn + rest
  }

  /// The usual shapes, and others that differ in every extent that the model leaves open.
  ///
  /// Mistakes with padding hide at one size. The last are small, for networks that cannot take large pictures.
  static func shapes(of graph: Graph, usual: [String: [Int]]) -> [[String: [Int]]] {
    let others = [(batch: 2, spatial: [97, 131]), (batch: 1, spatial: [37, 41])].map {
      shapes(of: graph, usual, batch: $0.batch, spatial: $0.spatial)
    }
    return others.reduce(into: [usual]) { list, other in
      if !list.contains(other) { list.append(other) }
    }
  }

  private static func shapes(
    of graph: Graph, _ usual: [String: [Int]], batch: Int, spatial: [Int]
  ) -> [String: [Int]] {
    var shapes = usual
    for input in graph.requiredInputs {
      let value = graph.values[input]
      guard let shape = value.shape, var extents = usual[value.name], shape.count == extents.count
      else { continue }
      let open = shape.indices.filter { shape[$0].count == nil }
      if open.contains(0) { extents[0] = batch }
      for (axis, extent) in zip(open.filter { $0 > 0 && extents[$0] > 64 }, spatial) {
        extents[axis] = extent
      }
      shapes[value.name] = extents
    }
    return shapes
  }
}
