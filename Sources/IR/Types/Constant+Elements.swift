/// A Swift type whose values are laid out as a fixed-width element type.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// The element type it is stored as.
  static var elementType: ElementType { get }
}

extension Float: TensorElement {
  /// How it is stored.
  public static var elementType: ElementType { .float32 }
}
extension Double: TensorElement {
  /// How it is stored.
  public static var elementType: ElementType { .float64 }
}
extension Int64: TensorElement {
  /// How it is stored.
  public static var elementType: ElementType { .int64 }
}
extension Int32: TensorElement {
  /// How it is stored.
  public static var elementType: ElementType { .int32 }
}
extension Int8: TensorElement {
  /// How it is stored.
  public static var elementType: ElementType { .int8 }
}
extension UInt8: TensorElement {
  /// How it is stored.
  public static var elementType: ElementType { .uint8 }
}

extension Constant {
  /// Stores `elements` with the given shape.
  ///
  /// - Precondition: `elements.count` is the product of `shape`.
  public init<Element: TensorElement>(_ elements: [Element], shape: [Int]) {
    unsafe self.init(count: elements.count, shape: shape) {
      (target: UnsafeMutableBufferPointer<Element>) in
      _ = unsafe target.initialize(from: elements)
    }
  }

  /// Stores elements that `fill` writes in place.
  ///
  /// - Precondition: `count` is the product of `shape`, and `fill` writes every element.
  public init<Element: TensorElement>(
    count: Int, shape: [Int], fill: (UnsafeMutableBufferPointer<Element>) -> Void
  ) {
    let owner = unsafe OwnedBytes(count: count * MemoryLayout<Element>.stride) { bytes in
      unsafe fill(bytes.bindMemory(to: Element.self))
    }
    self.init(elementType: Element.elementType, shape: shape, storage: .dense(owner.payload))
  }

  /// Copies the elements out, or returns nil if they are stored as another type.
  public func elements<Element: TensorElement>(as type: Element.Type) -> [Element]? {
    guard elementType == Element.elementType, let payload else { return nil }
    let count = self.count
    return unsafe payload.withBytes { bytes in
      unsafe [Element](unsafeUninitializedCapacity: count) { target, initialized in
        // Lent bytes need not be aligned for the element type.
        if count > 0 {
          unsafe UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
        }
        initialized = count
      }
    }
  }

  /// The elements as 64-bit integers, or nil if they are not whole numbers or booleans.
  public var integers: [Int64]? {
    switch elementType {
    case .int64: elements(as: Int64.self)
    case .int32: elements(as: Int32.self)?.map(Int64.init)
    case .uint8, .bool: bytes?.map(Int64.init)
    case .int8: bytes?.map { Int64(Int8(bitPattern: $0)) }
    default: nil
    }
  }

  /// The packed elements as bytes, or nil if they are not stored densely.
  public var bytes: [UInt8]? {
    payload.map { payload in unsafe payload.withBytes { unsafe [UInt8]($0) } }
  }
}
