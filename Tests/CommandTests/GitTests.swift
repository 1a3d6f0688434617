import TestSupport
import Testing

/// Models in a git repository, as `scripts/git-setup.sh` sets it up.
@Suite struct GitTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// Runs shell commands in the repository.
  private func shell(_ commands: String) throws -> ProcessResult {
    let quoted = "'\(folder.path)'"
    return try runProcess(
      "/bin/bash", ["-euc", "cd \(quoted); export HOME=\(quoted); \(commands)"])
  }

  @Test func modelsAreShownAsText() throws {
    let (detector, statistics) = (
      fixture("detector/detector.onnx"), fixture("detector/alignment.h5")
    )
    let setup = try shell(
      """
      git init -q .; git config user.email a@example.com; git config user.name a
      '\(repositoryRoot())/scripts/git-setup.sh' '\(try Program.path())'
      '\(repositoryRoot())/scripts/git-setup.sh' '\(try Program.path())'
      cp '\(detector)' model.onnx; git add -A; git commit -qm first
      """)
    #expect(setup.status == 0, "\(setup.errors)")
    let attributes = try readBytes(folder.appending(".gitattributes"))
    #expect(String(decoding: attributes, as: UTF8.self).split(separator: "\n").count == 5)
    let pruned = try Program.run(
      "prune", detector, "--stats", statistics, "-o", folder.appending("model.onnx"), "--force")
    #expect(pruned.status == 0, "\(pruned.errors)")
    let diff = try shell("git diff")
    #expect(diff.status == 0, "\(diff.errors)")
    #expect(
      diff.output.contains("-  const %stage3.2.conv3.weight : f32[192, 72, 1, 1] = summary"))
    #expect(
      diff.output.contains("+  const %stage3.2.conv3.weight : f32[116, 72, 1, 1] = summary"))
    let tool = try shell("git difftool -y --tool=dearc")
    #expect(tool.output.contains("channels removed"), "\(tool.errors)")
  }
}
