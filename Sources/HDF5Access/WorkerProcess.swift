internal import CConfinement
internal import Formats
internal import Glibc

/// How to start a process that calls `HDF5Worker.run`.
public struct WorkerProgram: Sendable {
  /// The program.
  public let path: String
  /// Its arguments, without its name.
  public let arguments: [String]

  /// Describes a program.
  public init(path: String, arguments: [String]) {
    self.path = path
    self.arguments = arguments
  }

  /// The argument by which dearc's own program becomes a worker.
  public static let argument = "hdf5-worker"

  /// The running program once more.
  public static let current = WorkerProgram(path: "/proc/self/exe", arguments: [argument])
}

/// A worker, as its parent sees it.
final class WorkerProcess {
  private let process: dearc_process
  /// How the process ended, once that is known.
  private var status: Int32?
  /// How long the worker may be silent, in milliseconds.
  private static let patience: Int32 = 120_000

  /// Starts a worker that reads the file at `path`.
  init(reading path: String, _ program: WorkerProgram) throws(FormatError) {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw FormatError(.unreadable, path: path, "cannot open the file") }
    defer { close(file) }
    var arguments = unsafe ([program.path] + program.arguments).map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
    var process = dearc_process()
    let code = unsafe dearc_start_process(program.path, &arguments, file, &process)
    guard code == 0 else {
      let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
      throw FormatError(.unreadable, "cannot start the process that reads HDF5: \(reason)")
    }
    self.process = process
  }

  deinit {
    close(process.requests)
    close(process.answers)
    _ = end()
  }

  /// Asks for the elements of a dataset.
  func request(_ dataset: Int) throws(FormatError) {
    var number = Int64(dataset).littleEndian
    let written = unsafe withUnsafeBytes(of: &number) { buffer in
      unsafe send(process.requests, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
    }
    guard written == 8 else { throw death() }
  }

  /// The next message.
  ///
  /// - Throws: `FormatError` if it is a refusal, or the worker died.
  func receive() throws(FormatError) -> (WorkerMessage, [UInt8]) {
    var head = WireReader(try receive(9))
    guard let kind = WorkerMessage(rawValue: try head.readByte()) else { throw WireReader.nonsense }
    let count = try head.readNumber()
    guard count >= 0, count <= HDF5Limits.messageByteCount else { throw WireReader.nonsense }
    let content = try receive(count)
    guard kind != .refusal else {
      var reader = WireReader(content)
      let (path, reason) = (try reader.readText(), try reader.readText())
      throw FormatError(.malformed, path.isEmpty ? reason : "'\(path)': \(reason)")
    }
    return (kind, content)
  }

  /// Receives exactly `count` bytes; memory grows with what arrives, not with what is announced.
  private func receive(_ count: Int) throws(FormatError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: min(max(count, 1), 1 << 20))
    while bytes.count < count {
      var watched = pollfd(fd: process.answers, events: Int16(POLLIN), revents: 0)
      let ready = unsafe poll(&watched, 1, Self.patience)
      if ready < 0 && errno == EINTR { continue }
      guard ready > 0 else {
        throw FormatError(.malformed, "reading the file took too long, so it was given up")
      }
      let wanted = min(buffer.count, count - bytes.count)
      let received = unsafe read(process.answers, &buffer, wanted)
      if received < 0 && errno == EINTR { continue }
      guard received > 0 else { throw death() }
      bytes += buffer[..<received]
    }
    return bytes
  }

  /// Why there is no more answer.
  private func death() -> FormatError {
    let status = end()
    let signal = status & 0x7f
    switch signal {
    case 0: return FormatError(.malformed, "the HDF5 library gave up on the file; it is damaged")
    case SIGXCPU: return FormatError(.malformed, "reading the file took too much processor time")
    default:
      return FormatError(
        .malformed,
        "the HDF5 library crashed on the file (signal \(signal)); it is damaged or hostile"
      )
    }
  }

  /// Waits a second for the process to end by itself, then ends it.
  ///
  /// That happens once: afterwards the number may be another process's.
  private func end() -> Int32 {
    if let status { return status }
    var status: Int32 = 0
    var milliseconds = 0
    while true {
      let ended = unsafe waitpid(process.id, &status, milliseconds < 1000 ? WNOHANG : 0)
      if ended > 0 || ended < 0 && errno != EINTR { break }
      milliseconds += 1
      if milliseconds == 1000 { kill(process.id, SIGKILL) }
      usleep(1000)
    }
    self.status = status
    return status
  }
}
