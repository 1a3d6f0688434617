import ArgumentParser
import Glibc

/// When to use colour.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never
}

/// Where text goes: results to standard output, all else to standard error.
enum Terminal {
  /// The standard streams.
  enum Stream: Int32 {
    case output = 1
    case error = 2

    /// Whether a person reads the stream on a terminal.
    var isTerminal: Bool { isatty(rawValue) == 1 }
  }

  /// The number of columns, or nil if `stream` is not a terminal.
  static func width(of stream: Stream) -> Int? {
    var size = winsize()
    guard stream.isTerminal, ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
    else { return nil }
    return Int(size.ws_col)
  }

  /// Writes results to standard output.
  ///
  /// - Throws: `Failure` if they cannot be written: nobody must take half of them for the whole.
  static func writeResult(_ text: String) throws {
    guard let code = write(text, to: .output) else { return }
    throw Failure(
      status: .cannotWrite,
      message: "cannot write to standard output: \(String(cString: strerror(code)))")
  }

  /// Writes `text` whole, also where the stream takes only part of it at a time.
  ///
  /// Returns `errno` if the stream does not take it.
  @discardableResult
  static func write(_ text: String, to stream: Stream) -> Int32? {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(stream.rawValue, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return errno }
      bytes = bytes.dropFirst(count)
    }
    return nil
  }

  /// Writes a failure to standard error, the word in front in red if a person reads it there.
  static func printError(_ lines: [String], color: ColorChoice) {
    let style = TextStyle(isColored: TextStyle.isColored(color, on: .error))
    let colored = lines.enumerated().map { index, line in
      let prefix = "dearc: error:"
      guard index == 0, line.hasPrefix(prefix) else { return line }
      return style.red(prefix) + line.dropFirst(prefix.count)
    }
    write(colored.joined(separator: "\n") + "\n", to: .error)
  }
}

extension Terminal {
  /// Writes to standard error what the user should know though the command goes on.
  ///
  /// It takes the place of a line of progress, if there is one.
  static func printWarning(_ message: String) {
    let clearing = Stream.error.isTerminal ? "\r\u{1B}[K" : ""
    write("\(clearing)dearc: warning: \(printable(message))\n", to: .error)
  }
}

/// Emphasis by terminal escapes, or none.
struct TextStyle {
  let isColored: Bool

  /// Whether `choice` means colour on `stream`; NO_COLOR and a dumb terminal turn automatic off.
  static func isColored(_ choice: ColorChoice, on stream: Terminal.Stream) -> Bool {
    switch choice {
    case .always: true
    case .never: false
    case .auto:
      stream.isTerminal && environment("NO_COLOR").isEmpty && environment("TERM") != "dumb"
    }
  }

  func bold(_ text: some StringProtocol) -> String { wrap(text, in: "1") }
  func dim(_ text: some StringProtocol) -> String { wrap(text, in: "2") }
  func red(_ text: some StringProtocol) -> String { wrap(text, in: "31") }
  func green(_ text: some StringProtocol) -> String { wrap(text, in: "32") }

  private func wrap(_ text: some StringProtocol, in code: String) -> String {
    isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : String(text)
  }

  private static func environment(_ name: String) -> String {
    getenv(name).map { String(cString: $0) } ?? ""
  }
}

extension StringProtocol {
  /// The number of columns that the text takes on a terminal.
  var columnCount: Int {
    utf8.count == unicodeScalars.count ? utf8.count : unicodeScalars.reduce(0) { $0 + $1.columns }
  }

  /// The longest beginning that takes at most `limit` columns.
  func prefix(columns limit: Int) -> SubSequence {
    var width = 0
    return prefix { character in
      width += character.unicodeScalars.reduce(0) { $0 + $1.columns }
      return width <= limit
    }
  }
}

extension Unicode.Scalar {
  /// The columns the scalar takes: two for East Asian characters and pictures, none for what joins
  /// another.
  fileprivate var columns: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark: 0
    default: Self.wideBlocks.contains { $0.contains(value) } ? 2 : 1
    }
  }

  /// The blocks whose characters Unicode's East Asian Width calls wide or full-width.
  private static let wideBlocks: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x2e80...0xa4cf, 0xa960...0xa97c, 0xac00...0xd7a3, 0xf900...0xfaff,
    0xfe30...0xfe6f, 0xff01...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff,
    0x20000...0x3fffd,
  ]
}

/// Makes text from a file harmless on a terminal: what moves the cursor or hides is spelt out.
func printable(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: \.isHarmful) else { return text }
  return text.unicodeScalars.reduce(into: "") { result, scalar in
    result += scalar.isHarmful ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
  }
}

extension Unicode.Scalar {
  /// Whether the scalar controls the terminal, breaks a line or reorders what is beside it.
  fileprivate var isHarmful: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
