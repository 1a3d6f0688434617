import ArgumentParser
import Detection
import Images
import Importers

extension RunCommand {
  /// Prints what the model answers to each picture.
  func answerPictures(_ run: ModelRun, _ imported: ImportedModel) throws {
    let preparation = try preparation(for: imported)
    let meaning = try outputMeaning.stated(by: imported)
    if meaning == nil { suggestMeaning() }
    let answers = try answers(run, preparation, meaning)
    let report = PicturesReport(preparation, meaning, answers)
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      let rendering = PicturesRendering(report: report, display: display)
      try display.show(csv ? rendering.csv : rendering.lines)
    }
    if report.unanswered > 0 { throw ExitCode(Failure.Status.malformedInput.rawValue) }
  }

  private func preparation(for imported: ImportedModel) throws -> Preprocessing {
    if let stated = try preprocessing.stated(by: imported) { return stated }
    throw Failure.unstatedPreprocessing(of: try input.path())
  }

  /// What a number means is never presumed: detectors differ in it.
  private func suggestMeaning() {
    guard !display.quiet else { return }
    say(
      "note",
      Failure(
        status: .usage,
        message: "the model does not state what its answer means, so it is shown as it is",
        hints: [OutputMeaningOptions.hint]))
  }

  private static let batchRefusal = Failure(
    status: .usage,
    message:
      "--batch: the model answers otherwise to pictures that are run together, so they were run "
      + "one by one")

  /// Says on standard error what does not end the command.
  private func say(_ word: String, _ failure: Failure) {
    Terminal.printError(failure.lines(after: word), color: display.color)
  }

  private func answers(
    _ run: ModelRun, _ preparation: Preprocessing, _ meaning: OutputMeaning?
  ) throws -> [PictureAnswer] {
    var progress = Progress(isQuiet: display.quiet)
    defer { progress.clear() }
    do {
      var pictureRun = try PictureRun(
        run, try PictureFiles.listed(pictures), preparation, meaning, batch: batch)
      let answers = try pictureRun.run(&progress)
      progress.clear()
      for failure in pictureRun.failures { say("warning", failure) }
      if pictureRun.isBatchRefused { say("warning", Self.batchRefusal) }
      return answers
    } catch let error as OutputMeaningError {
      throw outputMeaning.failure(error)
    }
  }
}
