import Foundation
import TestSupport
import Testing

/// The protobuf code in the repository is what the schema gives.
@Suite struct GeneratedCodeTests {
  @Test func theGeneratedCodeIsInSync() throws {
    let folder = try TemporaryDirectory()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "bash", repositoryRoot() + "/scripts/generate-protobuf.sh", folder.path,
    ]
    try process.run()
    process.waitUntilExit()
    try #require(
      process.terminationStatus == 0, "protoc-c is missing: run scripts/test.sh, which installs it")
    for name in ["onnx.pb-c.c", "include/onnx.pb-c.h"] {
      let committed = try readBytes(repositoryRoot() + "/Sources/COnnx/" + name)
      #expect(
        try readBytes(folder.appending(name)) == committed, "run scripts/generate-protobuf.sh")
    }
  }
}
