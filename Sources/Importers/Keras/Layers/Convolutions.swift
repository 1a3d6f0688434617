import IR

extension LayerTable {
  /// Layers that slide kernels over pictures, signals or volumes.
  static let convolutions: [String: LayerRule] = [
    "Conv1D": convolution(rank: 1), "Conv2D": convolution(rank: 2), "Conv3D": convolution(rank: 3),
    "DepthwiseConv1D": depthwise(rank: 1), "DepthwiseConv2D": depthwise(rank: 2),
    "SeparableConv1D": separable(rank: 1), "SeparableConv2D": separable(rank: 2),
    "Conv1DTranspose": transposed(rank: 1), "Conv2DTranspose": transposed(rank: 2),
    "Conv3DTranspose": transposed(rank: 3),
  ]

  private static func convolution(rank: Int) -> LayerRule {
    LayerRule(
      weights: { (config) throws(ImportError) in try weights(["kernel"], config) },
      apply: { (call) throws(ImportError) in
        let tensor = try call.convolutionInput(rank: rank)
        let filters = try call.config.count("filters")
        let groups = try call.config.integer("groups", default: 1)
        let channels = try call.channels(of: tensor)
        guard groups >= 1, channels % groups == 0, filters % groups == 0 else {
          throw call.config.malformed(
            "'groups' is \(groups), which does not divide \(channels) channels and \(filters) filters"
          )
        }
        let window = try call.convolutionWindow(rank: rank)
        let kernel = call.stored("kernel", window.kernel + [channels / groups, filters])
        let result = try call.convolved(
          tensor, kernel.transposed([rank + 1, rank] + Array(0..<rank)), window,
          filters: filters, groups: groups, bias: "bias")
        return try call.activated(result, by: call.config["activation"])
      })
  }

  private static func depthwise(rank: Int) -> LayerRule {
    LayerRule(
      weights: { (config) throws(ImportError) in try weights(["kernel"], config) },
      apply: { (call) throws(ImportError) in
        let tensor = try call.convolutionInput(rank: rank)
        let result = try call.depthwise(tensor, kernel: "kernel", rank: rank, bias: "bias")
        return try call.activated(result, by: call.config["activation"])
      })
  }

  /// A depthwise convolution without a bias, then one that mixes channels.
  private static func separable(rank: Int) -> LayerRule {
    LayerRule(
      weights: { (config) throws(ImportError) in
        try weights(["depthwise_kernel", "pointwise_kernel"], config)
      },
      apply: { (call) throws(ImportError) in
        let tensor = try call.convolutionInput(rank: rank)
        let filters = try call.config.count("filters")
        let apart = try call.depthwise(tensor, kernel: "depthwise_kernel", rank: rank, bias: nil)
        let ones = Array(repeating: 1, count: rank)
        let kernel = call.stored(
          "pointwise_kernel", ones + [try call.channels(of: apart), filters])
        let result = try call.convolved(
          apart, kernel.transposed([rank + 1, rank] + Array(0..<rank)),
          LayerWindow(kernel: ones, strides: ones, dilations: ones, border: .valid),
          filters: filters, groups: 1, bias: "bias")
        return try call.activated(result, by: call.config["activation"])
      })
  }

  private static func transposed(rank: Int) -> LayerRule {
    LayerRule(
      weights: { (config) throws(ImportError) in try weights(["kernel"], config) },
      apply: { (call) throws(ImportError) in
        let tensor = try call.convolutionInput(rank: rank)
        let result = try call.transposedConvolution(tensor, rank: rank)
        return try call.activated(result, by: call.config["activation"])
      })
  }

  /// `names`, and a bias unless the layer has none.
  static func weights(
    _ names: [String], _ config: LayerConfig
  ) throws(ImportError) -> [WeightSpec] {
    let bias = try config.flag("use_bias", default: true) ? ["bias"] : []
    return (names + bias).map { WeightSpec($0) }
  }
}

extension LayerApplication {
  /// The tensor with its axes as ONNX's convolutions read them.
  fileprivate func convolutionInput(rank: Int) throws(ImportError) -> KerasTensor {
    arranged(try input(rank: rank + 2), try spatialOrder(rank: rank + 2))
  }

  fileprivate func channels(of tensor: KerasTensor) throws(ImportError) -> Int {
    try extent(of: try channelAxis(rank: tensor.rank), in: tensor)
  }

  fileprivate func convolutionWindow(rank: Int) throws(ImportError) -> LayerWindow {
    try window(
      kernel: "kernel_size", rank: rank, defaultStride: Array(repeating: 1, count: rank))
  }

  /// A convolution by a kernel in ONNX's order, with the bias called `bias` if the layer has one.
  fileprivate func convolved(
    _ tensor: KerasTensor, _ kernel: StoredTensor, _ window: LayerWindow, filters: Int,
    groups: Int, bias: String?
  ) throws(ImportError) -> KerasTensor {
    let extents = try spatial(tensor).axes.map { tensor.shape[$0] }
    try requireNoGaps(window, over: extents)
    var attributes = window.attributes(over: extents)
    if groups != 1 { attributes.append(Attribute("group", .int(Int64(groups)))) }
    let operands = [tensor.value, try assembly.constant(kernel), try biasValue(bias, filters)]
    let shape = try shape(of: tensor, after: window, channels: filters)
    return KerasTensor(
      insert(.conv, operands.trimmed, attributes), shape, order: tensor.order)
  }

  private func biasValue(_ name: String?, _ count: Int) throws(ImportError) -> ValueID? {
    guard let name, try config.flag("use_bias", default: true) else { return nil }
    return try weight(name, [count])
  }

  /// A convolution of each channel by itself; filter `m` of channel `c` makes channel `c · multiplier + m`.
  fileprivate func depthwise(
    _ tensor: KerasTensor, kernel name: String, rank: Int, bias: String?
  ) throws(ImportError) -> KerasTensor {
    let channels = try channels(of: tensor)
    let multiplier = try config.integer("depth_multiplier", default: 1)
    let (filters, isTooLarge) = channels.multipliedReportingOverflow(by: multiplier)
    guard multiplier >= 1, !isTooLarge else {
      throw config.malformed("'depth_multiplier' is \(multiplier)")
    }
    let window = try convolutionWindow(rank: rank)
    let kernel = stored(name, window.kernel + [channels, multiplier])
      .transposed([rank, rank + 1] + Array(0..<rank))
      .reshaped([filters, 1] + window.kernel)
    return try convolved(
      tensor, kernel, window, filters: filters, groups: channels, bias: bias)
  }

  /// The transposed convolution of a kernel that Keras stores with filters before channels.
  ///
  /// Keras pads what a step apart of zeros is put between; ONNX cuts off from what comes out.
  fileprivate func transposedConvolution(
    _ tensor: KerasTensor, rank: Int
  ) throws(ImportError) -> KerasTensor {
    let (channels, filters) = (try channels(of: tensor), try config.count("filters"))
    let window = try convolutionWindow(rank: rank)
    let cuts = try transposedCuts(window, rank: rank)
    let kernel = stored("kernel", window.kernel + [filters, channels])
      .transposed([rank + 1, rank] + Array(0..<rank))
    let (axes, channel) = try spatial(tensor)
    var shape = tensor.shape
    shape[channel] = filters
    for (index, axis) in axes.enumerated() {
      shape[axis] = tensor.shape[axis].map { cuts[index].extent(after: $0) }
    }
    let operands = [
      tensor.value, try assembly.constant(kernel), try biasValue("bias", filters),
    ]
    let attributes = transposedAttributes(window, cuts)
    return KerasTensor(
      insert(.convTranspose, operands.trimmed, attributes), shape, order: tensor.order)
  }

  private func transposedCuts(
    _ window: LayerWindow, rank: Int
  ) throws(ImportError) -> [TransposedCut] {
    let further =
      config["output_padding"] == nil
      ? nil : try config.extents("output_padding", count: rank, least: 0)
    let cuts = window.kernel.indices.map { axis in
      TransposedCut(window, axis: axis, outputPadding: further?[axis])
    }
    guard cuts.allSatisfy({ $0.before >= 0 && $0.missing >= 0 }) else {
      throw config.unsupported("its padding cannot be expressed by ONNX's ConvTranspose")
    }
    return cuts
  }

  private func transposedAttributes(
    _ window: LayerWindow, _ cuts: [TransposedCut]
  ) -> [Attribute] {
    var attributes = [
      Attribute("kernel_shape", .ints(window.kernel.map(Int64.init))),
      Attribute("strides", .ints(window.strides.map(Int64.init))),
      Attribute("pads", .ints((cuts.map(\.before) + cuts.map(\.after)).map(Int64.init))),
      Attribute("output_padding", .ints(cuts.map { Int64($0.missing) })),
    ]
    if window.dilations.contains(where: { $0 != 1 }) {
      attributes.append(Attribute("dilations", .ints(window.dilations.map(Int64.init))))
    }
    return attributes
  }
}

/// What a transposed convolution cuts off, or lacks, along one axis.
///
/// Source: `keras/src/backend/common/backend_utils.py` of Keras 3.15, which pads the input, in which
/// zeros stand between the elements, by `left` and `right`; nothing is cut off if both are the window's
/// reach less one.
private struct TransposedCut {
  let before: Int
  let after: Int
  /// What is added at the end.
  let missing: Int
  private let stride: Int
  private let reach: Int

  init(_ window: LayerWindow, axis: Int, outputPadding: Int?) {
    let (stride, dilation) = (window.strides[axis], window.dilations[axis])
    let reach = (window.kernel[axis] - 1) * dilation + 1
    let (left, right): (Int, Int)
    if window.border == .valid {
      left = reach - 1
      right = reach - 1 + (outputPadding ?? max(reach, stride) - reach)
    } else {
      let total = outputPadding.map { reach + reach % 2 - 2 + $0 } ?? stride + reach - 2
      left = min(total / 2 + total % 2, reach - 1)
      right = total - left
    }
    before = reach - 1 - left
    after = max(reach - 1 - right, 0)
    missing = max(right - (reach - 1), 0)
    (self.stride, self.reach) = (stride, reach)
  }

  func extent(after extent: Int) -> Int {
    (extent - 1) * stride + reach - before - after + missing
  }
}

extension [ValueID?] {
  /// The operands without those at the end that are left out.
  fileprivate var trimmed: [ValueID?] {
    Array(prefix((lastIndex { $0 != nil } ?? -1) + 1))
  }
}
