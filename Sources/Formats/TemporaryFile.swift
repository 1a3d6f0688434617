import Glibc

/// A file in the system's folder for temporary files, which is gone once nobody has it open.
///
/// It has a name only while a library needs one, so nothing is left behind when the process is killed at
/// any other time. Where the file system has no files without a name, it keeps one until the object ends.
public final class TemporaryFile {
  private let descriptor: Int32
  private let folder: String
  /// The name that the file has all the time, on file systems that do without only so.
  private var lastingPath: String?

  /// Makes an empty file that only this user can read.
  ///
  /// - Throws: `FormatError` if the folder does not take it.
  public init() throws(FormatError) {
    let stated = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
    folder = stated.isEmpty ? "/tmp" : stated
    let anonymous = 0o20000000 | O_DIRECTORY
    let nameless = unsafe open(folder, O_RDWR | O_CLOEXEC | anonymous, 0o600)
    guard nameless < 0 else {
      descriptor = nameless
      return
    }
    var name = Array("\(folder)/dearc-XXXXXX".utf8CString)
    descriptor = unsafe mkstemp(&name)
    guard descriptor >= 0 else { throw Self.failure(in: folder) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    lastingPath = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    if let lastingPath { unsafe unlink(lastingPath) }
    close(descriptor)
  }

  private static func failure(in folder: String) -> FormatError {
    .system(
      .unreadable, path: folder, "cannot make a temporary file; TMPDIR names another folder",
      code: errno)
  }

  /// Calls `use` with a path that leads to the file meanwhile: libhdf5 opens nothing without one.
  ///
  /// - Throws: `FormatError` if the folder takes no name, and what `use` throws.
  public func withName<Result>(
    _ use: (String) throws(FormatError) -> Result
  ) throws(FormatError) -> Result {
    if let lastingPath { return try use(lastingPath) }
    for number in 0..<1000 {
      let path = "\(folder)/dearc-\(getpid())-\(number)"
      let link = "/proc/self/fd/\(descriptor)"
      guard unsafe linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0 else {
        defer { unsafe unlink(path) }
        return try use(path)
      }
      guard errno == EEXIST else { break }
    }
    throw Self.failure(in: folder)
  }

  /// The content so far.
  ///
  /// - Throws: `FormatError` if the file cannot be mapped.
  public func mapped() throws(FormatError) -> MappedFile {
    try MappedFile(descriptor: descriptor, path: "")
  }

  /// Adds `bytes` at the end.
  ///
  /// - Throws: `FormatError` if the disk is full, or fails.
  func append(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let piece = unsafe UnsafeRawBufferPointer(rebasing: rest)
      let written = unsafe write(descriptor, piece.baseAddress, piece.count)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else {
        throw .system(
          .unreadable, path: "", "cannot unpack into a temporary file; TMPDIR names another folder",
          code: errno)
      }
      unsafe rest = rest.dropFirst(written)
    }
  }
}
