import IR
import Passes

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
}
