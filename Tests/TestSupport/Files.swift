import Glibc

/// A file that could not be used, and why.
public struct FileError: Error, CustomStringConvertible {
  /// The path and the reason.
  public let description: String

  init(_ action: String, _ path: String) {
    description = "cannot \(action) \(path): \(String(cString: strerror(errno)))"
  }
}

/// The value of an environment variable.
public func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// The root of the repository.
public func repositoryRoot() -> String {
  #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    .joined(separator: "/")
}

/// The path of a file or folder below `fixtures`.
public func fixture(_ path: String) -> String { "\(repositoryRoot())/fixtures/\(path)" }

/// The path of the program as built: `DEARC_BINARY`, or the debug build.
public func builtProgram() -> String {
  environment("DEARC_BINARY") ?? "\(repositoryRoot())/.build/debug/dearc"
}

/// Reads a whole file.
public func readBytes(_ path: String) throws -> [UInt8] {
  guard let file = fopen(path, "rb") else { throw FileError("read", path) }
  defer { fclose(file) }
  var content: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    content += buffer.prefix(count)
    guard count == buffer.count else { break }
  }
  guard ferror(file) == 0 else { throw FileError("read", path) }
  return content
}

/// Reads a whole text file.
public func readFile(_ path: String) throws -> String {
  String(decoding: try readBytes(path), as: UTF8.self)
}

/// Writes a whole file.
public func writeFile(_ bytes: [UInt8], to path: String) throws {
  guard let file = fopen(path, "wb") else { throw FileError("write", path) }
  let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
  guard fclose(file) == 0, isWritten else { throw FileError("write", path) }
}

/// Writes a whole text file.
public func writeFile(_ text: String, to path: String) throws {
  try writeFile(Array(text.utf8), to: path)
}

/// Removes a file if there is one.
public func removeFile(_ path: String) { unlink(path) }

/// The paths of all files below `folder` whose names end in `suffix`, sorted.
public func files(under folder: String, suffix: String) throws -> [String] {
  try entries(of: folder).flatMap { name, isFolder in
    let path = "\(folder)/\(name)"
    if isFolder { return name.hasPrefix(".") ? [] : try files(under: path, suffix: suffix) }
    return name.hasSuffix(suffix) ? [path] : []
  }.sorted()
}

private func entries(of folder: String) throws -> [(name: String, isFolder: Bool)] {
  guard let directory = opendir(folder) else { throw FileError("list", folder) }
  defer { closedir(directory) }
  var entries: [(name: String, isFolder: Bool)] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { entries.append((name, entry.pointee.d_type == DT_DIR)) }
  }
  return entries
}

private func removeTree(_ path: String) {
  for (name, isFolder) in (try? entries(of: path)) ?? [] {
    if isFolder { removeTree("\(path)/\(name)") } else { unlink("\(path)/\(name)") }
  }
  rmdir(path)
}

/// A new folder that is removed with everything in it when the last reference goes away.
public final class TemporaryDirectory: Sendable {
  /// Where it is.
  public let path: String

  /// Makes the folder.
  public init() throws {
    var template = Array("\(environment("TMPDIR") ?? "/tmp")/dearc-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw FileError("make", "a temporary folder") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { removeTree(path) }

  /// The path of the entry called `name`.
  public func appending(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file and returns its path.
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    try writeFile(bytes, to: appending(name))
    return appending(name)
  }

  /// The names of everything in the folder, sorted.
  public func contents() throws -> [String] { try entries(of: path).map(\.name).sorted() }
}
