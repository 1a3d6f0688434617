import Glibc

/// What makes two paths the same file.
public struct FileIdentity: Hashable, Sendable {
  let device: UInt
  let inode: UInt

  init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }

  /// The identity of the file at `path`, following links, or nil if there is none.
  public init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}

/// A regular file mapped read-only into memory.
///
/// The mapping lives as long as the object. Nothing is read until it is touched, so a large model
/// costs no more memory than the parts in use. If another process shortens the file meanwhile,
/// touching the missing part ends the process; no reader of mapped files can prevent that.
@safe
public final class MappedFile: @unchecked Sendable {
  /// The path it was opened by.
  public let path: String
  /// Which file it is.
  public let identity: FileIdentity
  /// The number of bytes.
  public let count: Int
  private let base: UnsafeMutableRawPointer?

  /// Maps the file at `path`, following symbolic links.
  public convenience init(path: String) throws(FormatError) {
    // Without O_NONBLOCK, opening a pipe nobody writes to would wait for ever.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .system(.unreadable, path: path, "cannot open the file", code: errno)
    }
    defer { close(descriptor) }
    try self.init(descriptor: descriptor, path: path)
  }

  /// Maps the file open as `descriptor`, which stays open.
  init(descriptor: Int32, path: String) throws(FormatError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .system(.unreadable, path: path, "cannot inspect the file", code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FormatError(.unreadable, path: path, "expected a regular file")
    }
    self.path = path
    identity = FileIdentity(status)
    count = Int(status.st_size)
    guard count > 0 else {
      unsafe base = nil
      return
    }
    let address = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .system(.unreadable, path: path, "cannot map the file into memory", code: errno)
    }
    unsafe base = address
  }

  deinit {
    if let base = unsafe base { unsafe munmap(base, count) }
  }

  /// The bytes, valid for as long as this object lives.
  @unsafe
  public var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count)
  }

  /// A copy of all bytes, for files that are small.
  public var content: [UInt8] { unsafe Array(bytes) }

  /// Gives back the memory that whole pages within `bytes` were read into.
  ///
  /// They stay readable, and in the system's cache; touching them maps them again.
  public func discard(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
    let first = (UInt(bitPattern: start) + page - 1) / page * page
    let end = (UInt(bitPattern: start) + UInt(bytes.count)) / page * page
    guard first < end else { return }
    unsafe madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_DONTNEED)
  }
}
