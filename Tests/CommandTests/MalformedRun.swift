import TestSupport
import Testing

/// A command that is given something it must not trust, in a folder of its own.
///
/// The program gets so much memory and time and no more: whoever exceeds either ends with a status
/// that no command has.
struct MalformedRun {
  /// The commands that read a model.
  static let commands = ["convert", "prune", "inspect"]
  private static let addressSpaceKilobytes = 1 << 20
  private static let secondsLimit = 30

  let folder: TemporaryDirectory
  let input: String
  let output: String

  /// Puts `model` into a new folder, and names an output there.
  init(_ model: [UInt8], output name: String = "out.onnx") throws {
    folder = try TemporaryDirectory()
    input = try folder.write(model, to: "model.onnx")
    output = folder.appending(name)
  }

  /// Runs `command` on the input within the bounds.
  func run(_ command: String, to output: String? = nil) throws -> ProcessResult {
    let target = command == "inspect" ? ["--channels"] : ["-o", output ?? self.output]
    return try Self.bounded([command, input] + target)
  }

  /// Expects that the input is refused with `status` and words that contain all of `fragments`, and
  /// that nothing in the folder changed.
  func expectRefusal(
    by command: String, _ status: Int32 = 65, _ fragments: String..., to output: String? = nil,
    naming file: String? = nil, at location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try Snapshot(folder)
    let result = try run(command, to: output)
    #expect(
      result.status == status, "\(command): \(result.errors)\(result.output)",
      sourceLocation: location)
    expectWords(result, about: file ?? input, fragments, location)
    #expect(try Snapshot(folder) == before, "\(command) left something", sourceLocation: location)
  }

  /// Expects that `command` either does its work, and the result can be read, or refuses the input.
  func expectSoundOrRefused(
    by command: String, _ subject: String, at location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try Snapshot(folder)
    let result = try run(command)
    guard result.status == 0 else {
      #expect(
        result.status == 65 || result.status == 66,
        "\(command), \(subject): \(result.status) \(result.errors)", sourceLocation: location)
      expectWords(result, about: input, [], location)
      #expect(try Snapshot(folder) == before, "\(subject)", sourceLocation: location)
      return
    }
    guard command != "inspect" else { return }
    let again = try Self.bounded(["inspect", output])
    #expect(
      again.status == 0, "\(command), \(subject): \(again.errors)", sourceLocation: location)
  }

  private func expectWords(
    _ result: ProcessResult, about file: String, _ fragments: [String], _ location: SourceLocation
  ) {
    let prefix = "dearc: error: \(file): "
    #expect(result.output.isEmpty, sourceLocation: location)
    #expect(
      result.errors.hasPrefix(prefix) && result.errors.count > prefix.count + 10,
      "\(result.errors)", sourceLocation: location)
    for fragment in fragments {
      #expect(result.errors.contains(fragment), "\(result.errors)", sourceLocation: location)
    }
  }

  private static func bounded(_ arguments: [String]) throws -> ProcessResult {
    let script =
      "ulimit -v \(addressSpaceKilobytes); exec timeout -k 1 \(secondsLimit) \"$0\" \"$@\""
    return try runProcess("/bin/sh", ["-c", script, try Program.path()] + arguments)
  }
}

/// The names of all entries of a folder, and the content of those that are files.
private struct Snapshot: Equatable {
  private let contents: [String: [UInt8]?]

  init(_ folder: TemporaryDirectory) throws {
    contents = Dictionary(
      uniqueKeysWithValues: try folder.contents().map {
        ($0, try? readBytes(folder.appending($0)))
      })
  }
}
