import Glibc

/// Runs one input for libFuzzer, which learns of a finding by a trap.
public func fuzz(
  _ data: UnsafePointer<UInt8>?, _ count: Int, _ run: ([UInt8]) throws -> Outcome
) -> CInt {
  do {
    _ = try run(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
  } catch {
    fatalError("\(error)")
  }
}

/// Makes a folder for this process; in memory, if `TMPDIR` says so, cases run a lot faster.
///
/// - Throws: `Finding` if there can be none.
public func scratchFolder() throws -> String {
  let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  var template = Array("\(parent)/dearc-fuzz-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw Finding("cannot make a folder in \(parent)") }
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
