import IR

extension ValueType {
  /// The type for people: `f32 [batch, 3, 224, 224]`.
  var summary: String {
    switch self {
    case .tensor(let type): type.summary
    case .sparseTensor(let type): "sparse " + type.summary
    case .sequence(let element): "sequence of " + (element?.summary ?? "unknown")
    case .optional(let element): "optional " + (element?.summary ?? "unknown")
    case .map(let key, let value):
      "map from \(key?.description ?? "unknown") to \(value?.summary ?? "unknown")"
    case .opaque(let domain, let name): "opaque \(domain).\(name)"
    }
  }
}

extension TensorType {
  fileprivate var summary: String {
    let element = elementType?.description ?? "unknown"
    guard let shape else { return element + " of unknown rank" }
    let extents = shape.map { extent in
      switch extent {
      case .known(let count): String(count)
      case .symbol(let name): name
      case .unknown: "?"
      }
    }
    return "\(element) [\(extents.joined(separator: ", "))]"
  }
}
