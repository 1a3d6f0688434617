/// Reads a Constant node.
public struct ConstantView: Sendable {
  /// What the node stores, whichever of its attributes holds it.
  public let constant: Constant

  /// Reads `node`, or returns nil if it is not a Constant with exactly one content.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .constant, row.attributes.count == 1, let only = row.attributes.first
    else { return nil }
    switch (only.name, only.value) {
    case ("value", .tensor(_, let tensor)), ("sparse_value", .tensor(_, let tensor)):
      constant = tensor
    case ("value_float", .float(let value)): constant = Constant([value], shape: [])
    case ("value_floats", .floats(let values)):
      constant = Constant(values, shape: [values.count])
    case ("value_int", .int(let value)): constant = Constant([value], shape: [])
    case ("value_ints", .ints(let values)): constant = Constant(values, shape: [values.count])
    case ("value_string", .string(let text)):
      constant = Constant(elementType: .string, shape: [], storage: .strings([text]))
    case ("value_strings", .strings(let texts)):
      constant = Constant(elementType: .string, shape: [texts.count], storage: .strings(texts))
    default: return nil
    }
  }
}
