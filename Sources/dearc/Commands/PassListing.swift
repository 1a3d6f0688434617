import Passes

/// The answer to `--pass-list`.
struct PassListing {
  let passes: [Pass]

  /// Prints the passes, with `--verbose` also the cases in which each may change a graph.
  ///
  /// - Throws: `Failure` if standard output does not take them.
  func show(_ display: DisplayOptions) throws {
    var table = Table([.init("pass"), .init("what it does")])
    for pass in passes {
      table.add([pass.name, pass.summary])
      guard display.verbose else { continue }
      for rule in pass.rules { table.add(["  rule \(rule.number)", "  " + rule.title]) }
    }
    try display.show(display.lines(table))
  }
}
