/// Says on standard error what a long run is doing, if a person watches it there.
struct Progress {
  /// Shorter runs stay silent.
  private static let patience = Duration.seconds(1)

  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private let isShown: Bool
  private var hasWritten = false

  init(isQuiet: Bool) {
    start = clock.now
    isShown = !isQuiet && Terminal.Stream.error.isTerminal
  }

  /// The time since the start.
  var elapsed: Duration { clock.now - start }

  /// Replaces the line by what happens now.
  mutating func report(_ activity: String) {
    guard isShown, elapsed > Self.patience else { return }
    hasWritten = true
    let width = Terminal.width(of: .error) ?? 80
    let line = "\(Quantities.duration(elapsed))  \(printable(activity))"
    Terminal.write("\r\u{1B}[K" + line.prefix(width - 1), to: .error)
  }

  /// Takes the line away.
  mutating func clear() {
    if hasWritten { Terminal.write("\r\u{1B}[K", to: .error) }
    hasWritten = false
  }
}
