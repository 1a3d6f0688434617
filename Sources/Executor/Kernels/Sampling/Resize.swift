import IR

// Resize and Upsample: one axis after another, by tables made while planning.

extension Planner {
  mutating func resize(_ node: NodeID) throws(ExecutionError) {
    let original = try operand(node, 0)
    guard let view = ResizeView(node, in: graph) else {
      throw ExecutionError(.invalidOperands, "its attributes do not describe a resize")
    }
    let scalings = try scalings(node, view, original.shape)
    let info = try checked(original.elementType, scalings.map(\.count))
    if let result = try blockedResize(view, original, scalings) { return define(node, result) }
    let data = try plain(original)
    guard info.count > 0 else { return define(node, try zeros(node, info)) }
    guard data.count > 0 else {
      throw ExecutionError(.invalidOperands, "data of shape \(data.shape) cannot grow")
    }
    let extrapolation = graph.attribute(node, "extrapolation_value", default: Float(0)) ?? 0
    var tables: [(axis: Int, table: AxisTable)] = []
    for axis in Self.order(of: scalings) {
      tables.append((axis, try table(node, view, scalings[axis])))
    }
    if view.mode == .nearest, tables.allSatisfy(\.table.outside.isEmpty) {
      var result = data
      for (axis, table) in tables { result = try gathered(node, result, table, axis) }
      return define(node, result)
    }
    define(node, try resampled(node, data, tables, Double(extrapolation)))
  }

  /// What `type` and `shape` say together, if it can be counted.
  func checked(_ type: ElementType, _ shape: [Int]) throws(ExecutionError) -> TensorInfo {
    let info = TensorInfo(type, shape)
    guard shape.allSatisfy({ $0 >= 0 }), let count = info.byteCount, count <= 1 << 40 else {
      throw ExecutionError(.invalidOperands, "a result of shape \(shape) is too large")
    }
    return info
  }

  /// Shrinking axes first and then the innermost, so that most work is done on the fewest elements.
  private static func order(of scalings: [AxisScaling]) -> [Int] {
    let changing = scalings.indices.filter { !scalings[$0].isIdentity }
    return changing.filter { scalings[$0].scale < 1 }
      + changing.filter { scalings[$0].scale >= 1 }.reversed()
  }

  private func table(
    _ node: NodeID, _ view: ResizeView, _ scaling: AxisScaling
  ) throws(ExecutionError) -> AxisTable {
    let slope = graph.attribute(node, "cubic_coeff_a", default: Float(-0.75)) ?? -0.75
    let excludes = graph.attribute(node, "exclude_outside", default: false) ?? false
    guard view.mode != .nearest else {
      return try AxisTable(
        nearest: scaling, rounding: view.nearestMode, transformation: view.coordinateTransformation)
    }
    return try AxisTable(
      scaling, view.mode == .linear ? .linear : .cubic(slope: Double(slope)),
      transformation: view.coordinateTransformation, antialias: view.antialias,
      excludesOutside: excludes)
  }

  // MARK: Extents

  /// Tables are made for no more elements along an axis than that.
  static let extentLimit = 1 << 28

  /// How each axis changes.
  private mutating func scalings(
    _ node: NodeID, _ view: ResizeView, _ shape: [Int]
  ) throws(ExecutionError) -> [AxisScaling] {
    let axes = view.axes ?? Array(shape.indices)
    var result = shape.map { AxisScaling(extent: $0, count: $0, scale: 1) }
    if let sizes = view.sizes, view.sizesOperand != nil {
      let scales = try self.scales(sizes, axes, shape, policy: view.aspectRatioPolicy)
      for (axis, (scale, count)) in zip(axes, scales) {
        result[axis] = AxisScaling(extent: shape[axis], count: count, scale: scale)
      }
    } else {
      guard let scales = view.scales, scales.count == axes.count else {
        throw ExecutionError(.invalidOperands, "its scales do not fit data of shape \(shape)")
      }
      for (axis, scale) in zip(axes, scales) {
        result[axis] = try Self.scaling(shape[axis], scale)
      }
    }
    if view.coordinateTransformation == "tf_crop_and_resize" {
      try crop(node, view, axes, &result)
    }
    return result
  }

  /// Takes in which part of each axis is looked at.
  private mutating func crop(
    _ node: NodeID, _ view: ResizeView, _ axes: [Int], _ scalings: inout [AxisScaling]
  ) throws(ExecutionError) {
    let region = try view.region.map { each throws(ExecutionError) in
      try cast(node, try operand(each), to: .float64).constant?.elements(as: Double.self) ?? []
    }
    guard let region, region.count == 2 * axes.count else {
      throw ExecutionError(.invalidOperands, "its region is not known or does not fit its data")
    }
    for (place, axis) in axes.enumerated() {
      scalings[axis].region = (region[place], region[place + axes.count])
    }
  }

  private static func scaling(
    _ extent: Int, _ scale: Float
  ) throws(ExecutionError) -> AxisScaling {
    // In single precision, as shape inference does and other runtimes do.
    let count = (Float(extent) * scale).rounded(.down)
    guard scale > 0, scale.isFinite, count <= Float(Self.extentLimit) else {
      throw ExecutionError(.invalidOperands, "cannot scale \(extent) elements by \(scale)")
    }
    return AxisScaling(extent: extent, count: Int(count), scale: Double(scale))
  }

  /// Scales and extents that come next to the `sizes` asked for.
  private func scales(
    _ sizes: [Int], _ axes: [Int], _ shape: [Int], policy: String
  ) throws(ExecutionError) -> [(Double, Int)] {
    guard sizes.count == axes.count, sizes.allSatisfy((0...Self.extentLimit).contains) else {
      throw ExecutionError(.invalidOperands, "its sizes do not fit data of shape \(shape)")
    }
    let ratios = zip(axes, sizes).map { axis, size in Double(size) / Double(max(shape[axis], 1)) }
    guard policy != "stretch" else { return Array(zip(ratios, sizes)) }
    let common = (policy == "not_larger" ? ratios.min() : ratios.max()) ?? 1
    return try axes.map { axis throws(ExecutionError) in
      let count = (common * Double(shape[axis]) + 0.5).rounded(.down)
      guard count <= Double(Self.extentLimit) else {
        throw ExecutionError(.invalidOperands, "cannot scale data of shape \(shape) by \(common)")
      }
      return (common, Int(count))
    }
  }
}
