import Glibc

/// An output file that appears under its name only once it is complete and on disk.
///
/// Bytes go to a file in the target's folder that has no name yet, or, where the file system has no
/// such thing, a temporary one. `commit` syncs it, names it and renames it to the target; if that
/// never happens, even because the process is killed, nothing is left behind and whatever stood at
/// the target is untouched. Small writes are gathered; large ones, such as weights lent from a
/// mapped file, go straight to the system without being copied.
@safe
public final class AtomicFile {
  /// Where the file will appear.
  public let path: String
  /// The number of bytes written so far.
  public private(set) var count = 0

  /// The name the file has until it is complete; nil while it has none.
  private var temporaryPath: String?
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferByteCount = 1 << 18
  /// How much goes to the system at once, and the unit in which zeros are left out.
  private static let pieceByteCount = 1 << 20

  /// Opens a file without a name in the folder of `path`.
  ///
  /// - Parameters:
  ///   - path: Where the file will appear; nothing or a regular file may stand there.
  ///   - inputs: Files being read, which the output must not replace.
  /// - Throws: `FormatError` if the target is refused or the folder cannot be written to.
  public init(path: String, notReplacing inputs: [FileIdentity] = []) throws(FormatError) {
    try Self.check(path, against: inputs)
    self.path = path
    let folder = Self.split(path).folder
    // A file without a name gets one through the process's list of open files.
    let isNameable = unsafe access("/proc/self/fd", X_OK) == 0
    let anonymous = 0o20000000 | O_DIRECTORY
    descriptor =
      isNameable
      ? unsafe open(folder.isEmpty ? "." : folder, O_WRONLY | O_CLOEXEC | anonymous, 0o666) : -1
    if descriptor < 0 {
      let created = try Self.attempt(in: folder, for: path) { candidate in
        unsafe open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      }
      (temporaryPath, descriptor) = created
    }
    buffer.reserveCapacity(Self.bufferByteCount)
  }

  deinit { discard() }

  /// Tries names for a temporary file until `create` takes one.
  private static func attempt(
    in folder: String, for path: String, _ create: (String) -> Int32
  ) throws(FormatError) -> (path: String, result: Int32) {
    for number in 0..<1000 {
      let candidate = "\(folder).dearc-\(getpid())-\(number).partial"
      let result = create(candidate)
      if result >= 0 { return (candidate, result) }
      let code = errno
      guard code == EEXIST else {
        throw .system(.cannotWrite, path: path, "cannot create a file there", code: code)
      }
    }
    throw FormatError(.cannotWrite, path: path, "too many temporary files lie there")
  }

  /// Appends `bytes`.
  ///
  /// - Throws: `FormatError` if the system does not take them.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    if buffer.count + bytes.count > Self.bufferByteCount { try flush() }
    if bytes.count >= Self.bufferByteCount {
      try unsafe writeThrough(bytes)
    } else {
      unsafe buffer.append(contentsOf: bytes)
    }
    count += bytes.count
  }

  /// Appends `bytes`.
  ///
  /// - Throws: `FormatError` if the system does not take them.
  public func write(_ bytes: [UInt8]) throws(FormatError) {
    try unsafe bytes.withUnsafeBufferPointer { (elements) throws(FormatError) in
      unsafe try write(UnsafeRawBufferPointer(elements))
    }
  }

  /// Appends zeros until the count is a multiple of `alignment`.
  ///
  /// - Throws: `FormatError` if the system does not take them.
  public func pad(to alignment: Int) throws(FormatError) {
    let remainder = count % alignment
    if remainder > 0 { try write([UInt8](repeating: 0, count: alignment - remainder)) }
  }

  /// Makes the file appear under its name.
  ///
  /// - Throws: `FormatError` if the file cannot be completed or named.
  public func commit() throws(FormatError) { try Self.commit([self]) }

  /// Makes several files appear, in order, once all of them are complete and on disk.
  ///
  /// The file that refers to the others comes last, so that it never names what is not there.
  ///
  /// - Throws: `FormatError` if one of them cannot be completed or named.
  public static func commit(_ files: [AtomicFile]) throws(FormatError) {
    for file in files { try file.sync() }
    for file in files { try file.publish() }
    for folder in Set(files.map { split($0.path).folder }).sorted() { syncFolder(folder) }
  }

  private func flush() throws(FormatError) {
    guard !buffer.isEmpty else { return }
    defer { buffer.removeAll(keepingCapacity: true) }
    try unsafe buffer.withUnsafeBufferPointer { (elements) throws(FormatError) in
      unsafe try writeThrough(UnsafeRawBufferPointer(elements))
    }
  }

  private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let piece = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceByteCount))
      if piece.count == Self.pieceByteCount, unsafe Self.isZero(piece) {
        try skip(piece.count)
      } else {
        unsafe try writePiece(piece)
      }
      unsafe rest = rest.dropFirst(piece.count)
    }
  }

  private func writePiece(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let piece = unsafe UnsafeRawBufferPointer(rebasing: rest)
      let written = unsafe Glibc.write(descriptor, piece.baseAddress, piece.count)
      if written < 0 {
        let code = errno
        if code == EINTR { continue }
        throw .system(.cannotWrite, path: path, "cannot write", code: code)
      }
      unsafe rest = rest.dropFirst(written)
    }
  }

  /// Leaves a hole, which reads as zeros and takes no room on disk.
  private func skip(_ count: Int) throws(FormatError) {
    guard lseek(descriptor, off_t(count), SEEK_CUR) >= 0 else {
      throw .system(.cannotWrite, path: path, "cannot write", code: errno)
    }
  }

  /// Whether all bytes are zero; ends at the first that is not, so weights cost next to nothing.
  private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress, unsafe bytes[0] == 0 else { return false }
    return unsafe memcmp(base, base + 1, bytes.count - 1) == 0
  }

  private func sync() throws(FormatError) {
    try flush()
    // A hole at the end exists only once the size says so.
    guard ftruncate(descriptor, off_t(count)) == 0, fsync(descriptor) == 0 else {
      throw .system(.cannotWrite, path: path, "cannot bring the file to disk", code: errno)
    }
  }

  private func publish() throws(FormatError) {
    if temporaryPath == nil { temporaryPath = try name() }
    guard let named = temporaryPath else { return }
    guard unsafe rename(named, path) == 0 else {
      throw .system(.cannotWrite, path: path, "cannot rename the finished file", code: errno)
    }
    temporaryPath = nil
    close(descriptor)
    descriptor = -1
  }

  /// Gives a file without a name a temporary one, since only a rename replaces what stands there.
  private func name() throws(FormatError) -> String {
    let source = "/proc/self/fd/\(descriptor)"
    return try Self.attempt(in: Self.split(path).folder, for: path) { candidate in
      unsafe linkat(AT_FDCWD, source, AT_FDCWD, candidate, AT_SYMLINK_FOLLOW)
    }.path
  }

  private func discard() {
    if descriptor >= 0 { close(descriptor) }
    if let temporaryPath { unsafe unlink(temporaryPath) }
    descriptor = -1
  }

  private static func split(_ path: String) -> (folder: String, name: Substring) {
    guard let slash = path.lastIndex(of: "/") else { return ("", path[...]) }
    let nameStart = path.index(after: slash)
    return (String(path[..<nameStart]), path[nameStart...])
  }

  private static func check(
    _ path: String, against inputs: [FileIdentity]
  ) throws(FormatError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      guard errno == ENOENT, !split(path).name.isEmpty else {
        throw .system(.cannotWrite, path: path, "cannot write there", code: errno)
      }
      return
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FormatError(
        .cannotWrite, path: path,
        "expected nothing or a regular file there, not a directory or device")
    }
    guard !inputs.contains(FileIdentity(status)) else {
      throw FormatError(
        .cannotWrite, path: path, "this would replace a file that is read; name another output"
      )
    }
  }

  /// Makes the renames themselves durable; some file systems cannot, which is no failure.
  private static func syncFolder(_ folder: String) {
    let descriptor = unsafe open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
