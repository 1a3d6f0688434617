import Glibc

/// What a finished process left behind.
public struct ProcessResult: Sendable {
  /// The exit status; 128 and the signal's number if a signal ended it.
  public let status: Int32
  /// What it wrote to standard output.
  public let output: String
  /// What it wrote to standard error.
  public let errors: String
}

/// A program that could not be run.
public struct ProcessError: Error, CustomStringConvertible {
  /// What to do about it.
  public let description: String
}

/// Runs the program at `path`, which reads `input`, and waits for it to end.
public func runProcess(
  _ path: String, _ arguments: [String] = [], input: String = ""
) throws -> ProcessResult {
  let folder = try TemporaryDirectory()
  let (output, errors) = (folder.appending("output"), folder.appending("errors"))
  let source = try folder.write(Array(input.utf8), to: "input")
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, source, O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
  posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT, 0o600)
  // Tests run on threads that block signals, and what they start would block them, too.
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var noSignals = sigset_t()
  sigemptyset(&noSignals)
  posix_spawnattr_setsigmask(&attributes, &noSignals)
  posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
  var parameters: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
  defer { parameters.forEach { free($0) } }
  var process = pid_t()
  let failure = posix_spawn(&process, path, &actions, &attributes, &parameters, environ)
  guard failure == 0 else {
    throw ProcessError(description: "cannot run \(path): \(String(cString: strerror(failure)))")
  }
  var status: Int32 = 0
  while waitpid(process, &status, 0) == -1 {
    guard errno == EINTR else { throw ProcessError(description: "lost process \(path)") }
  }
  let signal = status & 0x7F
  return ProcessResult(
    status: signal == 0 ? status >> 8 & 0xFF : 128 + signal, output: try readFile(output),
    errors: try readFile(errors))
}

/// The Python interpreter with the packages that judge dearc's output.
public enum Python {
  /// The interpreter: `DEARC_PYTHON`, or the repository's own environment.
  public static func interpreter() throws -> String {
    try interpreter(environment("DEARC_PYTHON") ?? "\(repositoryRoot())/.venv/bin/python")
  }

  /// The interpreter that has Ray: `DEARC_RAY_PYTHON`, or the repository's own environment.
  public static func rayInterpreter() throws -> String {
    try interpreter(environment("DEARC_RAY_PYTHON") ?? "\(repositoryRoot())/.venv-ray/bin/python")
  }

  private static func interpreter(_ path: String) throws -> String {
    guard access(path, X_OK) == 0 else {
      throw ProcessError(
        description: "no Python interpreter at \(path); run scripts/test.sh, which installs one")
    }
    return path
  }

  /// Runs `script` with `arguments`, whatever its outcome.
  public static func run(script: String, arguments: [String] = []) throws -> ProcessResult {
    try runProcess(try interpreter(), ["-c", script] + arguments)
  }

  /// Runs a program of Tests/Judges, which must succeed, and returns what it printed.
  @discardableResult
  public static func judge(
    _ program: String, _ arguments: [String] = [], input: String = ""
  ) throws -> String {
    try succeed(["\(repositoryRoot())/Tests/Judges/\(program)"] + arguments, input: input)
  }

  /// Runs a few lines of Python, which must succeed, and returns what they printed.
  @discardableResult
  public static func run(code: String, _ arguments: [String] = []) throws -> String {
    try succeed(["-c", code] + arguments, input: "")
  }

  private static func succeed(_ arguments: [String], input: String) throws -> String {
    let result = try runProcess(try interpreter(), arguments, input: input)
    guard result.status == 0 else {
      throw ProcessError(description: result.output + result.errors)
    }
    return result.output
  }
}
