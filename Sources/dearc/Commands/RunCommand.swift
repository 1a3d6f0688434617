import ArgumentParser
import Executor
import Formats
import FoundationEssentials
import IR
import Importers

/// Runs a model on pictures or tensors.
struct RunCommand: NetworkRunning {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a model on this machine's processor.",
    usage: """
      dearc run <input> <picture> ... [<options>]
      dearc run <input> --tensor <name=file.npy> ... [<options>]
      """,
    discussion: """
      Pictures are JPEG, PNG or WebP, or folders of them, decoded and resized as Pillow does it. Of each, \
      the logarithm of the odds and the probability that it is generated are printed, and what it is \
      called; or the bare answer, as long as neither the file nor --output-means says what it means.

      A picture that was named and cannot be answered ends the run. One in a folder is warned of and \
      counted; the others are answered, and the exit status is 65.

      Tensors are files of numpy's. Every result is printed as its shape and range, and written to the \
      folder that --save-outputs names: one .npy file for each output, called after it, with / as _.
      """)

  @OptionGroup var input: InputOptions

  @Argument(help: "Pictures, and folders of pictures.")
  var pictures: [String] = []

  @OptionGroup var preprocessing: PreprocessingOptions
  @OptionGroup var outputMeaning: OutputMeaningOptions

  @Option(
    help: ArgumentHelp(
      "Run so many pictures of one size together; as many as make sense otherwise.",
      valueName: "count"))
  var batch: Int?

  @Flag(help: "Print the answers to pictures as CSV.")
  var csv = false

  @Option(
    help: ArgumentHelp(
      "An input, as a file of numpy's; may be repeated.", valueName: "name=file.npy"))
  var tensor: [TensorFile] = []

  @Option(help: ArgumentHelp("Write every output to this folder.", valueName: "folder"))
  var saveOutputs: String?

  @Option(help: ArgumentHelp("How many threads work at a time; one for each processor otherwise."))
  var threads: Int?

  @Option(
    help: ArgumentHelp("Run so many times more, and print how long it takes.", valueName: "count"))
  var benchmark: Int?

  @OptionGroup var display: DisplayOptions

  func validate() throws {
    _ = try input.path()
    guard pictures.isEmpty || tensor.isEmpty && saveOutputs == nil && benchmark == nil else {
      throw ValidationError("--tensor, --save-outputs and --benchmark exclude pictures.")
    }
    guard !csv || !pictures.isEmpty && !display.json else {
      throw ValidationError("--csv is for pictures, and excludes --json.")
    }
    let ofPictures =
      preprocessing.given + outputMeaning.given + (batch == nil ? [] : ["--batch"])
    if pictures.isEmpty, let option = ofPictures.first {
      throw ValidationError("\(option) is for pictures.")
    }
    for (count, name) in [(threads, "threads"), (benchmark, "benchmark"), (batch, "batch")] {
      if let count, count < 1 { throw ValidationError("--\(name) takes a positive number.") }
    }
  }

  func run() throws {
    let imported = try ModelFiles.read(input)
    let run = try ModelRun(imported.model, threads: threads)
    guard pictures.isEmpty else { return try answerPictures(run, imported) }
    let tensors = try run.tensors(tensor)
    let results = try run.results(tensors)
    let files = try saveOutputs.map { try prepare(results, in: $0) } ?? []
    try ModelFiles.commit([], with: files)
    let report = RunReport(
      run, results, times: try benchmark.map { try run.times(tensors, count: $0) })
    if display.json {
      try Terminal.writeResult(try JSONDocument.text(report))
    } else {
      try display.show(RunRendering(report: report, display: display).lines)
    }
  }

  /// Prepares a file for each result in `folder`, which is made if it is not there.
  private func prepare(_ results: [RunResult], in folder: String) throws -> [AtomicFile] {
    // If it cannot be made, the first file says why.
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return try results.map { result in
      let name = result.name.replacing("/", with: "_")
      do throws(FormatError) {
        let file = try AtomicFile(path: "\(folder)/\(name).npy")
        try result.tensor.write(to: file)
        return file
      } catch {
        throw Failure(error, status: .cannotWrite)
      }
    }
  }
}

/// An input and the file that holds it, written `NAME=FILE.npy`.
struct TensorFile: ExpressibleByArgument, Equatable {
  let name: String
  let path: String

  init?(argument: String) {
    guard let split = argument.lastIndex(of: "=") else { return nil }
    name = String(argument[..<split])
    path = String(argument[argument.index(after: split)...])
    guard !name.isEmpty, !path.isEmpty else { return nil }
  }
}
