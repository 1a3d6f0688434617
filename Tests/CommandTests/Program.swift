import FoundationEssentials
import TestSupport
import Testing

/// The program under test, run as a user runs it.
enum Program {
  /// The built program.
  static func path() throws -> String {
    let path = builtProgram()
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw MissingProgram(path: path)
    }
    return path
  }

  /// Runs the program with `arguments`.
  static func run(_ arguments: String...) throws -> ProcessResult {
    try runProcess(try path(), arguments)
  }
}

/// There is nothing to test yet.
struct MissingProgram: Error, CustomStringConvertible {
  let path: String
  var description: String { "there is no program at \(path); run swift build" }
}

/// Python programs that make and judge models.
enum Judge {
  /// Runs a program of `Tests/Judges`, which must succeed.
  @discardableResult
  static func run(
    _ script: String, _ arguments: String..., at location: SourceLocation = #_sourceLocation
  ) throws -> String {
    try run(script, arguments, at: location)
  }

  /// The same with a list of arguments.
  @discardableResult
  static func run(
    _ script: String, _ arguments: [String], at location: SourceLocation = #_sourceLocation
  ) throws -> String {
    let result = try runProcess(
      try Python.interpreter(), ["\(repositoryRoot())/Tests/Judges/\(script)"] + arguments)
    #expect(result.status == 0, "\(script): \(result.errors)", sourceLocation: location)
    return result.output
  }

  /// Expects that the model at `path` is made as `expectations` says, in the words of `structure.py`.
  static func expectStructure(
    of path: String, _ expectations: String, at location: SourceLocation = #_sourceLocation
  ) throws {
    let folder = try TemporaryDirectory()
    let file = try folder.write(Array(expectations.utf8), to: "expected.json")
    try run("structure.py", path, "--expect", file, at: location)
  }
}

/// Models that several tests read, made once.
struct Models {
  private static let folder = Result { try TemporaryDirectory() }

  /// A small DEAR network: a ResNet whose last stage is gated behind a residual sum.
  static let gated = Result {
    let path = try folder.get().appending("gated.onnx")
    try Judge.run(
      "networks.py", "resnet50", "-o", path, "--stride1-stem", "--keep", "29", "--width", "0.04",
      "--blocks", "1", "1", "1", "2")
    return path
  }

  /// A file that is no model of any kind.
  static let garbage = Result {
    let path = try folder.get().appending("garbage.onnx")
    try writeFile("\u{12}\u{7F}this is not a model", to: path)
    return path
  }
}

/// A report as `convert` and `prune` print it, as far as tests look at it.
struct Report: Decodable {
  struct Counts: Decodable {
    let nodes: Int
    let parameters: Int
    let macs: Int?
    let fileBytes: Int
  }

  struct Fates: Decodable {
    let removed: Int
    let folded: Int
    let carried: Int
    let kept: Int
  }

  struct Channels: Decodable {
    let fates: Fates
  }

  let schema: String
  let original: Counts
  let result: Counts
  let channels: Channels?

  init(json: String) throws {
    self = try JSONDecoder().decode(Report.self, from: Data(json.utf8))
  }
}
