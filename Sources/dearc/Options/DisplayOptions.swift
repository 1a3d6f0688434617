import ArgumentParser

/// How results are shown.
struct DisplayOptions: ParsableArguments {
  @Flag(help: "Print one JSON document instead of text.")
  var json = false

  @Flag(name: .shortAndLong, help: "Show more: every change, every refusal.")
  var verbose = false

  @Flag(name: .shortAndLong, help: "Show nothing unless something fails.")
  var quiet = false

  @Option(help: "When to use colour.")
  var color = ColorChoice.auto

  func validate() throws {
    if quiet && (verbose || json) {
      throw ValidationError("--quiet excludes --verbose and --json.")
    }
  }

  var style: TextStyle {
    TextStyle(isColored: TextStyle.isColored(color, on: .output))
  }

  /// Writes text for people, unless they asked for none.
  ///
  /// - Throws: `Failure` if standard output does not take it.
  func show(_ lines: [String]) throws {
    if !quiet { try Terminal.writeResult(lines.map { $0 + "\n" }.joined()) }
  }

  /// The lines of `table`, as wide as the terminal at most.
  func lines(_ table: Table) -> [String] {
    table.lines(width: Terminal.width(of: .output), style: style)
  }
}
