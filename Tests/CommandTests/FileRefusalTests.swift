import FoundationEssentials
import TestSupport
import Testing

/// External data that a model must not have, and outputs that must not be written.
@Suite struct FileRefusalTests {
  private let files = FileManager.default

  /// A model whose only weights are where `entries` say.
  private static func model(_ entries: KeyValuePairs<String, String>) -> Wire {
    let places = entries.map { Wire.message(13, .text(1, $0.key), .text(2, $0.value)) }
    return .model(
      .input("x"), .output("y"), .node("Add", ["x", "w"], ["y"]),
      .initializer("w", type: 1, dims: [4], .number(14, 1), Wire(joining: places)))
  }

  private static func run(_ location: String, offset: String = "0") throws -> MalformedRun {
    try MalformedRun(model(["location": location, "offset": offset]).bytes)
  }

  @Test(arguments: MalformedRun.commands)
  func soundExternalDataAreRead(command: String) throws {
    let run = try Self.run("weights")
    try writeFile([UInt8](repeating: 0, count: 16), to: run.folder.appending("weights"))
    #expect(try run.run(command).status == 0)
  }

  @Test(arguments: MalformedRun.commands, ["../weights", "a/../../weights", "/etc/passwd"])
  func pathsOutOfTheFolder(command: String, path: String) throws {
    try Self.run(path).expectRefusal(by: command, 65, "outside of its own folder", path)
  }

  @Test(arguments: MalformedRun.commands)
  func links(command: String) throws {
    let outside = try TemporaryDirectory()
    let secret = try outside.write([UInt8](repeating: 1, count: 16), to: "secret")
    let symbolic = try Self.run("link")
    try files.createSymbolicLink(
      atPath: symbolic.folder.appending("link"), withDestinationPath: secret)
    try symbolic.expectRefusal(by: command, 65, "symbolic links", "'link'")
    let inner = try Self.run("folder/secret")
    try files.createSymbolicLink(
      atPath: inner.folder.appending("folder"), withDestinationPath: outside.path)
    try inner.expectRefusal(by: command, 65, "symbolic links", "'folder'")
    let hard = try Self.run("hard")
    try files.linkItem(atPath: secret, toPath: hard.folder.appending("hard"))
    try hard.expectRefusal(by: command, 65, "hard links")
  }

  @Test(arguments: MalformedRun.commands)
  func dataThatAreNotThere(command: String) throws {
    try Self.run("weights").expectRefusal(by: command, 66, "'weights'", "No such file")
    let short = try Self.run("weights", offset: "8")
    try writeFile([UInt8](repeating: 0, count: 16), to: short.folder.appending("weights"))
    try short.expectRefusal(by: command, 65, "has 8")
    let beyond = try Self.run("weights", offset: "17")
    try writeFile([UInt8](repeating: 0, count: 16), to: beyond.folder.appending("weights"))
    try beyond.expectRefusal(by: command, 65, "only 16")
  }

  @Test(
    arguments: ["convert", "prune"],
    ["none/out.onnx", "model.onnx/out.onnx", "/proc/out.onnx", "/proc/out.safetensors"])
  func foldersThatCannotBeWrittenTo(command: String, name: String) throws {
    let run = try MalformedRun(try readBytes(try Models.gated.get()))
    let output = name.hasPrefix("/") ? name : run.folder.appending(name)
    try run.expectRefusal(by: command, 73, to: output, naming: output)
  }

  @Test(arguments: ["convert", "prune"], ["out.onnx", "out.safetensors"])
  func whatIsNoFile(command: String, name: String) throws {
    let run = try MalformedRun(try readBytes(try Models.gated.get()), output: name)
    try files.createDirectory(atPath: run.output, withIntermediateDirectories: false)
    try run.expectRefusal(by: command, 73, to: run.output, naming: run.output)
  }

  @Test(arguments: ["convert", "prune"])
  func theInputByAnyName(command: String) throws {
    let run = try MalformedRun(try readBytes(try Models.gated.get()))
    let (symbolic, hard) = (run.folder.appending("s.onnx"), run.folder.appending("h.safetensors"))
    try files.createSymbolicLink(atPath: symbolic, withDestinationPath: run.input)
    try files.linkItem(atPath: run.input, toPath: hard)
    for output in [run.input, symbolic, hard] {
      try run.expectRefusal(by: command, 73, "--force", to: output, naming: output)
    }
  }
}
