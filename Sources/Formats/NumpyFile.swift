/// An array in a file of numpy's, whose elements are lent row-major and little-endian.
///
/// What is stored so, as nearly always, is lent from the mapped file; other elements are brought into
/// that order once.
@safe
public final class NumpyFile: Sendable {
  /// What the file says about its elements.
  public let header: NumpyHeader
  private let file: MappedFile
  /// The elements in the order in which they are lent, if they are not stored so.
  private let reordered: [UInt8]?

  /// Maps the file at `path` and checks its header.
  ///
  /// - Throws: `FormatError` that names the file.
  public convenience init(path: String) throws(FormatError) {
    try self.init(reading: try MappedFile(path: path))
  }

  /// Checks the header of a mapped file.
  ///
  /// - Throws: `FormatError` that names the file.
  public init(reading file: MappedFile) throws(FormatError) {
    defer { withExtendedLifetime(file) {} }
    do throws(FormatError) {
      let header = unsafe try NumpyHeader(reading: file.bytes)
      self.header = header
      reordered = unsafe Self.reordered(file.bytes[header.dataOffset...], header)
    } catch {
      var named = error
      named.path = file.path
      throw named
    }
    self.file = file
  }

  /// The type of an element.
  public var type: NumpyType { header.type }

  /// The extents, outermost first; empty for a single element.
  public var shape: [Int] { header.shape }

  /// The elements, packed, valid inside `body` only.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if let reordered {
      return unsafe try reordered.withUnsafeBufferPointer { (elements) throws(Failure) in
        unsafe try body(UnsafeRawBufferPointer(elements))
      }
    }
    defer { withExtendedLifetime(file) {} }
    return unsafe try body(UnsafeRawBufferPointer(rebasing: file.bytes[header.dataOffset...]))
  }

  /// Writes an array as `numpy.save` does, byte for byte.
  ///
  /// - Parameters:
  ///   - type: The type of an element.
  ///   - shape: The extents.
  ///   - file: Where the array goes.
  ///   - elements: Appends the elements to the file: packed, row-major, little-endian.
  /// - Throws: `FormatError` if numpy takes no such array, or the file does not take the bytes.
  public static func write(
    _ type: NumpyType, shape: [Int], to file: AtomicFile,
    elements: (AtomicFile) throws(FormatError) -> Void
  ) throws(FormatError) {
    try file.write(try NumpyHeader.encode(type, shape: shape))
    let (start, expected) = (file.count, shape.reduce(type.byteCount, *))
    try elements(file)
    guard file.count - start == expected else {
      throw FormatError(
        .cannotWrite, path: file.path,
        "expected \(expected) bytes of \(type.rawValue) \(shape), was given \(file.count - start)")
    }
  }
}

// What is stored in another order.
extension NumpyFile {
  /// The elements of `bytes` row-major and little-endian; nil if they are stored so.
  private static func reordered(
    _ bytes: Slice<UnsafeRawBufferPointer>, _ header: NumpyHeader
  ) -> [UInt8]? {
    let isSwapped = header.isBigEndian && header.type.byteCount > 1
    // Of one axis that is more than one element long, both orders are the same.
    let isTransposed = header.isColumnMajor && header.shape.count { $0 != 1 } > 1
    guard isSwapped || isTransposed else { return nil }
    var elements = unsafe [UInt8](bytes)
    if isSwapped { swap(&elements, width: header.type.swapByteCount) }
    guard isTransposed else { return elements }
    return rowMajor(elements, shape: header.shape, width: header.type.byteCount)
  }

  private static func swap(_ bytes: inout [UInt8], width: Int) {
    for start in stride(from: 0, to: bytes.count, by: width) {
      bytes[start..<start + width].reverse()
    }
  }

  /// Brings elements whose first axis runs fastest into the order in which the last one does.
  private static func rowMajor(_ elements: [UInt8], shape: [Int], width: Int) -> [UInt8] {
    guard !elements.isEmpty else { return elements }
    var strides: [Int] = []
    var step = width
    for extent in shape {
      strides.append(step)
      step *= extent
    }
    var index = Array(repeating: 0, count: shape.count)
    var source = 0
    return unsafe [UInt8](unsafeUninitializedCapacity: elements.count) { target, count in
      while count < elements.count {
        for byte in source..<source + width {
          unsafe target.initializeElement(at: count, to: elements[byte])
          count += 1
        }
        // The next index, last axis first, and where its element lies.
        for axis in shape.indices.reversed() {
          index[axis] += 1
          source += strides[axis]
          guard index[axis] == shape[axis] else { break }
          index[axis] = 0
          source -= strides[axis] * shape[axis]
        }
      }
    }
  }
}
