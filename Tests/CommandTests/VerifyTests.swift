import FoundationEssentials
import TestSupport
import Testing

/// Whether two models answer alike, and where they part.
@Suite struct VerifyTests {
  private struct Verified: Decodable {
    struct Output: Decodable {
      let relative: Double?
      let strays: Int
      let mismatch: String?
      let passed: Bool
    }
    struct Trial: Decodable {
      let inputs: String
      let shapes: [String: [Int]]
      let outputs: [Output]
    }
    struct Verification: Decodable {
      let verdict: String
      let trials: [Trial]
    }
    struct Parting: Decodable {
      let node: String
    }
    let schema: String
    let verification: Verification
    let parting: Parting?

    /// The kinds of inputs on which outputs were too far away.
    var failures: Set<String> {
      Set(verification.trials.filter { !$0.outputs.allSatisfy(\.passed) }.map(\.inputs))
    }
  }

  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
    try Judge.run("fault_models.py", folder.path)
  }

  private func verify(_ name: String, _ options: String...) throws -> (status: Int32, Verified) {
    let files = [folder.appending("sound.onnx"), folder.appending("\(name).onnx")]
    let result = try runProcess(try Program.path(), ["verify"] + files + options + ["--json"])
    let report = try JSONDecoder().decode(Verified.self, from: Data(result.output.utf8))
    return (result.status, report)
  }

  @Test func whatAnswersAlikePasses() throws {
    for name in ["sound", "same"] {
      let (status, report) = try verify(name)
      #expect(status == 0)
      #expect(report.schema == "dearc.verify/1")
      #expect(report.verification.verdict == "passed")
      #expect(Set(report.verification.trials.map(\.inputs)).count == 4)
      #expect(Set(report.verification.trials.map { $0.shapes["image"] ?? [] }).count == 3)
    }
  }

  @Test(arguments: [("weight", "inner"), ("swapped", "down"), ("pad", "down")])
  func aFaultIsFoundWhereItIs(name: String, node: String) throws {
    let (status, report) = try verify(name, "--bisect")
    #expect(status == 1)
    #expect(report.verification.verdict == "failed")
    #expect(report.parting?.node == node)
  }

  @Test func whatOverflowsForLargeInputsAloneIsFound() throws {
    let (status, report) = try verify("huge")
    #expect(status == 1)
    #expect(report.failures == ["large"])
  }

  @Test func anotherOutputIsNamed() throws {
    let (status, report) = try verify("shape")
    #expect(status == 1)
    #expect(report.verification.trials.first?.outputs.first?.mismatch != nil)
  }

  @Test func aStatedToleranceCounts() throws {
    #expect(try verify("weight", "--rtol", "1e-2").status == 0)
    #expect(try verify("same", "--rtol", "0", "--atol", "0").status == 1)
  }

  @Test func shapesThatAreGivenAreTaken() throws {
    let (status, report) = try verify(
      "same", "--shape", "image:1,3,20,24", "--shape", "image:2,3,9,9")
    #expect(status == 0)
    #expect(
      Set(report.verification.trials.map { $0.shapes["image"] ?? [] }) == [
        [1, 3, 20, 24], [2, 3, 9, 9],
      ])
  }

  @Test func whatCannotBeComparedIsRefused() throws {
    let sound = folder.appending("sound.onnx")
    #expect(try Program.run("verify", sound, folder.appending("nobody.onnx")).status == 66)
    #expect(try Program.run("verify", sound, sound, "--shape", "image:1,4,8,8").status == 64)
    #expect(try Program.run("verify", sound, sound, "--rtol", "-1").status == 64)
  }

  /// What is written says how it was checked, the same wherever it is written.
  @Test func theResultSaysHowItWasChecked() throws {
    let (first, second) = (folder.appending("a.safetensors"), folder.appending("b.safetensors"))
    let result = try Program.run("convert", folder.appending("sound.onnx"), "-o", first)
    #expect(result.output.contains("Verified: both networks answer alike"))
    #expect(try Program.run("convert", folder.appending("sound.onnx"), "-o", second).status == 0)
    let bytes = try readBytes(first)
    #expect(try readBytes(second) == bytes)
    #expect(String(decoding: bytes.prefix(20_000), as: UTF8.self).contains("dearc.verification"))
    let unchecked = try Program.run(
      "convert", folder.appending("sound.onnx"), "-o", folder.appending("c.onnx"), "--no-verify")
    #expect(unchecked.output.contains("Not verified"))
  }
}
