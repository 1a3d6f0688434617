import IR

/// How a layer slides a window over the spatial axes, for ONNX's attributes and the extents that result.
struct LayerWindow {
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  let border: Border

  /// What a layer does at the border.
  enum Border: String {
    /// Windows lie inside.
    case valid
    /// There is a window at every step, beyond the border as well: with an odd element at the end.
    case same
    /// As many elements before the start as a window reaches back.
    case causal
  }

  /// The distance from the first to the last element of a window along `axis`, plus one.
  private func reach(_ axis: Int) -> Int { (kernel[axis] - 1) * dilations[axis] + 1 }

  /// The extent along `axis` of what comes out; nil if it is open.
  ///
  /// Zero or less means that no window fits.
  func extent(after extent: Int?, axis: Int) -> Int? {
    guard let extent else { return nil }
    switch border {
    case .same, .causal: return (extent + strides[axis] - 1) / strides[axis]
    case .valid: return extent < reach(axis) ? 0 : (extent - reach(axis)) / strides[axis] + 1
    }
  }

  /// Elements to add before and after each axis; nil if that depends on extents that are open.
  private func pads(_ extents: [Int?]) -> (before: [Int], after: [Int])? {
    var pads: (before: [Int], after: [Int]) = ([], [])
    for axis in kernel.indices {
      let total: Int
      switch border {
      case .valid: total = 0
      case .causal: total = reach(axis) - 1
      case .same where strides[axis] == 1 || reach(axis) == 1: total = reach(axis) - 1
      case .same:
        guard let extent = extents[axis], let after = self.extent(after: extent, axis: axis)
        else { return nil }
        total = max((after - 1) * strides[axis] + reach(axis) - extent, 0)
      }
      pads.before.append(border == .causal ? total : total / 2)
      pads.after.append(total - (pads.before.last ?? 0))
    }
    return pads
  }

  /// Whether what goes beyond the border depends on extents that are open, and may be less than nothing,
  /// which runtimes get wrong.
  func leavesGaps(over extents: [Int?]) -> Bool {
    pads(extents) == nil && kernel.indices.contains { reach($0) < strides[$0] }
  }

  /// ONNX's attributes for the window over axes of these extents.
  func attributes(over extents: [Int?], isDilatable: Bool = true) -> [Attribute] {
    var attributes = [
      Attribute("kernel_shape", .ints(kernel.map(Int64.init))),
      Attribute("strides", .ints(strides.map(Int64.init))),
    ]
    if isDilatable, dilations.contains(where: { $0 != 1 }) {
      attributes.append(Attribute("dilations", .ints(dilations.map(Int64.init))))
    }
    if let (before, after) = pads(extents) {
      attributes.append(Attribute("pads", .ints((before + after).map(Int64.init))))
    } else {
      attributes.append(Attribute("auto_pad", .text("SAME_UPPER")))
    }
    return attributes
  }
}

extension LayerApplication {
  /// The extents of `tensor` along Keras's spatial axes, and its channels.
  func spatial(_ tensor: KerasTensor) throws(ImportError) -> (axes: [Int], channel: Int) {
    let channel = try channelAxis(rank: tensor.rank)
    return (Array(1..<tensor.rank).filter { $0 != channel }, channel)
  }

  /// The window that this layer's parameters describe, with parameters called as they are since Keras 2.
  func window(
    kernel: String, rank: Int, defaultKernel: Int? = nil, defaultStride: [Int]? = nil
  ) throws(ImportError) -> LayerWindow {
    let kernel = try config.extents(kernel, count: rank, default: defaultKernel)
    let strides =
      config["strides"] == nil
      ? defaultStride ?? kernel : try config.extents("strides", count: rank)
    let padding = try config.text("padding", default: "valid")
    guard let border = LayerWindow.Border(rawValue: padding) else {
      throw config.malformed("'padding' is '\(padding)', expected valid, same or causal")
    }
    return LayerWindow(
      kernel: kernel, strides: strides,
      dilations: try config.extents("dilation_rate", count: rank, default: 1), border: border)
  }

  /// Refuses windows that leave gaps whose place depends on open extents.
  func requireNoGaps(_ window: LayerWindow, over extents: [Int?]) throws(ImportError) {
    guard window.leavesGaps(over: extents) else { return }
    throw config.unsupported(
      "its windows leave gaps, and how they lie depends on extents that are open; give the model's "
        + "input a shape, and save it again")
  }

  /// The extents of `tensor` after the window, with `channels` of them.
  ///
  /// - Throws: `ImportError` if no window fits.
  func shape(
    of tensor: KerasTensor, after window: LayerWindow, channels: Int?
  ) throws(ImportError) -> [Int?] {
    let (axes, channel) = try spatial(tensor)
    var shape = tensor.shape
    shape[channel] = channels
    for (index, axis) in axes.enumerated() {
      shape[axis] = window.extent(after: tensor.shape[axis], axis: index)
      if let extent = shape[axis], extent < 1 {
        throw config.malformed(
          "its window does not fit into a tensor of the extents \(KerasTensor.text(of: tensor.shape))"
        )
      }
    }
    return shape
  }
}
