import IR

extension LayerTable {
  /// Layers that summarise windows, or whole pictures.
  static let poolings: [String: LayerRule] = tables(byRank: [
    ("MaxPooling", { rank in pooling(.maxPool, rank: rank) }),
    ("AveragePooling", { rank in pooling(.averagePool, rank: rank) }),
    ("GlobalMaxPooling", { rank in global(.globalMaxPool, rank: rank) }),
    ("GlobalAveragePooling", { rank in global(.globalAveragePool, rank: rank) }),
  ])

  private static func tables(
    byRank rules: [(name: String, rule: (Int) -> LayerRule)]
  ) -> [String: LayerRule] {
    var table: [String: LayerRule] = [:]
    for (name, rule) in rules {
      for rank in 1...3 { table["\(name)\(rank)D"] = rule(rank) }
    }
    return table
  }

  private static func pooling(_ kind: OperatorKind, rank: Int) -> LayerRule {
    LayerRule { (call) throws(ImportError) in
      let tensor = call.arranged(
        try call.input(rank: rank + 2), try call.spatialOrder(rank: rank + 2))
      let window = try call.window(kernel: "pool_size", rank: rank, defaultKernel: 2)
      let (axes, channel) = try call.spatial(tensor)
      let shape = try call.shape(of: tensor, after: window, channels: tensor.shape[channel])
      let extents = axes.map { tensor.shape[$0] }
      try call.requireNoGaps(window, over: extents)
      let attributes = window.attributes(over: extents, isDilatable: false)
      // Neither Keras nor ONNX counts what lies beyond the border into a mean.
      return KerasTensor(
        call.insert(kind, [tensor.value], attributes), shape, order: tensor.order)
    }
  }

  private static func global(_ kind: OperatorKind, rank: Int) -> LayerRule {
    LayerRule { (call) throws(ImportError) in
      let tensor = call.arranged(
        try call.input(rank: rank + 2), try call.spatialOrder(rank: rank + 2))
      let (axes, channel) = try call.spatial(tensor)
      let pooled = call.insert(kind, [tensor.value])
      var shape = tensor.shape
      for axis in axes { shape[axis] = 1 }
      if try call.config.flag("keepdims", default: false) {
        return KerasTensor(pooled, shape, order: tensor.order)
      }
      return KerasTensor(
        call.insert(.flatten, [pooled], [Attribute("axis", .int(1))]),
        [tensor.shape[0], tensor.shape[channel]])
    }
  }
}
