import IR

extension Graph {
  /// Stores as floats what is stored as whole numbers with a scale, and leaves the rounding of computed
  /// values out.
  ///
  /// ```
  /// before: %w = DequantizeLinear(%q, %s)  %1 = QuantizeLinear(%x, %t)  %2 = DequantizeLinear(%1, %t)
  ///         %3 = Conv(%2, %w)
  /// after:  %3 = Conv(%x, %w)              w: f32, stored
  /// ```
  ///
  /// The graph is only ever looked at: nobody runs it.
  mutating func dequantize() {
    for node in nodeIDs where nodes[node].op.kind == .dequantizeLinear {
      guard let data = nodes[node].input(0), let result = soleResult(of: node),
        values[result].uses.allSatisfy({ if case .node = $0 { true } else { false } })
      else { continue }
      if let constant = dequantized(node) {
        replaceUses(of: result, with: addConstant(values[result].name, constant))
        remove(node)
      } else if let quantizer = producer(of: data), nodes[quantizer].op.kind == .quantizeLinear,
        soleResult(of: quantizer) != nil, let source = nodes[quantizer].input(0)
      {
        replaceUses(of: result, with: source)
        remove(node)
        if values[data].uses.isEmpty { remove(quantizer) }
      }
    }
  }

  private func soleResult(of node: NodeID) -> ValueID? {
    nodes[node].outputs.count == 1 ? nodes[node].output(0) : nil
  }

  /// What a node makes of stored whole numbers: `(q − zero point) · scale`, by tensor or by axis.
  private func dequantized(_ node: NodeID) -> Constant? {
    guard let stored = constant(nodes[node].input(0)), let numbers = stored.integers,
      let scales = constant(nodes[node].input(1))?.inSinglePrecision?.elements(as: Float.self),
      let zeros = zeroPoints(of: node, count: scales.count), !scales.isEmpty
    else { return nil }
    let stated: Int64 =
      if case .int(let axis)? = nodes[node].attribute("axis") { axis } else { 1 }
    let axis = Int(stated < 0 ? stated + Int64(stored.shape.count) : stated)
    let isByAxis =
      scales.count > 1 && stored.shape.indices.contains(axis) && stored.shape[axis] == scales.count
    guard isByAxis || scales.count == 1 else { return nil }
    let run = isByAxis ? stored.shape[(axis + 1)...].reduce(1, *) : numbers.count
    return Constant(
      numbers.enumerated().map { place, number in
        let channel = isByAxis ? place / max(run, 1) % scales.count : 0
        return Float((Double(number) - Double(zeros[channel])) * Double(scales[channel]))
      }, shape: stored.shape)
  }

  private func zeroPoints(of node: NodeID, count: Int) -> [Int64]? {
    guard nodes[node].input(2) != nil else { return Array(repeating: 0, count: count) }
    let zeros = constant(nodes[node].input(2))?.integers
    return zeros?.count == count ? zeros : nil
  }
}
