public import Formats

/// An HDF5 file, read by a confined process.
///
/// libhdf5 never runs on a stranger's file in this process: it may fall prey to it. A child with
/// limits on memory and time, and without the right to open anything else, reads the file and hands
/// back plain values. Elements that lie in the file just as they are wanted are not even sent: they
/// are named by their place.
public final class HDF5File {
  /// The file.
  public let file: MappedFile
  /// Everything in it but the elements of datasets.
  public let root: HDF5Group
  private let worker: WorkerProcess

  /// Whether `file` has HDF5's signature, at its start or behind a user block of 512 bytes, 1024, and so on.
  ///
  /// Source: HDF5 File Format Specification, III.A.
  public static func isSigned(_ file: MappedFile) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    var start = 0
    while start + signature.count <= file.count {
      if unsafe file.bytes[start...].starts(with: signature) { return true }
      start = max(512, 2 * start)
    }
    return false
  }

  /// Opens the file and reads its structure.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - program: How to start a process that calls `HDF5Worker.run`.
  /// - Throws: `FormatError` that names the object within the file that is refused, and why.
  public init(path: String, program: WorkerProgram = .current) throws(FormatError) {
    do throws(FormatError) {
      file = try MappedFile(path: path)
      worker = try WorkerProcess(reading: path, program)
      let (kind, content) = try worker.receive()
      guard kind == .tree else { throw WireReader.nonsense }
      var reader = WireReader(content)
      root = try reader.readGroup(in: nil, fileByteCount: file.count)
      guard reader.isAtEnd else { throw WireReader.nonsense }
    } catch {
      throw error.adding(path: path)
    }
  }

  /// Reads the elements of `dataset`.
  ///
  /// - Throws: `FormatError` if they are damaged or of a type that dearc does not read.
  public func elements(of dataset: HDF5Dataset) throws(FormatError) -> HDF5Elements {
    if let stored = dataset.stored { return .stored(stored) }
    do throws(FormatError) {
      try worker.request(dataset.index)
      return dataset.elementType == .string ? try readStrings() : try readPacked(dataset)
    } catch {
      throw error.adding(path: file.path)
    }
  }

  /// Reads the elements of a dataset of floats in double precision.
  ///
  /// - Throws: `FormatError` if they are damaged or no floats.
  public func doubles(of dataset: HDF5Dataset) throws(FormatError) -> [Double] {
    guard let decode = dataset.elementType.decoder, let size = dataset.elementType.byteCount else {
      throw FormatError(
        .malformed, path: file.path,
        "'\(dataset.path)' holds \(dataset.elementType), expected floats")
    }
    return try bits(of: dataset, size: size).map(decode)
  }

  /// Reads the elements of a dataset of 64-bit whole numbers, bit by bit.
  ///
  /// - Throws: `FormatError` if they are damaged or of another size.
  public func hashes(of dataset: HDF5Dataset) throws(FormatError) -> [UInt64] {
    guard dataset.elementType == .uint64 || dataset.elementType == .int64 else {
      throw FormatError(
        .malformed, path: file.path,
        "'\(dataset.path)' holds \(dataset.elementType), expected 64-bit whole numbers")
    }
    return try bits(of: dataset, size: 8)
  }

  private func bits(of dataset: HDF5Dataset, size: Int) throws(FormatError) -> [UInt64] {
    let bytes: [UInt8]
    switch try elements(of: dataset) {
    case .packed(let packed): bytes = packed
    case .stored(let range): bytes = unsafe Array(file.bytes[range])
    case .strings: return []
    }
    return stride(from: 0, to: bytes.count, by: size).map { start in
      bytes[start..<start + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
  }

  private func readStrings() throws(FormatError) -> HDF5Elements {
    let (kind, content) = try worker.receive()
    guard kind == .strings else { throw WireReader.nonsense }
    var reader = WireReader(content)
    return .strings(try reader.readTexts())
  }

  private func readPacked(_ dataset: HDF5Dataset) throws(FormatError) -> HDF5Elements {
    guard let byteCount = dataset.elementType.byteCount(of: dataset.shape) else {
      throw FormatError(
        .malformed, "'\(dataset.path)' holds elements of a type that dearc does not read")
    }
    var bytes: [UInt8] = []
    repeat {
      let (kind, content) = try worker.receive()
      guard kind == .packed, content.count <= byteCount - bytes.count,
        !content.isEmpty || byteCount == 0
      else { throw WireReader.nonsense }
      bytes += content
    } while bytes.count < byteCount
    return .packed(bytes)
  }
}

extension HDF5ElementType {
  /// How the bits of a float make a number; nil for other types.
  fileprivate var decoder: ((UInt64) -> Double)? {
    switch self {
    case .float16: { Double(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }
    case .float32: { Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0))) }
    case .float64: { Double(bitPattern: $0) }
    default: nil
    }
  }
}

extension FormatError {
  /// The same failure with the file, if it did not state one.
  func adding(path: String) -> FormatError {
    var copy = self
    if copy.path.isEmpty { copy.path = path }
    return copy
  }
}
