// Operators that make tensors from shapes and numbers, and those that change number formats.

extension InferenceEngine {
  func constantOfShape(_ node: NodeID) -> TensorType {
    var element: ElementType? = .float32
    if let value = graph.nodes[node].attribute("value") {
      element = nil
      if case .tensor(_, let constant) = value { element = constant.elementType }
    }
    let extents = content(node, 0)?.elements
    guard let extents, extents.count <= Axis.maximalRank else { return TensorType(element, nil) }
    return TensorType(element, extents.map(\.dimension))
  }

  func eyeLike(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard graph.nodes[node].attribute("dtype") != nil else { return data }
    return data.with(graph.elementTypeAttribute(node, "dtype"))
  }

  func nonZero(_ node: NodeID) -> TensorType {
    TensorType(.int64, [shape(node, 0).map { .known($0.count) } ?? .unknown, .unknown])
  }

  func oneHot(_ node: NodeID) -> TensorType {
    let element = element(node, 2)
    guard var shape = shape(node, 0), let stated = graph.attribute(node, "axis", default: -1),
      let axis = Axis.normalized(stated, rank: shape.count + 1)
    else { return TensorType(element, nil) }
    // The depth may be stored as any kind of number.
    let depth = content(node, 1)?.elements.first?.cast(from: .int64, to: .int64)
    shape.insert(depth?.dimension ?? .unknown, at: axis)
    return TensorType(element, shape)
  }

  func range(_ node: NodeID) -> TensorType {
    TensorType(element(node, 0), [rangeCount(node)])
  }

  private func rangeCount(_ node: NodeID) -> Dimension {
    let bounds = (0..<3).map { content(node, $0)?.elements.first ?? .unknown }
    switch (bounds[0], bounds[1], bounds[2]) {
    case (.integer(0), .symbol(let name), .integer(1)): return .symbol(name)
    case (.integer(let start), .integer(let limit), .integer(let step)):
      return Self.stepCount(from: start, to: limit, by: step).map { Dimension($0) } ?? .unknown
    case (.real(let start), .real(let limit), .real(let step)):
      // Runtimes differ in the precision of the difference.
      let counts = [limit - start, Double(Float(limit) - Float(start))].map {
        Int64(exactly: ($0 / step).rounded(.up))
      }
      guard let count = counts[0], counts[1] == count else { return .unknown }
      return Dimension(max(0, count))
    default: return .unknown
    }
  }

  /// The number of steps that stay before `limit`.
  static func stepCount(from start: Int64, to limit: Int64, by step: Int64) -> Int64? {
    let (distance, overflow) = limit.subtractingReportingOverflow(start)
    guard step != 0, !overflow else { return nil }
    if distance == 0 || (distance < 0) != (step < 0) { return 0 }
    let full = distance.magnitude / step.magnitude
    let count = full + (distance.magnitude % step.magnitude == 0 ? 0 : 1)
    return Int64(exactly: count)
  }

  func shapeOfOperand(_ node: NodeID) -> TensorType {
    TensorType(
      .int64,
      [
        shape(node, 0).map { .known(ShapeView.axes(of: node, rank: $0.count, in: graph).count) }
          ?? .unknown
      ])
  }

  func dequantized(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    if let stated = graph.elementTypeAttribute(node, "output_dtype") { return data.with(stated) }
    return data.with(element(node, 1))
  }

  func quantized(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    if graph.nodes[node].input(2) != nil { return data.with(element(node, 2)) }
    return data.with(graph.elementTypeAttribute(node, "output_dtype") ?? .uint8)
  }

  func dynamicallyQuantized(_ node: NodeID) -> [TensorType] {
    [type(node, 0).with(.uint8), TensorType(.float32, []), TensorType(.uint8, [])]
  }
}
