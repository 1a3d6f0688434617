import ArgumentParser

/// The command line.
@main
struct Dearc: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "dearc",
    abstract: "A compiler for image detectors.",
    discussion: """
      Reads a pretrained network, removes what cannot change its answers, folds adjacent layers, \
      and writes one compact file. Formats are recognised by content; the extension of the output \
      chooses what is written: .onnx or .safetensors.

      Exit status: 0 success, 1 a comparison failed, 64 wrong usage, 65 malformed or unsupported \
      input, 66 input not found or unreadable, 70 internal error, 73 output cannot be written.
      """,
    version: version,
    subcommands: [ConvertCommand.self, PruneCommand.self, InspectCommand.self])

  /// Runs the command that the arguments name, and exits with the status that scripts rely on.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch  where error is Failure || exitCode(for: error) == .failure {
      let failure = Failure(error)
      Terminal.printError(failure.lines)
      exit(withError: ExitCode(failure.status.rawValue))
    } catch {
      exit(withError: error)
    }
  }
}
