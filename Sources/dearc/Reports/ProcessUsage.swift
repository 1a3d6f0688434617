import Glibc

/// What the running process has used.
enum ProcessUsage {
  /// The most memory the process held at once, mapped file pages included.
  static var peakMemoryBytes: Int {
    var usage = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return Int(usage.ru_maxrss) * 1024
  }
}
