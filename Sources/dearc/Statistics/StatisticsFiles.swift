import Alignment
import IR
import Importers
import Passes

/// Where the commands meet alignment statistics.
enum StatisticsFiles {
  /// Reads the statistics at `path`.
  ///
  /// - Throws: `Failure` that says what is wrong with the file.
  static func read(_ path: String) throws -> AlignmentStatistics {
    do {
      return try importStatistics(at: path)
    } catch {
      throw Failure(error)
    }
  }

  /// The values called `targets`, or all of them if there are no targets.
  ///
  /// - Throws: `Failure` if there are no statistics of one.
  static func values(
    _ targets: [String], of statistics: AlignmentStatistics, _ path: String
  ) throws -> [ValueAlignment] {
    guard !targets.isEmpty else { return statistics.values }
    return try targets.map { target in
      if let entry = statistics.values.first(where: { $0.value == target }) { return entry }
      let names = statistics.values.map { $0.value.map { "'\($0)'" } ?? "a value without a name" }
      throw Failure(
        status: .malformedInput, file: path, message: "there are no statistics of '\(target)'",
        hints: ["It has those of \(names.joined(separator: ", "))"])
    }
  }

  /// Checks that `statistics` were taken to the end, and on the model with this digest or what dearc made it from.
  ///
  /// - Throws: `Failure` if they say that they were not.
  static func check(
    _ statistics: AlignmentStatistics, _ path: String, areOf imported: ImportedModel,
    digest: String
  ) throws {
    guard statistics.measurement?.batchesDone == nil else {
      throw Failure(
        status: .malformedInput, file: path,
        message: "the statistics are those of an interrupted run",
        hints: ["Complete it with dearc dissect --resume, or use --force to take what there is."])
    }
    guard let measured = statistics.measurement?.modelDigest, measured != digest,
      !ProvenanceReader(imported.provenance).inputs.contains(measured)
    else { return }
    throw Failure(
      status: .malformedInput, file: path,
      message: "the statistics were taken on another model: its SHA-256 is \(measured), that of "
        + "this one \(digest)",
      hints: ["Give the model that was measured, or use --force if the channels are the same."])
  }

  /// Checks that `value` has as many channels in the model as the file has entries.
  ///
  /// - Throws: `Failure` if it has not, or there is no such value.
  static func check(
    _ count: Int, of value: String, _ axis: Int, _ path: String, in graph: Graph
  ) throws {
    let channels: Int
    do {
      channels = try graph.channelCount(of: value, axis: axis)
    } catch {
      throw Failure(error)
    }
    guard channels == count else {
      throw Failure(
        status: .malformedInput, file: path,
        message: "there are \(count) entries for '\(value)', which has \(channels) channels in the "
          + "model")
    }
  }
}
