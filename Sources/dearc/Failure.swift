import Passes

/// What ended a command, in words for the user, with the exit status that scripts see.
struct Failure: Error, Equatable {
  /// The exit statuses of `dearc`, after BSD's sysexits where one fits.
  enum Status: Int32 {
    case comparisonFailed = 1
    case usage = 64
    case malformedInput = 65
    case unreadableInput = 66
    case internalError = 70
    case cannotWrite = 73
  }

  let status: Status
  /// The file that the failure is about.
  var file: String?
  let message: String
  /// What the user can do.
  var hints: [String] = []

  /// One line for the failure, one for each hint; names from files cannot forge further lines.
  var lines: [String] { lines(after: "error") }

  /// The same for what does not end the command, and so is no error but, say, a warning.
  func lines(after word: String) -> [String] {
    let place = file.map { printable($0) + ": " } ?? ""
    return ["dearc: \(word): " + place + printable(message)] + hints.map { "  " + printable($0) }
  }
}

extension Failure {
  /// Restates any error that is not the argument parser's: what nobody foresaw is dearc's fault.
  init(_ error: any Error) {
    if let error = error as? PipelineError {
      self.init(status: .internalError, message: error.description, hints: Self.hints(for: error))
    } else {
      self = error as? Failure ?? Failure(status: .internalError, message: "\(error)")
    }
  }

  /// The part of the graph on which a pass goes wrong, a line each, and a way round the pass.
  private static func hints(for error: PipelineError) -> [String] {
    let part = error.subgraph.map { text in
      ["It goes wrong on this part of the graph:"]
        + text.split(separator: "\n").prefix(60).map(String.init)
    }
    let detour = error.pass.map { ["Nothing was written. --skip-pass \($0) leaves the pass out."] }
    return (part ?? []) + (detour ?? [])
  }
}
