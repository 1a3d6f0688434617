import Glibc

/// How threads that run networks wait for each other.
///
/// OpenMP lets them spin, which is quickest on a machine that has nothing else to do, and many times slower on
/// one that has: a thread that spins keeps the one it waits for from running. The policy is read from the
/// environment before a program's first line, so where threads are to sleep, the program starts itself anew.
enum WaitPolicy {
  /// What the user may have decided by.
  private static let variables = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"]
  /// How often a thread looks before it sleeps: for longer than a step takes to begin, and not for long.
  private static let spinCount = "10000"

  /// Lets threads sleep soon if this machine has other work; does nothing where the user has decided.
  static func settle() {
    guard variables.allSatisfy({ getenv($0) == nil }), isBusy else { return }
    setenv("GOMP_SPINCOUNT", spinCount, 1)
    // Where that is not possible, threads spin after all.
    execv("/proc/self/exe", CommandLine.unsafeArgv)
  }

  /// Whether other processes want a processor, now or during the last minute.
  private static var isBusy: Bool {
    guard let file = fopen("/proc/loadavg", "r") else { return false }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return false }
    let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
      .split(whereSeparator: { $0 == " " || $0 == "/" })
    guard fields.count > 3, let average = Double(fields[0]), let running = Int(fields[3]) else {
      return false
    }
    return running > 1 || average > Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))) / 2
  }
}
