import ArgumentParser
import Glibc

/// A command that runs networks.
protocol NetworkRunning: ParsableCommand {}

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
      chooses what is written: .onnx, .safetensors, or .h5 for the weights alone.

      Exit status: 0 success, 1 a comparison failed, 64 wrong usage, 65 malformed or unsupported \
      input, 66 input not found or unreadable, 70 internal error, 73 output cannot be written.
      """,
    version: version,
    subcommands: [
      ConvertCommand.self, PruneCommand.self, InspectCommand.self, DiffCommand.self,
      RunCommand.self, VerifyCommand.self, DissectCommand.self,
      StatsCommand.self, HDF5WorkerCommand.self,
    ])

  /// Runs the command that the arguments name, and exits with the status that scripts rely on.
  static func main() {
    // A file that grows past a limit is an error to report, not a reason to vanish.
    signal(SIGXFSZ, SIG_IGN)
    do {
      try checkEncoding()
      var command = try parseAsRoot()
      if command is any NetworkRunning { WaitPolicy.settle() }

      try command.run()
    } catch let code as ExitCode {
      exit(withError: code)
    } catch  where error is Failure || exitCode(for: error) == .failure {
      let failure = Failure(error)
      Terminal.printError(failure.lines, color: requestedColor)
      exit(withError: ExitCode(failure.status.rawValue))
    } catch {
      exit(withError: error)
    }
  }

  /// Text cannot hold other bytes: they would be replaced, and another file be read or written.
  private static func checkEncoding() throws {
    for index in 1..<max(Int(CommandLine.argc), 1) {
      guard let argument = CommandLine.unsafeArgv[index] else { continue }
      guard String(validatingCString: argument) == nil else { continue }
      throw Failure(
        status: .usage, message: "argument \(index) is not valid UTF-8",
        hints: ["Rename the file, or reach it through a link with another name."])
    }
  }

  /// What the command line says about colour, also if it cannot be parsed.
  private static var requestedColor: ColorChoice {
    let arguments = CommandLine.arguments
    let choices = zip(arguments, arguments.dropFirst() + [""]).compactMap {
      (argument, next) -> ColorChoice? in
      if argument == "--color" { return ColorChoice(rawValue: next) }
      guard argument.hasPrefix("--color=") else { return nil }
      return ColorChoice(rawValue: String(argument.dropFirst("--color=".count)))
    }
    return choices.last ?? .auto
  }
}
