import IR

/// Finds the small tensors that shapes may depend on.
///
/// They stay in the JSON: onnxruntime infers shapes before it reads external data, and refuses a
/// model whose Reshape target or Resize scales it cannot read by then.
struct ShapeDeciders {
  private static let byteLimit = 1024
  private var scaleNames: Set<String> = []

  init(_ model: Model) {
    collect(from: model.graph)
    for function in model.functions { collect(from: function.body) }
  }

  /// Whether `constant`, stored under `name`, may decide a shape.
  ///
  /// Any short list of whole numbers may, by way of shape arithmetic.
  func contains(_ constant: Constant, _ name: String) -> Bool {
    guard constant.shape.count <= 1, constant.byteCount <= Self.byteLimit else { return false }
    return constant.elementType == .int64 || constant.elementType == .int32
      || scaleNames.contains(name)
  }

  private mutating func collect(from graph: Graph) {
    for node in graph.nodeIDs {
      let row = graph.nodes[node]
      if row.op.kind?.readsExtentsAsFloats ?? false {
        for case let operand? in row.inputs { scaleNames.insert(graph.values[operand].name) }
      }
      for attribute in row.attributes {
        for body in attribute.value.graphs { collect(from: body) }
      }
    }
  }
}

extension OperatorKind {
  fileprivate var readsExtentsAsFloats: Bool {
    switch self {
    case .resize, .upsample, .range: true
    default: false
    }
  }
}
