import Alignment
import ArgumentParser
import Dissection
import Emitters
import Formats

/// Joins the statistics that several runs took.
struct StatsMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Join the statistics of several runs of dissect, one for each shard.",
    discussion: """
      The result is that of one run over all pictures, to rounding. All runs must be of the same model, \
      values, preprocessing and selection of pictures, and no picture may be counted twice.
      """)

  @Argument(help: "The files of statistics to join, in this order.")
  var files: [String]

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file of statistics to write.", valueName: "file"))
  var output: String

  @OptionGroup var display: DisplayOptions

  func validate() throws {
    guard files.count > 1 else { throw ValidationError("It takes at least two files to merge.") }
  }

  func run() throws {
    let parts = try files.map(Part.init)
    let (merged, split) = try joined(parts)
    do {
      let emission = try emitStatistics(
        merged, to: output, notReplacing: files.compactMap(FileIdentity.init))
      try Emission.commit([emission], with: [])
    } catch {
      throw Failure(error)
    }
    let report = MergeReport(
      output: output, parts: zip(files, parts.map(\.statistics)).map { ($0, $1) }, merged, split)
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      try display.show(MergeRendering(report: report, display: display).lines)
    }
  }

  private func joined(_ parts: [Part]) throws -> (AlignmentStatistics, Split) {
    guard let first = parts.first else { throw ValidationError("There is nothing to merge.") }
    var (merged, split) = (first.statistics, first.split)
    for part in parts.dropFirst() {
      do {
        try split.add(part.split)
        try merged.merge(part.statistics)
      } catch let error as SplitError {
        throw Failure(mismatch: error.message, of: part.path, with: files)
      } catch let error as MergeError {
        throw Failure(mismatch: error.message, of: part.path, with: files)
      }
    }
    guard merged.isFinite else {
      throw Failure(
        status: .malformedInput, file: first.path, message: "merged numbers would not be finite")
    }
    return (merged, split)
  }
}

/// Statistics to be merged with others.
private struct Part {
  let path: String
  let statistics: AlignmentStatistics
  let split: Split

  /// Reads statistics that say all that merging needs.
  init(_ path: String) throws {
    self.path = path
    statistics = try StatisticsFiles.read(path)
    guard let measurement = statistics.measurement,
      statistics.values.allSatisfy({ $0.moments != nil })
    else {
      throw Failure(
        status: .malformedInput, file: path,
        message: "it holds discrepancies only, and not how they were measured",
        hints: ["Only what dearc dissect writes can be merged."])
    }
    guard measurement.batchesDone == nil else {
      throw Failure(
        status: .malformedInput, file: path, message: "it is of an interrupted run",
        hints: ["dearc dissect --resume completes it."])
    }
    do {
      split = try Split(measurement.shards)
    } catch {
      throw Failure(status: .malformedInput, file: path, message: error.message)
    }
  }
}

extension Failure {
  fileprivate init(mismatch: String, of path: String, with files: [String]) {
    let others = files.prefix { $0 != path }
    let place = others.count > 1 ? "\(others[0]) and others" : files[0]
    self.init(
      status: .malformedInput, file: path, message: "it cannot be merged with \(place): \(mismatch)"
    )
  }
}

extension AlignmentStatistics {
  fileprivate var isFinite: Bool {
    values.allSatisfy { value in
      let lists = value.moments.map {
        [$0.squaredDeviations, $0.insideMeans, $0.outsideMeans, $0.activationMeans]
      }
      return ([value.discrepancies] + (lists ?? [])).allSatisfy { $0.allSatisfy(\.isFinite) }
    }
  }
}
