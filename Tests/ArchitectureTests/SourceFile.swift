import TestSupport

/// A Swift file under `Sources`, with the content of comments and strings blanked out.
struct SourceFile: Sendable {
  /// The target's name.
  let target: String
  /// The path below `Sources`.
  let path: String
  /// The lines as they are.
  let lines: [String]
  /// The lines without comments and with empty strings.
  let code: [String]

  init(path: String, text: String) {
    self.path = path
    target = String(path.prefix { $0 != "/" })
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    code = Self.blanked(text).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }

  /// Every Swift file of the repository's targets.
  static func all() throws -> [SourceFile] { try repository.get() }

  private static let repository = Result {
    let root = "\(repositoryRoot())/Sources"
    return try files(under: root, suffix: ".swift").map {
      SourceFile(path: String($0.dropFirst(root.count + 1)), text: try readFile($0))
    }
  }

  /// The modules it imports, with their lines.
  var imports: [(module: String, line: Int)] {
    code.enumerated().compactMap { index, line in
      let words = line.split { $0 == " " || $0 == "." }
      guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count,
        words[..<keyword].allSatisfy({ Self.importModifiers.contains(String($0)) })
      else { return nil }
      let isScoped = Self.importKinds.contains(String(words[keyword + 1]))
      let module = isScoped ? words.dropFirst(keyword + 2).first : words[keyword + 1]
      return module.map { (String($0), index + 1) }
    }
  }

  /// The functions, initialisers and accessors with bodies of several lines, and how many lines.
  var functions: [(name: String, line: Int, length: Int)] {
    var functions: [(name: String, line: Int, length: Int)] = []
    var depth = 0
    var pending: (name: String, line: Int)?
    var open: [(name: String, line: Int, depth: Int)] = []
    for (index, line) in code.enumerated() {
      if let name = Self.functionName(in: line) { pending = (name, index + 1) }
      for character in line {
        if character == "{" {
          if let (name, line) = pending { open.append((name, line, depth)) }
          pending = nil
          depth += 1
        } else if character == "}" {
          // A requirement of a protocol has no body.
          pending = nil
          depth -= 1
          if let function = open.last, function.depth == depth {
            functions.append((function.name, function.line, index + 2 - function.line))
            open.removeLast()
          }
        }
      }
    }
    return functions
  }

  private static let importModifiers: Set<String> = [
    "public", "package", "internal", "private", "fileprivate", "@testable", "@preconcurrency",
    "@_exported", "@_implementationOnly",
  ]
  private static let importKinds: Set<String> = [
    "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
  ]

  private static func functionName(in line: String) -> String? {
    for keyword in ["func ", "init(", "init?(", "init<", "subscript(", "deinit "] {
      guard let range = line.firstRange(of: keyword) else { continue }
      let before = line[..<range.lowerBound]
      guard before.last.map({ $0 == " " }) ?? true, !before.contains("=") else { continue }
      return keyword == "func "
        ? String(line[range.upperBound...].prefix { $0 != "(" && $0 != "<" })
        : String(keyword.prefix { $0.isLetter })
    }
    // A computed property; one with an initial value is stored.
    guard let range = line.firstRange(of: "var "), line.last == "{", !line.contains("=") else {
      return nil
    }
    return String(line[range.upperBound...].prefix { $0 != ":" })
  }

  /// Replaces what stands in comments and string literals by spaces, keeping the lines.
  private static func blanked(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let padded = bytes + [0, 0]
    var result = bytes
    var state = State.code
    var index = 0
    while index < bytes.count {
      let (step, next) = state.step(padded[index], padded[index + 1], padded[index + 2])
      if state != .code || next != .code {
        for place in index..<min(index + step, bytes.count) where bytes[place] != State.newLine {
          result[place] = UInt8(ascii: " ")
        }
      }
      (state, index) = (next, index + step)
    }
    return String(decoding: result, as: UTF8.self)
  }

  private enum State {
    case code, line, block, string, rawString, longString

    static let newLine = UInt8(ascii: "\n")
    private static let quote = UInt8(ascii: "\"")
    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")
    private static let number = UInt8(ascii: "#")

    /// How many bytes to take, and the state after them.
    func step(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> (Int, State) {
      let isLongQuote = first == Self.quote && second == Self.quote && third == Self.quote
      switch self {
      case .code:
        if isLongQuote { return (3, .longString) }
        if first == Self.slash && second == Self.slash { return (2, .line) }
        if first == Self.slash && second == Self.star { return (2, .block) }
        if first == Self.number && second == Self.quote { return (2, .rawString) }
        return (1, first == Self.quote ? .string : .code)
      case .line: return (1, first == Self.newLine ? .code : .line)
      case .block: return first == Self.star && second == Self.slash ? (2, .code) : (1, .block)
      case .string:
        if first == UInt8(ascii: "\\") { return (2, .string) }
        return (1, first == Self.quote ? .code : .string)
      case .rawString:
        return first == Self.quote && second == Self.number ? (2, .code) : (1, .rawString)
      case .longString: return isLongQuote ? (3, .code) : (1, .longString)
      }
    }
  }
}
