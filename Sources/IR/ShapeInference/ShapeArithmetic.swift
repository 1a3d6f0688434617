// What small tensors hold: the arithmetic by which models compute shapes from shapes.

extension InferenceEngine {
  /// What is known of the elements that `node` computes, once its types have been inferred.
  func evaluate(_ node: NodeID) -> [PartialTensor?] {
    guard let kind = graph.nodes[node].op.kind else { return [] }
    switch kind {
    case .constant:
      return [ConstantView(node, in: graph).flatMap { PartialTensor($0.constant) }]
    case .shape: return [extents(node)]
    case .size: return [elementCount(node)]
    case .identity, .reshape, .squeeze, .unsqueeze, .flatten: return [regrouped(node)]
    case .gather: return [gathered(node)]
    case .slice: return [sliced(node)]
    case .concat: return [concatenated(node)]
    case .transpose:
      return [
        TransposeView(node, in: graph).flatMap { content(node, 0)?.transposed($0.permutation) }
      ]
    case .split: return splitContents(node)
    case .expand:
      return [resultCounts(node).flatMap { content(node, 0)?.broadcast(to: $0) }]
    case .constantOfShape: return [filled(node)]
    case .range: return [enumerated(node)]
    case .reduceProd, .reduceSum, .reduceMax, .reduceMin: return [folded(node, kind)]
    case .cast: return [converted(node)]
    case .where: return [selected(node)]
    default: return [arithmetic(node, kind)]
    }
  }

  /// The extents of the first result, if all are known and it is small.
  private func resultCounts(_ node: NodeID) -> [Int]? {
    guard let output = graph.nodes[node].output(0), let counts = type(of: output).shape?.counts,
      PartialTensor.count(of: counts) != nil
    else { return nil }
    return counts
  }

  private func extents(_ node: NodeID) -> PartialTensor? {
    guard let shape = shape(node, 0) else { return nil }
    let range = ShapeView.axes(of: node, rank: shape.count, in: graph)
    return PartialTensor(
      .int64, shape: [range.count], elements: shape[range].map { PartialNumber($0) })
  }

  private func elementCount(_ node: NodeID) -> PartialTensor? {
    shape(node, 0).flatMap {
      PartialTensor(.int64, shape: [], elements: [PartialNumber($0.product)])
    }
  }

  private func regrouped(_ node: NodeID) -> PartialTensor? {
    guard let content = content(node, 0), let counts = resultCounts(node) else { return nil }
    return content.reshaped(counts)
  }

  private func gathered(_ node: NodeID) -> PartialTensor? {
    guard let view = GatherView(node, in: graph), let data = content(node, 0),
      let indices = content(node, 1), let written = indices.integers?.exactInts
    else { return nil }
    let positions = written.compactMap { Axis.normalized($0, rank: data.shape[view.axis]) }
    guard positions.count == written.count else { return nil }
    let shape = data.shape[..<view.axis] + indices.shape + data.shape[(view.axis + 1)...]
    return data.taking(positions, axis: view.axis)?.reshaped(Array(shape))
  }

  private func sliced(_ node: NodeID) -> PartialTensor? {
    guard let view = SliceView(node, in: graph, integers: knownIntegers) else { return nil }
    var result = content(node, 0)
    for slice in view.slices {
      guard let current = result, slice.axis < current.shape.count else { return nil }
      let taken = slice.resolved(extent: current.shape[slice.axis])
      let indices = (0..<taken.count).map { taken.start + $0 * taken.step }
      result = current.taking(indices, axis: slice.axis)
    }
    return result
  }

  private func concatenated(_ node: NodeID) -> PartialTensor? {
    guard let view = ConcatView(node, in: graph), let counts = resultCounts(node),
      view.axis < counts.count
    else { return nil }
    let parts = view.operands.compactMap { content(of: $0) }
    guard parts.count == view.operands.count, let element = parts.first?.elementType,
      parts.allSatisfy({ $0.shape.count == counts.count && $0.elementType == element })
    else { return nil }
    var elements: [PartialNumber] = []
    for block in 0..<counts[..<view.axis].reduce(1, *) {
      for part in parts {
        let width = part.shape[view.axis...].reduce(1, *)
        guard (block + 1) * width <= part.elements.count else { return nil }
        elements += part.elements[(block * width)..<((block + 1) * width)]
      }
    }
    return PartialTensor(element, shape: counts, elements: elements)
  }

  private func splitContents(_ node: NodeID) -> [PartialTensor?] {
    guard let view = SplitView(node, in: graph, integers: knownIntegers), let sizes = view.sizes,
      let data = content(node, 0), view.axis < data.shape.count,
      sizes.reduce(0, +) == data.shape[view.axis]
    else { return [] }
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return data.taking(Array(start..<(start + size)), axis: view.axis)
    }
  }

  private func filled(_ node: NodeID) -> PartialTensor? {
    guard let counts = resultCounts(node) else { return nil }
    guard let value = graph.nodes[node].attribute("value") else {
      return PartialTensor(.float32, shape: counts, repeating: .real(0))
    }
    guard case .tensor(_, let constant) = value, constant.count == 1,
      let single = PartialTensor(constant), let element = single.elements.first
    else { return nil }
    return PartialTensor(constant.elementType, shape: counts, repeating: element)
  }

  private func enumerated(_ node: NodeID) -> PartialTensor? {
    guard let element = element(node, 0), element.isInteger,
      let start = content(node, 0)?.elements.first?.integer,
      let step = content(node, 2)?.elements.first?.integer, let counts = resultCounts(node),
      let count = counts.first
    else { return nil }
    return PartialTensor(
      element, shape: counts,
      elements: (0..<count).map { index in
        let offset = PartialNumber.apply(
          .mul, .integer(Int64(index)), .integer(step), type: element)
        return PartialNumber.apply(.add, .integer(start), offset, type: element)
      })
  }

  private func folded(_ node: NodeID, _ kind: OperatorKind) -> PartialTensor? {
    guard let view = ReductionView(node, in: graph, integers: knownIntegers),
      let data = content(node, 0), data.elementType.isInteger, let counts = resultCounts(node),
      view.axes?.count ?? data.shape.count == data.shape.count
    else { return nil }
    let operation: PartialNumber.Binary
    var result: PartialNumber
    switch kind {
    case .reduceProd: (operation, result) = (.mul, .integer(1))
    case .reduceSum: (operation, result) = (.add, .integer(0))
    case .reduceMax: (operation, result) = (.max, data.elements.first ?? .unknown)
    default: (operation, result) = (.min, data.elements.first ?? .unknown)
    }
    for element in data.elements {
      result = PartialNumber.apply(operation, result, element, type: data.elementType)
    }
    return PartialTensor(data.elementType, shape: counts, elements: [result])
  }
}

// Element by element.
extension InferenceEngine {
  private func converted(_ node: NodeID) -> PartialTensor? {
    guard let view = CastView(node, in: graph), let data = content(node, 0),
      PartialTensor.elementTypes.contains(view.target)
    else { return nil }
    return PartialTensor(
      view.target, shape: data.shape,
      elements: data.elements.map { $0.cast(from: data.elementType, to: view.target) })
  }

  private func selected(_ node: NodeID) -> PartialTensor? {
    guard let counts = resultCounts(node),
      let condition = content(node, 0)?.broadcast(to: counts),
      let left = content(node, 1)?.broadcast(to: counts),
      let right = content(node, 2)?.broadcast(to: counts), left.elementType == right.elementType
    else { return nil }
    let elements = condition.elements.indices.map { index in
      switch condition.elements[index] {
      case .integer(let choice): choice != 0 ? left.elements[index] : right.elements[index]
      default: left.elements[index] == right.elements[index] ? left.elements[index] : .unknown
      }
    }
    return PartialTensor(left.elementType, shape: counts, elements: elements)
  }

  private func arithmetic(_ node: NodeID, _ kind: OperatorKind) -> PartialTensor? {
    if let operation = PartialNumber.Unary(kind) {
      guard let data = content(node, 0) else { return nil }
      return PartialTensor(
        data.elementType, shape: data.shape,
        elements: data.elements.map {
          PartialNumber.apply(operation, $0, type: data.elementType)
        })
    }
    guard
      let operation = PartialNumber.Binary(
        kind, truncating: graph.attribute(node, "fmod", default: false) ?? false),
      graph.version >= 7, let counts = resultCounts(node),
      let output = graph.nodes[node].output(0), let element = type(of: output).elementType
    else { return nil }
    let operands = graph.nodes[node].inputs.indices.map {
      content(node, $0)?.broadcast(to: counts)
    }
    guard var result = operands.first ?? nil else { return nil }
    guard operands.count == 2 || kind == .min || kind == .max || kind == .sum else { return nil }
    for operand in operands.dropFirst() {
      guard let operand, operand.elementType == operands[0]?.elementType else { return nil }
      let elements = zip(result.elements, operand.elements).map {
        PartialNumber.apply(operation, $0, $1, type: operand.elementType)
      }
      guard let next = PartialTensor(element, shape: counts, elements: elements) else { return nil }
      result = next
    }
    return result
  }
}

extension PartialNumber.Unary {
  fileprivate init?(_ kind: OperatorKind) {
    switch kind {
    case .neg: self = .neg
    case .abs: self = .abs
    case .floor: self = .floor
    case .ceil: self = .ceil
    case .not: self = .not
    case .sqrt: self = .sqrt
    default: return nil
    }
  }
}

extension PartialNumber.Binary {
  fileprivate init?(_ kind: OperatorKind, truncating: Bool) {
    switch kind {
    case .add, .sum: self = .add
    case .sub: self = .sub
    case .mul: self = .mul
    case .div: self = .div
    case .mod: self = .mod(truncating: truncating)
    case .min: self = .min
    case .max: self = .max
    case .equal: self = .equal
    case .less: self = .less
    case .lessOrEqual: self = .lessOrEqual
    case .greater: self = .greater
    case .greaterOrEqual: self = .greaterOrEqual
    case .and: self = .and
    case .or: self = .or
    case .xor: self = .xor
    default: return nil
    }
  }
}
