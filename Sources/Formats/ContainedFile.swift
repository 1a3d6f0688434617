import Glibc

extension MappedFile {
  /// Maps the file that a model names by a path relative to the model's own folder.
  ///
  /// A model is untrusted, so the path must not lead anywhere else: it may not be absolute or
  /// contain `..`, no part of it may be a symbolic link, and the file must be a regular one with a
  /// single name, since a hard link could lend out any file of the same disk. Every folder is
  /// opened relative to the one before, which holds even if someone renames folders meanwhile.
  ///
  /// - Parameters:
  ///   - relativePath: The path the model gives, with `/` between its parts.
  ///   - folder: The model's folder; may itself be reached through links.
  /// - Throws: `FormatError` of kind `.refused` for a path that leads outside.
  public convenience init(
    containedPath relativePath: String, inFolder folder: String
  ) throws(FormatError) {
    let parts = try Self.containedParts(of: relativePath)
    let shownPath = folder + (folder.hasSuffix("/") ? "" : "/") + relativePath
    var directory = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if directory >= 0 { close(directory) } }
    guard directory >= 0 else {
      throw .system(.unreadable, path: folder, "cannot open the folder", code: errno)
    }
    for part in parts.dropLast() {
      let next = try Self.openPart(
        part, in: directory, flags: O_DIRECTORY, shownPath: shownPath)
      close(directory)
      directory = next
    }
    let file = try Self.openPart(
      parts[parts.count - 1], in: directory, flags: O_NONBLOCK, shownPath: shownPath)
    defer { close(file) }
    try Self.checkIsPlainFile(file, shownPath: shownPath)
    try self.init(descriptor: file, path: shownPath)
  }

  private static func containedParts(of path: String) throws(FormatError) -> [String] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let isContained =
      !path.isEmpty && !path.utf8.contains(0) && !path.contains("\\")
      && !parts.contains { $0.isEmpty || $0 == ".." }
    let named = parts.filter { $0 != "." }
    guard isContained, !named.isEmpty, parts.last != "." else {
      throw FormatError(
        .refused, path: path,
        "the model names a file outside of its own folder; expected a relative path without '..'")
    }
    return named
  }

  private static func openPart(
    _ name: String, in directory: Int32, flags: Int32, shownPath: String
  ) throws(FormatError) -> Int32 {
    let opened = unsafe openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags)
    let code = errno
    if opened >= 0 { return opened }
    // A link shows as ELOOP, or as ENOTDIR where a folder is asked for.
    guard code != ELOOP, code != ENOTDIR else {
      throw FormatError(
        .refused, path: shownPath,
        "'\(name)' is not a folder or file in its own right; symbolic links are not followed from a "
          + "model, so copy the file beside the model instead")
    }
    throw .system(.unreadable, path: shownPath, "cannot open the file", code: code)
  }

  private static func checkIsPlainFile(
    _ descriptor: Int32, shownPath: String
  ) throws(FormatError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .system(.unreadable, path: shownPath, "cannot inspect the file", code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FormatError(.refused, path: shownPath, "expected a regular file")
    }
    guard status.st_nlink <= 1 else {
      throw FormatError(
        .refused, path: shownPath,
        "the file has \(status.st_nlink) names; hard links are not followed from a model, so copy "
          + "the file instead")
    }
  }
}
