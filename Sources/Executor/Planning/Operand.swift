import IR

/// How the elements of a tensor lie in memory.
enum Layout: Equatable, Sendable {
  /// Row-major, without gaps.
  case plain
  /// As oneDNN's primitives like it, such as in blocks of channels.
  case special(MemoryDescriptor)
}

/// What is known of a tensor before it is computed.
struct TensorInfo: Hashable, Sendable {
  var elementType: ElementType
  var shape: [Int]
  var layout: Layout = .plain

  init(_ elementType: ElementType, _ shape: [Int], _ layout: Layout = .plain) {
    self.elementType = elementType
    self.shape = shape
    self.layout = layout
  }

  /// The number of elements.
  var count: Int { shape.product }

  func hash(into hasher: inout Hasher) {
    hasher.combine(elementType)
    hasher.combine(shape)
  }

  /// The layout as oneDNN says it.
  var descriptor: MemoryDescriptor {
    get throws(ExecutionError) {
      switch layout {
      case .plain: try MemoryDescriptor(plain: elementType, shape)
      case .special(let descriptor): descriptor
      }
    }
  }

  /// How far apart elements are along each axis, if they lie in no blocks; nil for row-major ones.
  var strides: [Int]? {
    if case .special(let descriptor) = layout { descriptor.strides } else { nil }
  }

  /// Whether strides cannot say where elements lie.
  var isBlocked: Bool { layout != .plain && strides == nil }

  /// The bytes that it takes; nil if they are too many to count.
  var byteCount: Int? {
    if case .special(let descriptor) = layout { return descriptor.byteCount }
    return shape.checkedProduct.flatMap(elementType.byteCount)
  }
}

/// A piece of memory that a plan works with.
struct SlotID: Hashable, Sendable {
  let index: Int
}

/// A tensor that steps may read.
struct Operand {
  let slot: SlotID
  let info: TensorInfo
  /// The elements, where they are known before the graph runs.
  let constant: Constant?

  var shape: [Int] { info.shape }
  var elementType: ElementType { info.elementType }
  var count: Int { info.count }
}
