import ArgumentParser
import Detection
import Emitters
import Executor
import IR
import Images
import Importers
import Passes

/// What `convert` and `prune` have in common: read, rewrite, write, report.
struct Compilation {
  let name: String
  /// The options that decide the result, for the output's provenance.
  let flags: [String]
  let input: InputOptions
  let output: OutputOptions
  let passes: PassOptions
  let precision: PrecisionOptions
  let verification: VerificationOptions
  let preprocessing: PreprocessingOptions
  let outputMeaning: OutputMeaningOptions
  let display: DisplayOptions
  /// Where the report goes besides being shown.
  var reportPath: String?
  /// Where the network goes that the result is to equal.
  var markedPath: String?
  /// The files that are read besides the model.
  var furtherSources: [String] = []
  /// What the user should do about the result.
  var remarks: [String] = []

  /// Checks what the argument parser cannot.
  ///
  /// - Throws: `ValidationError`, which exits with the status for wrong usage.
  static func validate(
    input: InputOptions, output: OutputOptions, precision: PrecisionOptions,
    statements: [String], further: [String?] = []
  ) throws {
    _ = try input.path()
    let file = try output.file()
    try precision.validate(for: file)
    if let option = statements.first, file.format == .hdf5 {
      throw ValidationError(
        "\(option) needs an output that ends in .onnx or .safetensors: HDF5 holds weights alone.")
    }
    let paths = [file.path] + further.compactMap { $0 }
    guard Set(paths).count == paths.count else {
      throw ValidationError("Two of the files to be written have the same name.")
    }
  }

  /// Reads the model, lets `rewrite` change it, writes it and shows what happened.
  ///
  /// - Parameter rewrite: Makes the new model.
  /// - Throws: `Failure`, in which case no file was written.
  func run(_ rewrite: (ImportedModel, PipelineOptions) throws -> Rewriting) throws {
    var progress = Progress(isQuiet: display.quiet)
    defer { progress.clear() }
    let (path, target) = (try input.path(), try output.file())
    progress.report("reading \(path)")
    let imported = try ModelFiles.read(input)
    try precision.check(imported, at: path)
    let statements = try statements(on: imported)
    let assumed = try AssumedInputs(imported.model.graph, given: input.inputShapes)
    let sources =
      ModelFiles.sources(of: imported, at: path) + input.furtherSources + furtherSources
    let digests = Deferred { try ModelFiles.digests(of: sources) }
    defer { digests.wait() }
    progress.report("rewriting")
    let rewriting = try rewrite(imported, options(assumed))
    let result = rewriting.result
    let model = result?.model ?? imported.model
    progress.report("comparing answers")
    let checked = try verify(rewriting, imported.model, model, assumed)
    progress.report("writing \(target.path)")
    let origin = (sources, try digests.value())
    let record = VerificationRecord(report: checked).json.map {
      MetadataEntry(key: VerificationRecord.key, value: $0)
    }
    let emission = try prepare(
      model, target, result, origin, statements + [record].compactMap { $0 })
    let marked =
      try markedPath == nil
      ? nil
      : rewriting.marked.map { try prepare($0, OutputFile(markedPath), nil, origin, statements) }

    let report = CompileReport(
      command: name, input: FileReport(imported, path: path),
      output: FileReport(
        path: target.path, format: target.format.rawValue, bytes: emission.byteCount),
      before: imported, after: model, result: result,
      remarks: remarks + rewriting.remarks, countedAt: assumed.shapes, verification: checked,
      elapsed: progress.elapsed)
    let isSpelledOut = display.json || reportPath != nil
    let document = isSpelledOut ? try JSONDocument.text(report) : ""
    let reportFile = try reportPath.map {
      try ModelFiles.prepare(document, for: $0, keeping: sources)
    }
    try ModelFiles.commit(
      [emission] + [marked].compactMap { $0 }, with: [reportFile].compactMap { $0 })
    progress.clear()
    try show(report, document)
  }

  /// What the file is to state about pictures and answers, as asked for or as the input states it.
  private func statements(on imported: ImportedModel) throws -> [MetadataEntry] {
    [
      (PreprocessingOptions.key, try preprocessing.stated(by: imported)?.description),
      (OutputMeaningOptions.key, try outputMeaning.stated(by: imported)?.description),
    ].compactMap { key, text in text.map { MetadataEntry(key: key, value: $0) } }
  }

  /// Runs the new network and the one that it is to equal.
  ///
  /// - Throws: `Failure` if their answers differ; nothing has been written then.
  private func verify(
    _ rewriting: Rewriting, _ original: Model, _ model: Model, _ assumed: AssumedInputs
  ) throws -> VerificationReport {
    guard !verification.noVerify else { return VerificationReport(.skipped("--no-verify")) }
    guard rewriting.result != nil else {
      return VerificationReport(.skipped("the network is written as it was read"))
    }
    let check = BuiltInVerification(
      threads: verification.threads,
      isApproximate: rewriting.isApproximate || precision.isRounding)
    let outcome = check.run(rewriting.marked ?? original, model, usual: assumed.shapes)
    let report = VerificationReport(outcome)
    if case .failed = outcome {
      throw Failure(
        status: .comparisonFailed, file: input.input,
        message: "the result does not answer as the network that was read: \(report.summary)",
        hints: [
          "Nothing was written. This is a fault in dearc; please report it.",
          "--no-verify writes the result all the same.",
        ])
    }
    return report
  }

  private func options(_ assumed: AssumedInputs) -> PipelineOptions {
    var options = PipelineOptions()
    options.skippedPasses = Set(passes.skippedPasses)
    options.assumedExtents = assumed.extents
    options.evaluate = ConstantEvaluation.evaluate
    options.foldLimit = passes.foldLimit ?? PipelineOptions.usualFoldLimit
    return options
  }

  private func prepare(
    _ model: Model, _ target: OutputFile, _ result: PipelineResult?,
    _ origin: (files: [String], digests: [String]), _ records: [MetadataEntry]
  ) throws -> Emission {
    let provenance = Provenance(
      command: [name] + input.flags + flags + precision.flags + passes.flags,
      inputs: origin.digests,
      result: result)
    return try ModelFiles.prepare(
      model, for: target, provenance: provenance, records: records,
      keeping: output.force ? [] : origin.files)
  }

  private func show(_ report: CompileReport, _ document: String) throws {
    if display.json {
      try Terminal.writeResult(document)
    } else {
      try display.show(CompileRendering(report: report, display: display).lines)
      if passes.timePasses { try display.show(["", "Time per pass"] + timings(report)) }
    }
  }

  private func timings(_ report: CompileReport) -> [String] {
    var table = Table([.init("pass"), .init("changes", .right), .init("ms", .right)])
    for pass in report.passes {
      table.add([
        pass.name, String(pass.changes), Quantities.fixed(pass.milliseconds, digits: 2),
      ])
    }
    return display.lines(table)
  }
}
