import IR

/// A tensor of a Keras network, as far as it has been built.
///
/// Keras's networks are mostly written channels last, ONNX's operators read channels first. So a value of
/// the graph may have the axes in another order than the tensor it stands for; what a layer reads is put
/// into the order it needs, and layers that need none take what comes. Between two convolutions nothing
/// is ever turned.
struct KerasTensor {
  /// The value of the graph.
  let value: ValueID
  /// The extents as Keras knows them, the batch first; nil where they are open.
  let shape: [Int?]
  /// The value's axis `i` is Keras's axis `order[i]`.
  let order: [Int]
  /// For a matrix of features: their order; nil if that is Keras's.
  ///
  /// Flattening a picture that is stored channels first leaves its features in another order; the layer
  /// that reads them has its weights put into that order once, instead of the picture every time.
  let features: FeatureOrder?

  /// Describes a value whose axes are in Keras's order unless stated otherwise.
  init(_ value: ValueID, _ shape: [Int?], order: [Int]? = nil, features: FeatureOrder? = nil) {
    self.value = value
    self.shape = shape
    self.order = order ?? Array(shape.indices)
    self.features = features
  }

  var rank: Int { shape.count }

  /// Whether the value's axes are in Keras's order.
  var isPlain: Bool { order == Array(shape.indices) && features == nil }

  /// Another value of the same extents, in the same order.
  func with(_ value: ValueID) -> KerasTensor {
    KerasTensor(value, shape, order: order, features: features)
  }

  /// Which axis of the value is Keras's axis `axis`.
  func place(of axis: Int) -> Int { order.firstIndex(of: axis) ?? axis }

  /// The order of axes with the channels second, where Keras has them last.
  static func channelsFirst(rank: Int) -> [Int] {
    rank < 3 ? Array(0..<rank) : [0, rank - 1] + Array(1..<rank - 1)
  }

  /// How messages write the extents.
  static func text(of shape: [Int?]) -> String {
    "[" + shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ") + "]"
  }
}
