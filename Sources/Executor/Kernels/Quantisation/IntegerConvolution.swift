import IR

// Convolutions of bytes: in single precision by oneDNN where that is exact, else in 32 bits.

extension Planner {
  mutating func convInteger(_ node: NodeID) throws(ExecutionError) {
    let (data, weight) = (try plain(node, 0), try plain(node, 1))
    let zero = try perFilter(try optional(node, 3), rank: weight.shape.count)
    define(
      node, try integerConvolution(node, (data, try optional(node, 2)), (weight, zero)))
  }

  mutating func qLinearConv(_ node: NodeID) throws(ExecutionError) {
    let (data, weight) = (try plain(node, 0), try plain(node, 3))
    let zero = try perFilter(try operand(node, 5), rank: weight.shape.count)
    var sums = try integerConvolution(node, (data, try operand(node, 2)), (weight, zero))
    if let bias = try perFilter(try optional(node, 8), rank: weight.shape.count - 1) {
      guard bias.elementType == .int32, bias.count == weight.shape.first else {
        throw ExecutionError(.invalidOperands, "its bias does not fit its filters")
      }
      sums = try pairwise(node, sums, bias, Int32.self, .int32) { $0 &+ $1 }
    }
    let weightScale = try perFilter(try operand(node, 4), rank: weight.shape.count - 1) ?? weight
    let scale = try multiplier(node, try operand(node, 1), weightScale, try operand(node, 6))
    define(node, try requantized(node, sums, scale, try operand(node, 7)))
  }

  /// One number for each filter, as a tensor of `rank` axes of which the first is that of the filters.
  private mutating func perFilter(
    _ operand: Operand?, rank: Int
  ) throws(ExecutionError) -> Operand? {
    guard let operand, operand.shape.count == 1, operand.count > 1 else { return operand }
    let shape = [operand.count] + Array(repeating: 1, count: max(rank - 1, 0))
    return view(try plain(operand), as: TensorInfo(operand.elementType, shape))
  }

  private mutating func integerConvolution(
    _ node: NodeID, _ data: (data: Operand, zero: Operand?),
    _ weight: (data: Operand, zero: Operand?)
  ) throws(ExecutionError) -> Operand {
    guard let view = QuantizedConvolutionView(node, in: graph) else {
      throw ExecutionError(.invalidOperands, "its attributes do not describe a convolution")
    }
    let form = try ConvolutionForm(
      view.window, groups: view.groups, data: data.data.shape, weight: weight.data.shape)
    let info = try checked(.int32, form.result)
    guard info.count > 0 else { return try zeros(node, info) }
    let filters = try centred(node, weight.data, weight.zero, Float.self, .float32)
    let bound = ExactSums(data.data, data.zero)
    let depth = weight.data.shape.dropFirst().reduce(1, *)
    if bound.areExact(filters.constant?.filterSums(), depth: depth, weightBound: 255),
      data.data.shape.count <= 5, !form.padding.before.contains(where: { $0 < 0 })
    {
      let source = try centred(node, data.data, data.zero, Float.self, .float32)
      let sums = try convolve(form, source, filters, nil, FusedChain(after: node))
      return try whole(node, sums)
    }
    return try integerConvolution(
      node, form, try centred(node, data.data, data.zero, Int32.self, .int32),
      try centred(node, weight.data, weight.zero, Int32.self, .int32), groups: view.groups)
  }

  /// In 32 bits, over data that have their border around them.
  private mutating func integerConvolution(
    _ node: NodeID, _ form: ConvolutionForm, _ data: Operand, _ weight: Operand, groups: Int
  ) throws(ExecutionError) -> Operand {
    let padded = try bordered(node, form, data)
    let work = PlainConvolution(form, padded.shape, weight.shape, groups: groups)
    let counts = (padded.count, weight.count, form.result.product)
    let info = TensorInfo(.int32, form.result)
    return try step(node, reads: [padded, weight], makes: [info]) { buffers in
      let source = buffers.read(0, as: Int32.self, count: counts.0)
      let factors = buffers.read(1, as: Int32.self, count: counts.1)
      let target = buffers.make(0, as: Int32.self, count: counts.2)
      return { work.run(source, factors, target) }
    }[0]
  }

  private mutating func bordered(
    _ node: NodeID, _ form: ConvolutionForm, _ data: Operand
  ) throws(ExecutionError) -> Operand {
    let before = [0, 0] + form.padding.before
    let after = [0, 0] + form.padding.after
    let shape = data.shape.indices.map { data.shape[$0] + before[$0] + after[$0] }
    let info = try checked(.int32, shape)
    guard shape.allSatisfy({ $0 <= Self.extentLimit }) else {
      throw ExecutionError(.invalidOperands, "data of shape \(shape) with borders are too large")
    }
    let sources = shape.indices.map { axis in
      (0..<shape[axis]).map { place -> Int? in
        (0..<data.shape[axis]).contains(place - before[axis]) ? place - before[axis] : nil
      }
    }
    return try picked(node, data, sources, info, [0, 0, 0, 0])
  }
}

/// A convolution in 32 bits, one element of the filters after another.
private struct PlainConvolution {
  /// Where the elements under a filter lie, counted from its first one.
  private let taps: [Int]
  /// The first elements under the filter at all its positions.
  private let walk: StridedWalk
  private let pictures: Int
  private let channels: Int
  private let filters: Int
  private let filtersPerGroup: Int
  /// The channels that a filter works on.
  private let depth: Int
  /// The elements of a channel of the data and of the result.
  private let areas: (data: Int, result: Int)

  init(_ form: ConvolutionForm, _ data: [Int], _ weight: [Int], groups: Int) {
    let steps = StridedView.rowMajor(Array(data[2...]))
    // A step that is never taken may be as large as a file pleases.
    taps =
      StridedView(
        shape: Array(weight[2...]), strides: zip(steps, form.dilations).map { $0 &* $1 }, offset: 0
      ).positions
    walk = StridedWalk([
      StridedView(
        shape: Array(form.result[2...]), strides: zip(steps, form.strides).map { $0 &* $1 },
        offset: 0)
    ])
    (pictures, channels, filters) = (data[0], data[1], weight[0])
    (filtersPerGroup, depth) = (weight[0] / groups, weight[1])
    areas = (data[2...].product, form.result[2...].product)
  }

  func run(_ source: Elements<Int32>, _ factors: Elements<Int32>, _ target: Elements<Int32>) {
    target.fill(0)
    for plane in 0..<pictures * filters {
      let (picture, filter) = (plane / filters, plane % filters)
      let first = picture * channels + filter / filtersPerGroup * depth
      for channel in 0..<depth {
        for (tap, offset) in taps.enumerated() {
          let factor = factors[(filter * depth + channel) * taps.count + tap]
          let origin = (first + channel) * areas.data + offset
          walk.run { place, starts, steps, count in
            let (here, there, step) = (
              plane * areas.result + place, origin + starts[0], steps[0]
            )
            for index in 0..<count {
              target[here + index] &+= factor &* source[there + index * step]
            }
          }
        }
      }
    }
  }
}
