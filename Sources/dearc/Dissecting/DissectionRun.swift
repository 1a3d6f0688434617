import Alignment
import Dissection
import Executor
import Formats
import IR
import Images
import Importers
import Passes

/// One run of `dissect`, from files to a file.
struct DissectionRun {
  private let command: DissectCommand
  private let imported: ImportedModel
  private let pairs: DiagnosticPairs
  private let preparation: SamplePreparation
  private let batches: [[DiagnosticPair]]
  private let measured: AlignmentStatistics.Measurement

  /// Reads the model, and finds the pairs.
  ///
  /// - Throws: `Failure` if the model cannot be read, or there is nothing to measure.
  init(_ command: DissectCommand) throws {
    self.command = command
    imported = try ModelFiles.read(command.input)
    guard let preprocessing = try command.preprocessing.stated(by: imported) else {
      throw Failure.unstatedPreprocessing(of: try command.input.path())
    }
    preparation = SamplePreparation(preprocessing, crop: command.crop, seed: command.seed)
    pairs = try Self.pairs(command.images, command.masks ?? command.images)
    batches = preparation.sized(pairs.pairs).batches(limit: command.batch)
    try Self.check(command.shard ?? .all, of: batches.count)
    let selection = Selection(
      crop: command.crop, seed: command.seed, batch: command.batch,
      tokens: command.tokens.map { "\($0.rows)x\($0.columns)" }, pairs: pairs.pairs)
    measured = AlignmentStatistics.Measurement(
      modelDigest: try ModelFiles.digests(of: [try command.input.path()])[0],
      tool: "dearc \(Dearc.version)", preprocessing: preprocessing.description,
      selection: try JSONDocument.line(selection),
      shards: command.shard.map { ["\($0)"] } ?? [], imageHashes: [])
  }

  private static func check(_ shard: Shard, of batches: Int) throws {
    guard shard.count > batches else { return }
    throw Failure(
      status: .usage,
      message: "--shard \(shard): the pictures make \(batches) batches, too few for so many shards",
      hints: ["Take fewer shards, or smaller batches with --batch."])
  }

  /// The pairs that the files of two folders make, of which there is at least one.
  ///
  /// - Throws: `Failure` if there are none, or files could be the same member of a pair.
  static func pairs(_ images: String, _ masks: String) throws -> DiagnosticPairs {
    let pairs: DiagnosticPairs
    do {
      pairs = try DiagnosticPairs(
        pictures: try PictureFiles.expanded([images]), masks: try PictureFiles.expanded([masks]))
    } catch let error as DiagnosticPairs.Ambiguity {
      throw Failure(
        status: .usage, file: error.files[0],
        message:
          "there are several files for '\(error.stem)': \(error.files.joined(separator: ", "))",
        hints: ["Keep one of them in the folder."])
    }
    guard !pairs.pairs.isEmpty else {
      throw Failure(
        status: .unreadableInput, file: images, message: "no picture has a mask in \(masks)",
        hints: ["Pairs are called STEM_inpaint.png and STEM_mask.png, or by the same stem."])
    }
    return pairs
  }

  /// Measures all batches of the shard and writes the statistics.
  ///
  /// - Throws: `Failure` if the network cannot be run, too many pictures cannot be used, or a file not be written.
  func run(_ progress: inout Progress) throws -> DissectReport {
    let targets = try DissectionTargets(command, imported.model.graph, batches, preparation).found()
    let checkpoint = try Checkpoint(
      for: command.output, notReplacing: try inputs, of: measured, targets,
      batchCount: batches.count)
    if command.resume, let complete = try checkpoint.complete() {
      return DissectReport(command, complete, progress.elapsed, isResumed: true)
    }
    let start = try start(checkpoint)
    let measurement = try measurement(of: targets)
    let check = try checkPreparation()
    var dissection = Dissection(
      measurement, preparation, batches: batches, shard: command.shard ?? .all, from: start)
    for picture in pairs.unmasked {
      Terminal.printWarning("\(picture) has no mask, and is not counted")
    }
    let pace = Pace(dissection.progress)
    var saved = progress.elapsed
    while try step(&dissection) {
      // A batch with a fault that ends the run is not put aside, so that it is measured again.
      try checkFaults(dissection)
      progress.report(pace.line(dissection.progress))
      if progress.elapsed - saved >= .seconds(command.saveEvery) {
        try checkpoint.save(dissection.statistics)
        saved = progress.elapsed
      }
    }
    guard dissection.statistics.measurement?.imageHashes.isEmpty == false else {
      throw Failure(
        status: .malformedInput, file: command.images,
        message: "no picture could be counted: \(DissectRendering.leftOut(dissection.statistics))")
    }
    try checkpoint.finish(dissection.statistics)
    return DissectReport(
      command, dissection.statistics, progress.elapsed, isResumed: false, check: check)
  }

  /// The files that are read, which the output must not replace.
  private var inputs: [String] {
    get throws { [try command.input.path()] + pairs.pairs.flatMap { [$0.picture, $0.mask] } }
  }

  /// Warns if the network's first normalisation sees another spread than in training.
  private func checkPreparation() throws -> NormalizationCheck? {
    let samples = preparation.samples(batches.joined(), limit: Self.checkedCount)
    guard !samples.isEmpty else { return nil }
    let check: NormalizationCheck?
    do {
      check = try NormalizationCheck(
        imported.model, on: samples, threads: command.threads)
    } catch {
      throw Failure(error)
    }
    if let check, check.isSuspicious {
      Terminal.printWarning(
        "'\(check.node)', the first normalisation, sees \(Quantities.signed(check.factor)) times the "
          + "variance of its training; are pictures prepared as the network expects them?")
    }
    return check
  }

  /// On how many pictures that is looked at.
  private static let checkedCount = 8

  private func start(_ checkpoint: Checkpoint) throws -> AlignmentStatistics {
    let nothing = AlignmentStatistics(measurement: measured, values: [])
    if command.force { return nothing }
    guard checkpoint.exists else { return nothing }
    guard command.resume else {
      throw Failure(
        status: .usage, file: checkpoint.path, message: "an interrupted run left this",
        hints: ["Go on from it with --resume, or start anew with --force."])
    }
    return try checkpoint.partial() ?? nothing
  }

  private func step(_ dissection: inout Dissection) throws -> Bool {
    let known = dissection.faults.count
    do {
      let isMore = try dissection.next()
      for fault in dissection.faults[known...] {
        Terminal.printWarning("\(fault.path): \(fault.message); it is not counted")
      }
      return isMore
    } catch {
      throw Failure(error)
    }
  }

  private func checkFaults(_ dissection: Dissection) throws {
    guard let count = dissection.statistics.measurement?.leftOut.unreadable, count > command.maxBad
    else { return }
    throw Failure(
      status: .malformedInput, file: dissection.faults.last?.path,
      message: "\(count) pictures cannot be used, and --max-bad allows \(command.maxBad)",
      hints: ["Mend them and go on with --resume, or allow more."])
  }

  private func measurement(of targets: [DissectionTarget]) throws -> RegionMeasurement {
    do {
      return try RegionMeasurement(imported.model, targets, threads: command.threads)
    } catch {
      throw Failure(error)
    }
  }
}

/// How fast a run goes, and how long it will.
private struct Pace {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private let done: Int

  init(_ progress: (done: Int, all: Int)) {
    start = clock.now
    done = progress.done
  }

  func line(_ progress: (done: Int, all: Int)) -> String {
    let seconds = Quantities.milliseconds(clock.now - start) / 1000
    let rate = seconds > 0 ? Double(progress.done - done) / seconds : 0
    let counts =
      "\(Quantities.grouped(progress.done)) of \(Quantities.grouped(progress.all)) pictures"
    guard rate > 0 else { return counts }
    let left = Duration.seconds(Double(progress.all - progress.done) / rate)
    return
      "\(counts), \(Quantities.fixed(rate, digits: 1)) a second, \(Quantities.duration(left)) left"
  }
}
