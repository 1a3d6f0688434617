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

  /// The usual shapes, and others that differ in every extent that the model leaves open: mistakes with padding
  /// hide at one size.
  static func shapes(of graph: Graph, usual: [String: [Int]]) -> [[String: [Int]]] {
    var others = usual
    for input in graph.requiredInputs {
      let value = graph.values[input]
      guard let shape = value.shape, var extents = usual[value.name], shape.count == extents.count
      else { continue }
      let open = shape.indices.filter { shape[$0].count == nil }
      for axis in open where axis == 0 { extents[axis] = 2 }
      let spatial = open.filter { $0 > 0 && extents[$0] > 64 }
      for (axis, extent) in zip(spatial, [97, 131]) { extents[axis] = extent }
      others[value.name] = extents
    }
    return others == usual ? [usual] : [usual, others]
  }
}
