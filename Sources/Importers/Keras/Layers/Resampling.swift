import IR

extension LayerTable {
  /// Layers that make pictures larger or smaller.
  static let resampling: [String: LayerRule] = [
    "UpSampling1D": enlarging(rank: 1), "UpSampling2D": enlarging(rank: 2),
    "UpSampling3D": enlarging(rank: 3),
    "Resizing": LayerRule { (call) throws(ImportError) in try call.resized() },
  ]

  private static func enlarging(rank: Int) -> LayerRule {
    LayerRule { (call) throws(ImportError) in try call.enlarged(rank: rank) }
  }
}

extension LayerApplication {
  fileprivate func enlarged(rank: Int) throws(ImportError) -> KerasTensor {
    let order = try spatialOrder(rank: rank + 2)
    let tensor = arranged(try input(rank: rank + 2), order)
    let factors = try config.extents("size", count: rank, default: 2)
    let method = try config.text("interpolation", default: "nearest")
    let axes = try spatial(tensor).axes
    var shape = tensor.shape
    for (axis, factor) in zip(axes, factors) { shape[axis] = shape[axis].map { $0 * factor } }
    let scales = assembly.floats(
      [1, 1] + factors.map { Float($0) }, shape: [rank + 2], name: "\(config.path)/scales")
    let attributes = try resampling(method)
    return KerasTensor(
      insert(.resize, [tensor.value, nil, scales], attributes), shape, order: order)
  }

  fileprivate func resized() throws(ImportError) -> KerasTensor {
    let order = try spatialOrder(rank: 4)
    let tensor = arranged(try input(rank: 4), order)
    for key in ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"] {
      guard try !config.flag(key, default: false) else {
        throw config.unsupported("'\(key)' is not known to dearc")
      }
    }
    let sizes = [try config.count("height"), try config.count("width")]
    let method = try config.text("interpolation", default: "bilinear")
    let (axes, channel) = try spatial(tensor)
    var shape = tensor.shape
    for (axis, size) in zip(axes, sizes) { shape[axis] = size }
    let attributes = try resampling(method)
    let target =
      tensor.shape[0].flatMap { batch in
        tensor.shape[channel].map { integers([batch, $0] + sizes) }
      } ?? openTarget(tensor, sizes)
    return KerasTensor(
      insert(.resize, [tensor.value, nil, nil, target], attributes), shape, order: order)
  }

  /// The extents of a batch of any size, read off the tensor.
  private func openTarget(_ tensor: KerasTensor, _ sizes: [Int]) -> ValueID {
    let shape = insert(.shape, [tensor.value])
    let leading = insert(.slice, [shape, integers([0]), integers([2]), integers([0])])
    return insert(.concat, [leading, integers(sizes)], [Attribute("axis", .int(0))])
  }

  /// ONNX's attributes for a method of Keras's: all of them put centres of pixels over each other.
  private func resampling(_ method: String) throws(ImportError) -> [Attribute] {
    let centres = Attribute("coordinate_transformation_mode", .text("half_pixel"))
    switch method {
    case "nearest":
      return [
        Attribute("mode", .text("nearest")), centres,
        Attribute("nearest_mode", .text("round_prefer_ceil")),
      ]
    case "bilinear": return [Attribute("mode", .text("linear")), centres]
    case "bicubic":
      return [
        Attribute("mode", .text("cubic")), centres, .number("cubic_coeff_a", -0.5),
        Attribute("exclude_outside", .int(1)),
      ]
    default: throw config.unsupported("'interpolation' is '\(method)', which dearc does not know")
    }
  }
}
