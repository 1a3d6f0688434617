/// Keeps the bytes behind a `Payload` alive: a mapped file, or a buffer a pass filled.
public protocol PayloadOwner: AnyObject, Sendable {
  /// Told that `bytes` will probably not be read again, so that memory may be given back.
  ///
  /// They must stay readable all the same.
  func discard(_ bytes: UnsafeRawBufferPointer)

  /// Told the same about everything it lends.
  func discardAll()
}

extension PayloadOwner {
  /// Keeps everything in memory.
  public func discard(_ bytes: UnsafeRawBufferPointer) {}

  /// Keeps everything in memory.
  public func discardAll() {}
}

/// Bytes lent by an owner, little-endian and row-major.
///
/// A payload never copies. Whoever made it promised that the bytes stay readable and unchanged
/// for as long as the owner lives.
@safe
public struct Payload: @unchecked Sendable {
  @usableFromInline let base: UnsafeRawPointer?
  /// The number of bytes lent.
  public let count: Int
  /// What keeps the bytes alive.
  public let owner: any PayloadOwner

  /// Lends `bytes` for as long as `owner` lives.
  @unsafe
  public init(lending bytes: UnsafeRawBufferPointer, owner: any PayloadOwner) {
    unsafe base = bytes.baseAddress
    count = bytes.count
    self.owner = owner
  }

  /// The bytes, valid inside `body` only.
  @inlinable
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(owner) {} }
    return try unsafe body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// Says that the bytes will probably not be read again.
  public func discard() {
    unsafe owner.discard(UnsafeRawBufferPointer(start: base, count: count))
  }
}

/// Bytes that a pass or a reader produced and owns.
@safe
public final class OwnedBytes: PayloadOwner, @unchecked Sendable {
  private let storage: UnsafeMutableRawBufferPointer

  /// Allocates `count` bytes, lets `fill` write all of them, and freezes them.
  public init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    unsafe storage = .allocate(byteCount: count, alignment: 64)
    unsafe fill(storage)
  }

  deinit { unsafe storage.deallocate() }

  /// The frozen bytes.
  public var payload: Payload {
    unsafe Payload(lending: UnsafeRawBufferPointer(storage), owner: self)
  }
}

/// A tensor whose elements are stored with the model.
public struct Constant: Sendable {
  /// How the elements are held.
  public enum Storage: Sendable {
    /// Packed elements of a fixed-width type.
    case dense(Payload)
    /// Byte strings, one per element.
    case strings([[UInt8]])
    /// The non-zero `values` (shape [n]) at linear or coordinate `indices` (shape [n] or [n, rank]).
    indirect case sparse(values: Constant, indices: Constant)
  }

  /// The type of one element.
  public let elementType: ElementType
  /// The extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The elements.
  public let storage: Storage
  /// What the model says about the stored tensor, apart from the value it defines.
  public var annotations: Annotations?

  /// Describes stored elements.
  ///
  /// - Precondition: `storage` holds exactly as many elements as `shape` says.
  public init(elementType: ElementType, shape: [Int], storage: Storage) {
    self.elementType = elementType
    self.shape = shape
    self.storage = storage
    if case .dense(let payload) = storage {
      precondition(elementType.byteCount(of: shape.product) == payload.count)
    }
  }

  /// The number of elements.
  public var count: Int { shape.product }

  /// The packed elements, if they are stored densely.
  public var payload: Payload? {
    if case .dense(let payload) = storage { payload } else { nil }
  }

  /// The number of bytes the elements take in a file.
  public var byteCount: Int {
    switch storage {
    case .dense(let payload): payload.count
    case .strings(let strings): strings.reduce(0) { $0 + $1.count }
    case .sparse(let values, let indices): values.byteCount + indices.byteCount
    }
  }

  /// The type of a value that this constant defines.
  public var type: TensorType { TensorType(elementType, counts: shape) }
}

extension [Int] {
  /// The product of all elements, which must not be negative; 1 if there are none, and the largest number if it
  /// would be larger.
  public var product: Int { checkedProduct ?? .max }

  /// The product of extents that nobody has checked; nil if it is too large.
  public var checkedProduct: Int? {
    reduce(1) { product, extent in
      guard let (result, overflow) = product?.multipliedReportingOverflow(by: extent) else {
        return nil
      }
      return overflow ? nil : result
    }
  }
}
