// Operators that slide a window, or change spatial extents otherwise.

extension InferenceEngine {
  func convolution(_ node: NodeID) -> TensorType {
    let kind = graph.nodes[node].op.kind
    let element = kind == .convInteger ? .int32 : element(node, kind == .qLinearConv ? 7 : 0)
    guard kind == .conv || kind == .convTranspose else {
      return TensorType(element, plainConvolution(node, weight: kind == .qLinearConv ? 3 : 1))
    }
    guard let view = ConvolutionView(node, in: graph) else { return TensorType(element, nil) }
    let data = shape(node, 0) ?? .unknown(rank: view.window.rank + 2)
    let weight = shape(node, 1)
    guard data.count == view.window.rank + 2, channelsFit(view, data: data, weight: weight) else {
      return TensorType(element, nil)
    }
    let spatial = view.window.strides.indices.map { axis in
      view.isTransposed
        ? transposedExtent(view, axis: axis, extent: data[axis + 2])
        : view.window.positions(axis, extent: data[axis + 2])
    }
    let channels =
      view.isTransposed
      ? weight?[1].multiplied(by: .known(view.groups)) : weight?[0]
    return TensorType(element, [data[0], channels ?? .unknown] + spatial)
  }

  /// Whether the data has as many channels as the filters read, as far as that is known.
  private func channelsFit(_ view: ConvolutionView, data: Shape, weight: Shape?) -> Bool {
    guard let weight else { return true }
    let read = view.isTransposed ? weight[0] : weight[1].multiplied(by: .known(view.groups))
    return data[1].merged(with: read) != nil
  }

  /// Quantised convolutions, whose operands stand in other places.
  private func plainConvolution(_ node: NodeID, weight: Int) -> Shape? {
    guard let data = shape(node, 0), let filters = shape(node, weight), data.count > 2,
      filters.count == data.count
    else { return nil }
    let rank = data.count - 2
    guard let stated = graph.attribute(node, "kernel_shape", default: [Int]()),
      let window = SlidingWindow(
        node, in: graph, spatialRank: rank,
        kernel: stated.isEmpty ? Shape(filters.dropFirst(2)).counts : stated)
    else { return nil }
    let spatial = (0..<rank).map { window.positions($0, extent: data[$0 + 2]) }
    return [data[0], filters[0]] + spatial
  }

  private func transposedExtent(
    _ view: ConvolutionView, axis: Int, extent: Dimension
  ) -> Dimension {
    if let stated = view.outputShape { return Dimension(Int64(stated[axis])) }
    if view.isPointwise { return extent }
    let window = view.window
    guard let count = extent.count, count > 0, count <= SlidingWindow.extentLimit,
      let span = window.span(axis)
    else { return .unknown }
    let stride = window.strides[axis]
    let (steps, overflow) = stride.multipliedReportingOverflow(by: count - 1)
    guard !overflow, steps <= SlidingWindow.extentLimit else { return .unknown }
    let whole = steps + view.outputPadding[axis] + span
    // Padding takes away what is above the multiple of the stride; it adds nothing.
    if window.autoPad.isSame { return Dimension(Int64(min(steps + stride, whole))) }
    let pads = window.pads[axis] + window.pads[axis + window.rank]
    return Dimension(Int64(whole - pads))
  }

  func pool(_ node: NodeID) -> [TensorType] {
    let element = element(node, 0)
    guard let view = PoolView(node, in: graph) else { return [TensorType(element, nil)] }
    let data = shape(node, 0) ?? .unknown(rank: view.window.rank + 2)
    guard data.count == view.window.rank + 2 else { return [TensorType(element, nil)] }
    let spatial = view.window.strides.indices.map {
      view.positions($0, extent: data[$0 + 2])
    }
    let shape = data[..<2] + spatial
    return [TensorType(element, Array(shape)), TensorType(.int64, Array(shape))]
  }

  func globalPool(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let shape = data.shape, shape.count >= 2 else { return TensorType(data.elementType, nil) }
    let ones = Array(repeating: Dimension.known(1), count: shape.count - 2)
    return TensorType(data.elementType, Array(shape[..<2]) + ones)
  }

  func resize(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let shape = data.shape, let view = ResizeView(node, in: graph, integers: knownIntegers)
    else { return TensorType(data.elementType, nil) }
    var result = shape
    let axes = view.axes ?? Array(shape.indices)
    let crops = view.coordinateTransformation == "tf_crop_and_resize"
    let sizes = view.sizesOperand.flatMap { content(of: $0)?.elements }
    let scales = view.sizesOperand == nil ? self.scales(view) : nil
    for (position, axis) in axes.enumerated() {
      if let sizes, position < sizes.count, view.aspectRatioPolicy == "stretch" {
        result[axis] = sizes[position].dimension
      } else if let scales, position < scales.count, !crops {
        result[axis] = scaled(shape[axis], by: scales[position])
      } else {
        result[axis] = .unknown
      }
    }
    return TensorType(data.elementType, result)
  }

  /// The factors of a Resize, stored or computed by shape arithmetic.
  private func scales(_ view: ResizeView) -> [Float?]? {
    if let stored = view.scales { return stored }
    guard let elements = view.scalesOperand.flatMap({ content(of: $0)?.elements }) else {
      return nil
    }
    return elements.map { if case .real(let value) = $0 { Float(value) } else { nil } }
  }

  private func scaled(_ extent: Dimension, by scale: Float?) -> Dimension {
    guard let scale else { return .unknown }
    if scale == 1 { return extent }
    guard let count = extent.count else { return .unknown }
    // Runtimes multiply in single precision, which decides borderline cases.
    return Int64(exactly: (Float(count) * scale).rounded(.down)).map { Dimension($0) } ?? .unknown
  }

  func gridSample(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let shape = data.shape, let grid = self.shape(node, 1), shape.count == grid.count,
      shape.count > 2
    else { return TensorType(data.elementType, nil) }
    return TensorType(data.elementType, Array(shape[..<2]) + grid[1..<(grid.count - 1)])
  }

  func roiAlign(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let shape = data.shape, shape.count == 4, let regions = self.shape(node, 1),
      let first = regions.first, let height = graph.attribute(node, "output_height", default: 1),
      let width = graph.attribute(node, "output_width", default: 1)
    else { return TensorType(data.elementType, nil) }
    return TensorType(
      data.elementType, [first, shape[1], Dimension(Int64(height)), Dimension(Int64(width))])
  }

  func depthSpace(_ node: NodeID) -> TensorType {
    let data = type(node, 0)
    guard let shape = data.shape, shape.count == 4, let view = DepthSpaceView(node, in: graph)
    else { return TensorType(data.elementType, nil) }
    let block = Dimension.known(view.blockSize)
    let blocks = block.multiplied(by: block)
    if graph.nodes[node].op.kind == .depthToSpace {
      return TensorType(
        data.elementType,
        [
          shape[0], shape[1].divided(by: blocks), shape[2].multiplied(by: block),
          shape[3].multiplied(by: block),
        ])
    }
    return TensorType(
      data.elementType,
      [
        shape[0], shape[1].multiplied(by: blocks), shape[2].divided(by: block),
        shape[3].divided(by: block),
      ])
  }
}

extension Dimension {
  /// The quotient if the division is sure to leave no remainder.
  func divided(by other: Dimension) -> Dimension {
    if other == .known(1) { return self }
    guard let left = count, let right = other.count, right > 0, left % right == 0 else {
      return .unknown
    }
    return .known(left / right)
  }
}
