import Alignment
import Emitters
import Formats
import Glibc
import Importers

/// What a run has measured so far, in a file beside the one it is to write.
struct Checkpoint {
  private let output: String
  private let source: String

  /// Where it is.
  var path: String { output + ".partial" }

  init(for output: String, keeping source: String) {
    self.output = output
    self.source = source
  }

  /// What an interrupted run left, if there was one.
  func partial() throws -> AlignmentStatistics? { try Self.read(path) }

  /// The output, if a run like this one has completed it.
  func complete(_ measured: AlignmentStatistics.Measurement) throws -> AlignmentStatistics? {
    guard let statistics = try Self.read(output) else { return nil }
    guard let found = statistics.measurement, found.isLike(measured), found.batchesDone == nil
    else {
      throw Failure(
        status: .cannotWrite, file: output, message: "it holds statistics of something else",
        hints: ["Name another output, or replace it with --force."])
    }
    return statistics
  }

  private static func read(_ path: String) throws -> AlignmentStatistics? {
    guard access(path, F_OK) == 0 else { return nil }
    do {
      return try importStatistics(at: path)
    } catch {
      throw Failure(error)
    }
  }

  /// Refuses to go on from what was measured otherwise.
  func check(
    _ found: AlignmentStatistics, _ measured: AlignmentStatistics.Measurement
  ) throws {
    guard found.measurement?.isLike(measured) == true else {
      throw Failure(
        status: .usage, file: path,
        message: "it was left by a run with another model, other pictures or other options",
        hints: ["Give the same, or start anew with --force."])
    }
  }

  /// Puts statistics aside; nothing happens while they count no picture.
  func save(_ statistics: AlignmentStatistics) throws {
    guard !statistics.values.isEmpty else { return }
    try write(statistics, to: path)
  }

  /// Writes the statistics where they belong.
  func finish(_ statistics: AlignmentStatistics) throws {
    try write(statistics, to: output)
    unlink(path)
  }

  private func write(_ statistics: AlignmentStatistics, to path: String) throws {
    do {
      let emission = try emitStatistics(
        statistics, to: path, notReplacing: [FileIdentity(path: source)].compactMap { $0 })
      try Emission.commit([emission], with: [])
    } catch {
      throw Failure(error)
    }
  }
}

extension AlignmentStatistics.Measurement {
  /// Whether both are of the same model and pictures, taken in the same way.
  fileprivate func isLike(_ other: Self) -> Bool {
    (modelDigest, tool, preprocessing, selection) == (
      other.modelDigest, other.tool, other.preprocessing, other.selection
    ) && shards == other.shards
  }
}
