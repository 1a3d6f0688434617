internal import Glibc

/// Reads the regular file at `path`, or as much of its start as `limit` bytes.
///
/// It is copied rather than mapped: decoders look at the bytes twice and rely on finding the same.
func readFile(_ path: String, limit: Int = .max) throws(ImageError) -> [UInt8] {
  // Without O_NONBLOCK, opening a pipe nobody writes to would wait for ever.
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw systemError("cannot open the file", code: errno) }
  defer { close(descriptor) }
  var status = stat()
  guard unsafe fstat(descriptor, &status) == 0 else {
    throw systemError("cannot inspect the file", code: errno)
  }
  guard status.st_mode & S_IFMT == S_IFREG else {
    let found = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "something else"
    throw ImageError(
      .unreadable, "expected a regular file, found \(found)", advice: "name a picture")
  }
  guard status.st_size <= ImageLimits.fileByteCount else {
    throw ImageError(
      .unsupported,
      "the file has \(status.st_size) bytes, at most \(ImageLimits.fileByteCount) are read",
      advice: "name a picture")
  }
  return try read(descriptor, count: min(Int(status.st_size), limit))
}

private func read(_ descriptor: Int32, count: Int) throws(ImageError) -> [UInt8] {
  var code: Int32 = 0
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    while filled < count {
      let taken = unsafe Glibc.read(
        descriptor, buffer.baseAddress.map { unsafe $0 + filled }, count - filled)
      if taken < 0 && errno == EINTR { continue }
      if taken < 0 { code = errno }
      guard taken > 0 else { break }
      filled += taken
    }
  }
  guard code == 0 else { throw systemError("cannot read the file", code: code) }
  return bytes
}

private func systemError(_ action: String, code: Int32) -> ImageError {
  let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
  return ImageError(
    code == ENOENT ? .notFound : .unreadable, "\(action): \(reason)",
    advice: "check the path and its permissions")
}
