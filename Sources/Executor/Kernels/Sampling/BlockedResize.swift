internal import COneDNN
import IR

// Resizing by oneDNN, which takes data as its convolutions leave it.

extension Planner {
  /// The resized data, if they are in an order of oneDNN's and oneDNN means the same by resizing; else nil.
  mutating func blockedResize(
    _ view: ResizeView, _ data: Operand, _ scalings: [AxisScaling]
  ) throws(ExecutionError) -> Operand? {
    // Other strides than those of channels that lie last are what a transposition left.
    guard case .special(let layout) = data.info.layout, data.elementType == .float32,
      (3...5).contains(data.shape.count), data.info.strides.map({ $0[1] == 1 }) ?? true,
      data.count > 0, view.mode != .cubic, !view.antialias,
      scalings.prefix(2).allSatisfy(\.isIdentity)
    else { return nil }
    for scaling in scalings.dropFirst(2) {
      let isSame =
        try view.mode == .nearest
        ? scaling.hasSameNearest(view) : scaling.hasSamePlaces(view.coordinateTransformation)
      guard isSame else { return nil }
    }
    return try blockedResize(view.mode == .nearest, data, layout, scalings.map(\.count))
  }

  private mutating func blockedResize(
    _ takesNearest: Bool, _ data: Operand, _ layout: MemoryDescriptor, _ shape: [Int]
  ) throws(ExecutionError) -> Operand {
    let attributes = try PrimitiveAttributes()
    var (source, target) = (layout.raw, try MemoryDescriptor(any: .float32, shape).raw)
    var description = dnnl_resampling_desc_t()
    try unsafe dnnl_resampling_forward_desc_init(
      &description, dnnl_forward_inference,
      takesNearest ? dnnl_resampling_nearest : dnnl_resampling_linear, nil, &source, &target
    ).check("resize")
    let engine = unsafe Library.shared.engine
    let primitive = try unsafe Primitive("resize") { made in
      unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
    }
    let result = primitive.layout(dnnl_query_dst_md)
    return try step(
      primitive, reads: [(DNNL_ARG_SRC_0, data, layout)],
      makes: TensorInfo(.float32, shape, .special(result)).simplified, result)
  }
}

extension AxisScaling {
  /// Where oneDNN sees the elements of the result: in the middle of what they cover.
  private var libraryPlaces: [Double] {
    (0..<count).map { (Double($0) + 0.5) * Double(extent) / Double(count) - 0.5 }
  }

  /// Whether oneDNN sees the elements of the result at the same places, as nearly as makes a difference.
  fileprivate func hasSamePlaces(_ transformation: String) throws(ExecutionError) -> Bool {
    guard count > 0, transformation != "tf_crop_and_resize" else { return false }
    return try zip(places(transformation), libraryPlaces).allSatisfy { abs($0 - $1) < 1e-6 }
  }

  /// Whether oneDNN takes the same elements, and none of them by a hair.
  fileprivate func hasSameNearest(_ view: ResizeView) throws(ExecutionError) -> Bool {
    guard count > 0, view.coordinateTransformation != "tf_crop_and_resize" else { return false }
    let table = try AxisTable(
      nearest: self, rounding: view.nearestMode, transformation: view.coordinateTransformation)
    return zip(table.sources, libraryPlaces).allSatisfy { source, place in
      let isClear = abs(place - place.rounded(.down) - 0.5) > 1e-3
      return isClear && source == min(max(Int(place.rounded()), 0), extent - 1)
    }
  }
}
