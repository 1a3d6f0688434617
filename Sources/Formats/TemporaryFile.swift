import Glibc

/// A file in the system's folder for temporary files, which is removed with the object.
///
/// It has a name for as long, since libhdf5 asks for the real path of what it opens.
public final class TemporaryFile {
  /// Where it is.
  public let path: String
  private let descriptor: Int32

  /// Makes an empty file that only this user can read.
  ///
  /// - Throws: `FormatError` if the folder does not take it.
  public init() throws(FormatError) {
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var name = Array("\(folder)/dearc-XXXXXX".utf8CString)
    descriptor = unsafe mkstemp(&name)
    guard descriptor >= 0 else {
      throw .system(
        .unreadable, path: folder, "cannot make a temporary file; TMPDIR names another folder",
        code: errno)
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    unsafe unlink(path)
    close(descriptor)
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
