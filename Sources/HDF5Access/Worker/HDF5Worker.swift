internal import CConfinement
internal import CHDF5
internal import Glibc

/// The side of HDF5 access that touches the file, in a process of its own that can do nothing else.
///
/// libhdf5 has known memory faults, so whatever a file makes it do must stay here. The process reads
/// one file, which its parent opened, answers over a pipe, and ends when told nothing more.
public enum HDF5Worker {
  /// The file, and the pipes to and from the parent.
  static let file: Int32 = 0
  static let answers: Int32 = 1
  static let requests: Int32 = 3

  /// Gives up all rights that are not needed, then answers until the parent closes the pipe.
  public static func run() -> Never {
    do {
      try serve()
      exit(0)
    } catch let refusal as Refusal {
      var writer = WireWriter()
      writer.write(refusal.path)
      writer.write(refusal.reason)
      send(.refusal, writer.bytes)
      exit(0)
    } catch {
      exit(1)
    }
  }

  private static func serve() throws {
    let fileByteCount = try limitResources()
    H5Eset_auto2(0, nil, nil)
    // No filter of a stranger's is ever loaded.
    guard H5PLset_loading_state(0) >= 0,
      let opened = Handle(unsafe H5Fopen("/proc/self/fd/\(file)", 0, 0), close: H5Fclose)
    else { throw Refusal(path: "", reason: "this is not a sound HDF5 file") }
    guard dearc_limit_system_calls() == 0 else {
      throw Refusal(path: "", reason: "the reader cannot be confined on this system")
    }
    guard let root = Handle(unsafe H5Gopen2(opened.id, "/", 0), close: H5Gclose) else {
      throw Refusal(path: "/", reason: "the root group is damaged")
    }
    var scanner = TreeScanner()
    var writer = WireWriter()
    writer.write(try scanner.scan(root, path: "", name: ""))
    try scanner.requireProportion(fileByteCount: fileByteCount)
    send(.tree, writer.bytes)
    while let index = nextRequest() {
      guard scanner.datasetPaths.indices.contains(index) else { return }
      try DatasetReader(opened, path: scanner.datasetPaths[index]).send()
    }
  }

  /// - Returns: how many bytes the file has.
  private static func limitResources() throws -> UInt64 {
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else {
      throw Refusal(path: "", reason: "the file cannot be inspected")
    }
    let size = UInt64(max(status.st_size, 0))
    let seconds = HDF5Limits.seconds + size / HDF5Limits.byteCountPerSecond
    guard dearc_limit_resources(HDF5Limits.addressByteCount + size, seconds) == 0 else {
      throw Refusal(path: "", reason: "the reader cannot be confined on this system")
    }
    return size
  }

  private static func nextRequest() -> Int? {
    var number: Int64 = 0
    let count = unsafe withUnsafeMutableBytes(of: &number) { buffer in
      unsafe read(requests, buffer.baseAddress, buffer.count)
    }
    return count == 8 ? Int(Int64(littleEndian: number)) : nil
  }

  /// Sends one message, or ends the process if the parent is gone.
  static func send(_ kind: WorkerMessage, _ content: [UInt8]) {
    var head = WireWriter()
    head.write(kind.rawValue)
    head.write(content.count)
    write(head.bytes)
    write(content)
  }

  private static func write(_ content: [UInt8]) {
    unsafe content.withUnsafeBytes { buffer in
      var rest = unsafe buffer[...]
      while unsafe !rest.isEmpty {
        let piece = unsafe UnsafeRawBufferPointer(rebasing: rest)
        let written = unsafe Glibc.write(answers, piece.baseAddress, piece.count)
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { exit(1) }
        unsafe rest = rest.dropFirst(written)
      }
    }
  }
}

/// Reads one dataset piece by piece, so that the process never holds much of it.
private struct DatasetReader {
  private let path: String
  private let dataset: Handle
  private let type: Handle
  private let space: Handle
  private let shape: [Int]

  init(_ file: Handle, path: String) throws {
    guard let dataset = Handle(unsafe H5Dopen2(file.id, path, 0), close: H5Dclose),
      let type = Handle(H5Dget_type(dataset.id), close: H5Tclose),
      let space = Handle(H5Dget_space(dataset.id), close: H5Sclose), let shape = space.extents
    else { throw Refusal(path: path, reason: "the dataset is damaged") }
    self.path = path
    self.dataset = dataset
    self.type = type
    self.space = space
    self.shape = shape
  }

  func send() throws {
    let elementType = type.elementType
    if elementType == .string {
      var writer = WireWriter()
      writer.write(list: try source(of: space, in: space, count: count).strings())
      return HDF5Worker.send(.strings, writer.bytes)
    }
    guard let byteCount = elementType.byteCount(of: shape) else {
      throw Refusal(path: path, reason: "its elements are of a type that dearc does not read")
    }
    guard !shape.isEmpty, byteCount > 0 else {
      return HDF5Worker.send(.packed, try source(of: space, in: space, count: count).packed())
    }
    try sendRows(byteCount: byteCount)
  }

  private var count: Int { shape.reduce(1, *) }

  private func sendRows(byteCount: Int) throws {
    let rowByteCount = byteCount / shape[0]
    let rows = max(HDF5Limits.pieceByteCount / max(rowByteCount, 1), 1)
    for start in stride(from: 0, to: shape[0], by: rows) {
      var extents = shape.map { hsize_t($0) }
      extents[0] = hsize_t(min(rows, shape[0] - start))
      var offsets = [hsize_t](repeating: 0, count: shape.count)
      offsets[0] = hsize_t(start)
      guard
        let memory = Handle(
          unsafe H5Screate_simple(Int32(shape.count), extents, nil), close: H5Sclose),
        let part = Handle(H5Scopy(space.id), close: H5Sclose),
        unsafe H5Sselect_hyperslab(part.id, H5S_SELECT_SET, offsets, nil, extents, nil) >= 0
      else { throw Refusal(path: path, reason: "the dataset is damaged") }
      let count = count / shape[0] * Int(extents[0])
      HDF5Worker.send(.packed, try source(of: memory, in: part, count: count).packed())
    }
  }

  private func source(of memory: Handle, in part: Handle, count: Int) -> ElementSource {
    unsafe ElementSource(path: path, type: type, count: count, space: memory) { type, target in
      unsafe H5Dread(dataset.id, type, memory.id, part.id, 0, target)
    }
  }
}
