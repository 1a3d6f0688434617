import Alignment
import Dissection
import Emitters
import Formats
import Glibc
import Importers

/// What a run has measured so far, in a file beside the one it is to write.
struct Checkpoint {
  private let output: String
  private let inputs: [FileIdentity]
  private let measured: AlignmentStatistics.Measurement
  private let targets: [DissectionTarget]
  private let batchCount: Int

  /// Where it is.
  var path: String { output + ".partial" }

  /// Keeps what is measured of `targets` in so many batches.
  ///
  /// - Throws: `Failure` if the output could not be written, which nobody wants to learn after hours.
  init(
    for output: String, notReplacing inputs: [String],
    of measured: AlignmentStatistics.Measurement, _ targets: [DissectionTarget], batchCount: Int
  ) throws {
    self.output = output
    self.inputs = inputs.compactMap(FileIdentity.init)
    self.measured = measured
    self.targets = targets
    self.batchCount = batchCount
    do {
      _ = try AtomicFile(path: output, notReplacing: self.inputs)
    } catch {
      throw Failure(error, status: .cannotWrite)
    }
  }

  /// What an interrupted run like this one left, if there was one.
  ///
  /// - Throws: `Failure` if it was measured otherwise.
  func partial() throws -> AlignmentStatistics? {
    guard let statistics = try Self.read(path) else { return nil }
    guard isLike(statistics) else {
      throw Failure(
        status: .usage, file: path,
        message: "it was left by a run with another model, other pictures or other options",
        hints: ["Give the same, or start anew with --force."])
    }
    return statistics
  }

  /// The output, if a run like this one has completed it.
  ///
  /// - Throws: `Failure` if something else is there.
  func complete() throws -> AlignmentStatistics? {
    guard let statistics = try Self.read(output) else { return nil }
    guard isLike(statistics), statistics.measurement?.batchesDone == nil else {
      throw Failure(
        status: .cannotWrite, file: output, message: "it holds statistics of something else",
        hints: ["Name another output, or replace it with --force."])
    }
    return statistics
  }

  /// Whether statistics are of the same model, values and pictures, and taken in the same way.
  private func isLike(_ statistics: AlignmentStatistics) -> Bool {
    guard let found = statistics.measurement, found.isLike(measured) else { return false }
    let values = statistics.values
    return (found.batchesDone ?? 0) <= batchCount && values.count == targets.count
      && zip(values, targets).allSatisfy { value, target in
        value.value == target.name && value.axis == target.axis && value.moments != nil
      }
  }

  /// Whether an interrupted run left anything.
  var exists: Bool { access(path, F_OK) == 0 }

  private static func read(_ path: String) throws -> AlignmentStatistics? {
    guard access(path, F_OK) == 0 else { return nil }
    do {
      return try importStatistics(at: path)
    } catch {
      throw Failure(error)
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
        statistics, to: path, notReplacing: inputs)
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
