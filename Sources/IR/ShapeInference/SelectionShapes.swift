// Operators that take, join, split or surround parts of axes.

extension InferenceEngine {
  func concat(_ node: NodeID) -> TensorType {
    let element = element(node, 0)
    guard let view = ConcatView(node, in: graph) else { return TensorType(element, nil) }
    var result: Shape?
    for operand in view.operands {
      guard let shape = type(of: operand).shape, view.axis < shape.count else {
        return TensorType(element, nil)
      }
      guard let previous = result else {
        result = shape
        continue
      }
      result = zip(previous, shape).enumerated().map { axis, extents in
        axis == view.axis
          ? extents.0.adding(extents.1) : extents.0.merged(with: extents.1) ?? .unknown
      }
    }
    return TensorType(element, result)
  }

  func split(_ node: NodeID) -> [TensorType] {
    let data = type(node, 0)
    let count = graph.nodes[node].outputs.count
    guard let shape = data.shape, let view = SplitView(node, in: graph, integers: knownIntegers)
    else { return Array(repeating: TensorType(data.elementType, nil), count: count) }
    return (0..<count).map { index in
      let extent = view.sizes.map { Dimension.known($0[index]) } ?? .unknown
      return TensorType(data.elementType, shape.replacing(view.axis, with: extent))
    }
  }

  func slice(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard var shape = data.shape else { return data }
    guard let view = SliceView(node, in: graph, integers: knownIntegers) else {
      return TensorType(data.elementType, partiallyKnownSlice(node, of: shape))
    }
    for slice in view.slices where slice.axis < shape.count {
      shape[slice.axis] = slice.count(of: shape[slice.axis])
    }
    return TensorType(data.elementType, shape)
  }

  /// The shape of a slice some of whose bounds are extents or not known at all.
  private func partiallyKnownSlice(_ node: NodeID, of shape: Shape) -> Shape {
    let unknown = Shape.unknown(rank: shape.count)
    guard graph.version >= 10, let starts = content(node, 1)?.elements,
      let ends = content(node, 2)?.elements, starts.count == ends.count
    else { return unknown }
    let hasAxes = graph.nodes[node].input(3) != nil
    let hasSteps = graph.nodes[node].input(4) != nil
    let stated = hasAxes ? content(node, 3)?.integers?.exactInts : Array(starts.indices)
    guard let stated, let axes = Axis.normalized(stated, rank: shape.count),
      axes.count == starts.count
    else { return unknown }
    let ones = Array(repeating: PartialNumber.integer(1), count: starts.count)
    let steps = hasSteps ? content(node, 4)?.elements : ones
    var result = shape
    for (position, axis) in axes.enumerated() {
      let takesAll =
        starts[position] == .integer(0) && ends[position] == PartialNumber(shape[axis])
        && shape[axis] != .unknown && steps?[position] == .integer(1)
      if !takesAll { result[axis] = .unknown }
    }
    return result
  }

  func gather(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let shape = data.shape, let indices = self.shape(node, 1),
      let view = GatherView(node, in: graph)
    else { return TensorType(data.elementType, nil) }
    return TensorType(
      data.elementType, Shape(shape[..<view.axis]) + indices + shape[(view.axis + 1)...])
  }

  func gatherND(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let shape = data.shape, let indices = self.shape(node, 1),
      let depth = indices.last?.count,
      let batch = graph.attribute(node, "batch_dims", default: 0), batch >= 0,
      batch <= shape.count, depth <= shape.count - batch
    else { return TensorType(data.elementType, nil) }
    return TensorType(data.elementType, indices.dropLast() + shape[(batch + depth)...])
  }

  func compress(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard graph.nodes[node].attribute("axis") != nil else {
      return TensorType(data.elementType, [.unknown])
    }
    guard let shape = data.shape, let stated = graph.attribute(node, "axis", default: 0),
      let axis = Axis.normalized(stated, rank: shape.count)
    else { return TensorType(data.elementType, nil) }
    return TensorType(data.elementType, shape.replacing(axis, with: .unknown))
  }

  func pad(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    if let view = PadView(node, in: graph, integers: knownIntegers) {
      let shape = data.shape ?? .unknown(rank: view.begins.count)
      return TensorType(
        data.elementType,
        shape.indices.map { shape[$0].padded(view.begins[$0], view.ends[$0]) })
    }
    guard let shape = data.shape else { return data }
    let unknown = TensorType(data.elementType, .unknown(rank: shape.count))
    guard graph.version >= 11, graph.nodes[node].input(3) == nil,
      let amounts = content(node, 1)?.elements, amounts.count == 2 * shape.count
    else { return unknown }
    return TensorType(
      data.elementType,
      shape.indices.map { axis in
        let begin = amounts[axis].integer.flatMap { Int(exactly: $0) }
        let end = amounts[axis + shape.count].integer.flatMap { Int(exactly: $0) }
        guard let begin, let end else { return .unknown }
        return shape[axis].padded(begin, end)
      })
  }
}

extension Dimension {
  /// The extent with elements added, or removed, on both sides.
  fileprivate func padded(_ begin: Int, _ end: Int) -> Dimension {
    let (total, overflow) = begin.addingReportingOverflow(end)
    guard !overflow else { return .unknown }
    if total == 0 { return self }
    guard let count else { return .unknown }
    let (sum, sumOverflow) = count.addingReportingOverflow(total)
    return sumOverflow || sum < 0 ? .unknown : .known(sum)
  }
}
