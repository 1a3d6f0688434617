public import IR
public import Testing

extension PrintOptions {
  /// What golden files show: names instead of numbers, no origins, small constants only.
  public static var golden: PrintOptions {
    PrintOptions(constants: .summary(maxElements: 64), identifiers: .names, origins: false)
  }
}

/// Compares `text` with `fixtures/golden/<name>.dearc`.
///
/// If they differ, the test fails with the differing lines, and what was seen is left beside the
/// golden file as `<name>.observed`. With `DEARC_BLESS=1` the golden file is rewritten; the test
/// fails all the same, so that a blessing run cannot pass for a test run.
public func expectGolden(
  _ text: String, _ name: String, at location: SourceLocation = #_sourceLocation
) {
  let golden = fixture("golden/\(name).dearc")
  let observed = fixture("golden/\(name).observed")
  if environment("DEARC_BLESS") == "1" {
    do {
      try writeFile(text, to: golden)
      removeFile(observed)
      Issue.record("rewrote \(name).dearc; run again without DEARC_BLESS", sourceLocation: location)
    } catch {
      Issue.record(error, sourceLocation: location)
    }
    return
  }
  let expected = try? readFile(golden)
  guard expected != text else { return removeFile(observed) }
  do { try writeFile(text, to: observed) } catch { Issue.record(error, sourceLocation: location) }
  let difference =
    expected.map { lineDifference(from: $0, to: text) }
    ?? "there is no such file; DEARC_BLESS=1 makes it"
  Issue.record("\(name).dearc differs:\n\(difference)", sourceLocation: location)
}

/// Compares a graph with a golden file; see `expectGolden(_:_:at:)` for text.
public func expectGolden(
  _ graph: Graph, _ name: String, options: PrintOptions = .golden,
  at location: SourceLocation = #_sourceLocation
) {
  expectGolden(graph.text(options), name, at: location)
}

/// Expects that a graph prints as `expected` does once that is parsed and printed.
///
/// The expectation need not be written the way the printer writes: spaces, identifiers and the
/// order of constants do not matter, unless `options` show them.
public func expectGraph(
  _ graph: Graph, _ expected: String, options: PrintOptions = PrintOptions(identifiers: .names),
  at location: SourceLocation = #_sourceLocation
) throws {
  var options = options
  options.origins = false
  let wanted = try parseGraph(expected).text(options)
  let found = graph.text(options)
  guard wanted != found else { return }
  Issue.record(
    "the graph differs:\n\(lineDifference(from: wanted, to: found))", sourceLocation: location)
}

/// Reads a graph from its text form.
public func parseGraph(_ text: String) throws -> Graph { try Graph(parsing: text) }

/// The lines that must go (`-`) and come (`+`) to make `new` of `old`, among those that stay.
public func lineDifference(from old: String, to new: String, context: Int = 2) -> String {
  let oldLines = old.split(separator: "\n", omittingEmptySubsequences: false)
  let newLines = new.split(separator: "\n", omittingEmptySubsequences: false)
  var removed: Set<Int> = []
  var inserted: Set<Int> = []
  for change in newLines.difference(from: oldLines) {
    switch change {
    case .remove(let offset, _, _): removed.insert(offset)
    case .insert(let offset, _, _): inserted.insert(offset)
    }
  }
  var lines: [(text: String, isChange: Bool)] = []
  var (oldIndex, newIndex) = (0, 0)
  while oldIndex < oldLines.count || newIndex < newLines.count {
    if removed.contains(oldIndex) {
      lines.append(("- \(oldLines[oldIndex])", true))
      oldIndex += 1
    } else if inserted.contains(newIndex) {
      lines.append(("+ \(newLines[newIndex])", true))
      newIndex += 1
    } else {
      lines.append(("  \(newLines[newIndex])", false))
      oldIndex += 1
      newIndex += 1
    }
  }
  return lines.indices.filter { index in
    lines[max(0, index - context)...min(lines.count - 1, index + context)].contains(
      where: \.isChange)
  }.map { lines[$0].text }.joined(separator: "\n")
}
