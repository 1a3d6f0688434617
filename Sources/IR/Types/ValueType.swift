/// The extent of one tensor axis.
public enum Dimension: Hashable, Sendable {
  /// A known number of elements.
  case known(Int)
  /// An extent the model names, equal wherever the same name appears.
  case symbol(String)
  /// An extent nothing is known about.
  case unknown

  /// The extent if it is known.
  public var count: Int? {
    if case .known(let count) = self { count } else { nil }
  }
}

/// The extents of a tensor's axes, outermost first.
public typealias Shape = [Dimension]

extension Shape {
  /// The extents if all are known.
  public var counts: [Int]? {
    var counts: [Int] = []
    counts.reserveCapacity(count)
    for dimension in self {
      guard let extent = dimension.count else { return nil }
      counts.append(extent)
    }
    return counts
  }
}

/// Element type and shape of a tensor.
public struct TensorType: Hashable, Sendable {
  /// The element type, or nil where the model leaves it open.
  public var elementType: ElementType?
  /// The shape, or nil if even the rank is unknown.
  public var shape: Shape?

  /// Describes a tensor.
  public init(_ elementType: ElementType?, _ shape: Shape?) {
    self.elementType = elementType
    self.shape = shape
  }

  /// Describes a tensor whose extents are all known.
  public init(_ elementType: ElementType, counts: [Int]) {
    self.init(elementType, counts.map(Dimension.known))
  }
}

/// The type of a value, as ONNX's `TypeProto`.
public indirect enum ValueType: Hashable, Sendable {
  case tensor(TensorType)
  case sparseTensor(TensorType)
  case sequence(ValueType?)
  case optional(ValueType?)
  case map(key: ElementType?, value: ValueType?)
  case opaque(domain: String, name: String)

  /// The tensor type, if this is a dense tensor.
  public var tensor: TensorType? {
    if case .tensor(let type) = self { type } else { nil }
  }
}
