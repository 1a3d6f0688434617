internal import CZip

/// A ZIP archive, of which single members are unpacked.
///
/// libzip finds the members and inflates them, and compares their checksums. What is refused here is
/// what would cost much: members that say to be, or turn out to be, far larger than what is stored.
@safe
public final class ZipArchive {
  private let archive: OpaquePointer
  private let path: String

  /// A file in the archive.
  public struct Member: Hashable, Sendable {
    /// Its path within the archive.
    public let name: String
    /// How many bytes it has unpacked.
    public let byteCount: Int
    fileprivate let index: UInt64
  }

  /// The files, in the order of the archive's directory.
  public let members: [Member]

  private static let pieceByteCount = 1 << 20

  /// Opens the archive at `path` and reads its directory.
  ///
  /// - Throws: `FormatError` if it is damaged, holds two files of one name, or would unpack to far more
  ///   than it stores.
  public init(path: String) throws(FormatError) {
    var code: Int32 = 0
    // ZIP_RDONLY | ZIP_CHECKCONS: what the directory says must agree with what stands before the members.
    guard let archive = unsafe zip_open(path, Int32(ZIP_RDONLY | ZIP_CHECKCONS), &code) else {
      var error = unsafe zip_error_t()
      unsafe zip_error_init_with_code(&error, code)
      defer { unsafe zip_error_fini(&error) }
      let reason = unsafe zip_error_strerror(&error).map { unsafe String(cString: $0) }
      throw FormatError(
        .malformed, path: path, "the ZIP archive is damaged: \(reason ?? "error \(code)")")
    }
    do throws(FormatError) {
      members = try unsafe Self.members(of: archive)
    } catch {
      unsafe zip_discard(archive)
      var located = error
      located.path = path
      throw located
    }
    unsafe self.archive = archive
    self.path = path
  }

  deinit { unsafe zip_discard(archive) }

  private static func members(of archive: OpaquePointer) throws(FormatError) -> [Member] {
    let count = unsafe zip_get_num_entries(archive, 0)
    guard count <= Limits.archiveMemberCount else {
      throw FormatError(.malformed, "the ZIP archive has \(count) members")
    }
    var members: [Member] = []
    var names: Set<[UInt8]> = []
    for index in 0..<UInt64(max(count, 0)) {
      let member = try unsafe member(index, of: archive)
      guard names.insert(Array(member.name.utf8)).inserted else {
        throw FormatError(.malformed, "the ZIP archive has two members called '\(member.name)'")
      }
      members.append(member)
    }
    return members
  }

  private static func member(
    _ index: UInt64, of archive: OpaquePointer
  ) throws(FormatError) -> Member {
    var status = unsafe zip_stat_t()
    let wanted = UInt64(ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE)
    // ZIP_FL_ENC_RAW: names are compared as they are stored.
    guard unsafe zip_stat_index(archive, index, UInt32(ZIP_FL_ENC_RAW), &status) == 0,
      unsafe status.valid & wanted == wanted,
      let name = unsafe status.name.flatMap({ unsafe String(validatingCString: $0) }),
      let size = unsafe Int(exactly: status.size)
    else { throw FormatError(.malformed, "member \(index) of the ZIP archive is damaged") }
    guard
      unsafe status.size <= UInt64(Limits.archiveMemberByteCount)
        || status.size / UInt64(Limits.archiveExpansion) <= status.comp_size
    else {
      throw FormatError(
        .malformed,
        "'\(name)' would unpack to \(size) bytes and is stored in \(unsafe status.comp_size)")
    }
    return Member(name: name, byteCount: size, index: index)
  }

  /// The member called `name`.
  public func member(_ name: String) -> Member? {
    members.first { $0.name.utf8.elementsEqual(name.utf8) }
  }

  /// The bytes of a member that is small.
  ///
  /// - Throws: `FormatError` if it is damaged, or has more than `limit` bytes.
  public func content(of member: Member, limit: Int) throws(FormatError) -> [UInt8] {
    guard member.byteCount <= limit else {
      throw FormatError(
        .malformed, path: path,
        "'\(member.name)' has \(member.byteCount) bytes, at most \(limit) are read")
    }
    var content: [UInt8] = []
    unsafe try unpack(member) { bytes throws(FormatError) in
      unsafe content.append(contentsOf: bytes)
    }
    return content
  }

  /// Unpacks a member into a file that goes away by itself.
  ///
  /// - Throws: `FormatError` if the member is damaged, or the disk does not take it.
  public func extract(_ member: Member) throws(FormatError) -> TemporaryFile {
    let file = try TemporaryFile()
    unsafe try unpack(member) { bytes throws(FormatError) in unsafe try file.append(bytes) }
    return file
  }

  private func unpack(
    _ member: Member, _ take: (UnsafeRawBufferPointer) throws(FormatError) -> Void
  ) throws(FormatError) {
    func damage() -> FormatError {
      FormatError(.malformed, path: path, "'\(member.name)' in the ZIP archive is damaged")
    }
    guard let file = unsafe zip_fopen_index(archive, member.index, 0) else { throw damage() }
    defer { unsafe zip_fclose(file) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.pieceByteCount, alignment: 64)
    defer { unsafe buffer.deallocate() }
    var total = 0
    while true {
      let count = Int(unsafe zip_fread(file, buffer.baseAddress, UInt64(buffer.count)))
      guard count >= 0, count <= member.byteCount - total else { throw damage() }
      if count == 0 { break }
      total += count
      unsafe try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    guard total == member.byteCount else { throw damage() }
  }
}
