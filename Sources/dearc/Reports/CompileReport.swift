import IR
import Importers
import Passes

/// What `convert` and `prune` report.
struct CompileReport: Encodable {
  /// `dearc.convert/1` or `dearc.prune/1`.
  let schema: String
  let version = Dearc.version
  let input: FileReport
  let output: FileReport
  let original: CountsReport
  let result: CountsReport
  /// The input shapes that work was counted for.
  let countedAt: [String: [Int]]
  let notes: [NoteReport]
  /// The names that `--weights` gave other elements.
  let weights: WeightsReport?
  let changes: [ChangeReport]
  let refusals: [RefusalReport]
  let passes: [PassReport]
  /// Only after `prune`.
  let channels: ChannelReport?
  /// The weights that were taken for zero, on request.
  let flushed: FlushedReport?
  /// Which tensors are stored in fewer bits, if that was asked for or they were read so.
  let precision: PrecisionSummary?
  /// What the user should do about the result.
  let remarks: [String]
  let verification: VerificationReport

  let seconds: Double
  let peakMemoryBytes: Int

  init(
    command: String, input: FileReport, output: FileReport, before: ImportedModel, after: Model,
    result: PipelineResult?, remarks: [String], countedAt shapes: [String: [Int]],
    verification: VerificationReport, elapsed: Duration
  ) {
    schema = "dearc.\(command)/1"
    self.input = input
    self.output = output
    original = CountsReport(
      before.model.graph.cost(inputShapes: shapes), fileBytes: before.byteCount)
    self.result = CountsReport(after.graph.cost(inputShapes: shapes), fileBytes: output.bytes)
    countedAt = shapes
    notes = before.notes.map(NoteReport.init)
    weights = before.replacement.map(WeightsReport.init)
    changes = result?.changes.map(ChangeReport.init) ?? []
    refusals = result?.refusals.map(RefusalReport.init) ?? []
    passes = result?.timings.map(PassReport.init) ?? []
    channels = result?.pruning.map(ChannelReport.init)
    flushed = result?.flushed.map(FlushedReport.init)
    precision = result?.precision.map(PrecisionSummary.init)
    self.remarks = remarks
    self.verification = verification
    seconds = Quantities.milliseconds(elapsed) / 1000
    peakMemoryBytes = ProcessUsage.peakMemoryBytes
  }
}

/// A file that was read or written.
struct FileReport: Encodable {
  let path: String
  let format: String
  let bytes: Int
}

extension FileReport {
  /// The file that `imported` was read from; the bytes include those of its external data.
  init(_ imported: ImportedModel, path: String) {
    self.init(path: path, format: imported.format.rawValue, bytes: imported.byteCount)
  }
}

/// What became of the initializers when weights were replaced.
struct WeightsReport: Encodable {
  /// Those that have the elements of the file now.
  let matched: [String]
  /// Those of floats that the file does not name.
  let missing: [String]

  init(_ replacement: WeightReplacement) {
    matched = replacement.matched
    missing = replacement.missing
  }
}

/// Something to know about an import.
struct NoteReport: Encodable {
  let message: String
  let entity: String?

  init(_ note: ImportNote) {
    message = note.message
    entity = note.entity
  }
}

/// Weights that were taken for zero.
struct FlushedReport: Encodable {
  let weights: Int
  let of: Int
  let largest: Double

  init(_ flushed: FlushedWeights) {
    weights = flushed.count
    of = flushed.of
    largest = flushed.largest
  }
}

/// One change and what allowed it.
struct ChangeReport: Encodable {
  let pass: String
  let rule: Int
  let title: String
  let subject: String
  let detail: String

  init(_ change: Change) {
    pass = change.rule.pass
    rule = change.rule.number
    title = change.rule.title
    subject = change.subject
    detail = change.detail
  }
}

/// Something a pass declined to do.
struct RefusalReport: Encodable {
  let pass: String
  let subject: String
  let reason: String

  init(_ refusal: Refusal) {
    pass = refusal.pass
    subject = refusal.subject
    reason = refusal.reason
  }
}

/// The work of one pass.
struct PassReport: Encodable {
  let name: String
  let changes: Int
  let milliseconds: Double

  init(_ timing: PassTiming) {
    name = timing.pass
    changes = timing.changes
    milliseconds = Quantities.milliseconds(timing.duration)
  }
}
