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
    struct Unreadable: Decodable {
      let path: String
    }
    struct Pictures: Decodable {
      let compared: Int
      let failed: Int
      let unreadable: [Unreadable]
    }
    let schema: String
    let verification: Verification
    let pictures: Pictures?
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

  @Test func numbersWhoseSquaresAreNoneAreCompared() throws {
    let files = ["large", "larger"].map { folder.appending("\($0).onnx") }
    for options in [[], ["--json"]] {
      let result = try runProcess(try Program.path(), ["verify"] + files + options)
      #expect(result.status == 1, "\(result.errors)")
      #expect(result.output.contains("failed") || result.output.contains("FAILED"))
    }
    #expect(try Program.run("verify", files[0], files[0]).status == 0)
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

  // MARK: Pictures

  private var pictures: String { folder.appending("pictures") }

  private func makePictures(_ count: Int, width: Int, height: Int) throws {
    try Judge.run("picture_judge.py", "pictures", pictures, "\(count)", "\(width)", "\(height)")
  }

  @Test(arguments: ["same", "swapped", "pad"])
  func answersToPicturesAreThoseThatOthersFind(name: String) throws {
    try makePictures(6, width: 41, height: 36)
    let models = ["sound", name].map { folder.appending("\($0).onnx") }
    let options = ["--images", pictures, "--preprocess", "none", "--runs", "0", "--json"]
    let result = try runProcess(try Program.path(), ["verify"] + models + options)
    #expect(result.status == (name == "same" ? 0 : 1), "\(result.errors)")
    let report = folder.appending("report.json")
    try writeFile(result.output, to: report)
    try Judge.run("picture_judge.py", "verify", models[0], models[1], pictures, report)
  }

  @Test func picturesComeBesideDrawnInputs() throws {
    try makePictures(3, width: 30, height: 40)
    let options = ["--images", pictures, "--preprocess", "imagenet"]
    let (status, report) = try verify("same", options[0], options[1], options[2], options[3])
    #expect(status == 0 && report.verification.trials.count == 6)
    #expect(report.pictures?.compared == 3 && report.pictures?.failed == 0)
    let alone = try verify(
      "swapped", "--images", pictures, "--preprocess", "none", "--runs", "0", "--bisect")
    #expect(alone.status == 1 && alone.1.verification.trials.isEmpty)
    #expect(alone.1.verification.verdict == "failed")
    #expect(alone.1.parting?.node == "down")
    let text = try Program.run(
      "verify", folder.appending("sound.onnx"), folder.appending("swapped.onnx"), "--images",
      pictures, "--preprocess", "none")
    #expect(text.output.contains("'scores' is farthest away on \(pictures)/"))
    #expect(text.output.contains("3 of 3 pictures fail."))
  }

  @Test func aPictureThatCannotBeReadIsCounted() throws {
    try makePictures(2, width: 16, height: 16)
    try writeFile("hello", to: "\(pictures)/text.png")
    let options = ["--images", pictures, "--preprocess", "none", "--runs", "0"]
    let files = [folder.appending("sound.onnx"), folder.appending("same.onnx")]
    let result = try runProcess(try Program.path(), ["verify"] + files + options)
    #expect(result.status == 0)
    #expect(result.errors.contains("dearc: warning: \(pictures)/text.png"))
    #expect(result.output.contains("1 picture could not be read."))
    for name in ["000.png", "001.jpg"] { try writeFile("hello", to: "\(pictures)/\(name)") }
    #expect(try runProcess(try Program.path(), ["verify"] + files + options).status == 65)
  }

  /// Networks are compared, so both get the same; that their files say otherwise is worth knowing.
  @Test func modelsThatStateOtherPreprocessingAreWarnedOf() throws {
    try makePictures(2, width: 16, height: 16)
    let files = try ["imagenet", "clip"].map { name in
      let path = folder.appending("\(name).safetensors")
      let made = try Program.run(
        "convert", folder.appending("sound.onnx"), "-o", path, "--preprocess", name)
      #expect(made.status == 0, "\(made.errors)")
      return path
    }
    let stated = try Program.run("verify", files[0], files[1], "--images", pictures)
    #expect(stated.status == 0, "\(stated.errors)")
    #expect(stated.errors.contains("\(files[1]) states that pictures are prepared otherwise"))
    let silent = try Program.run("verify", files[0], files[0], "--images", pictures)
    #expect(silent.status == 0 && silent.errors.isEmpty)
    // What is asked for goes before both.
    let asked = try Program.run(
      "verify", files[0], files[1], "--images", pictures, "--preprocess", "none")
    #expect(asked.errors.split(separator: "\n").count == 2)
    let unstated = try Program.run(
      "verify", folder.appending("sound.onnx"), files[1], "--images", pictures)
    #expect(unstated.status == 64 && unstated.errors.contains("--preprocess"))
  }

  @Test func picturesThatDoNotFitAreRefused() throws {
    let (sound, empty) = (folder.appending("sound.onnx"), folder.appending("empty"))
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
    func run(_ model: String, _ options: String...) throws -> ProcessResult {
      try runProcess(try Program.path(), ["verify", model, model] + options)
    }
    #expect(try run(sound, "--images", empty, "--preprocess", "none").status == 66)
    #expect(
      try run(sound, "--images", folder.appending("nobody"), "--preprocess", "none").status == 66)
    #expect(try run(sound, "--runs", "0").status == 64)
    #expect(try run(sound, "--preprocess", "none").status == 64)
    try Judge.run("diff_judge.py", "write", folder.path, "1")
    try makePictures(1, width: 20, height: 16)
    let fixed = folder.appending("0.a.onnx")
    let wrong = try run(fixed, "--images", pictures, "--preprocess", "none", "--runs", "0")
    #expect(wrong.status == 64)
    #expect(wrong.errors.contains("000.png") && wrong.errors.contains("resize="), "\(wrong.errors)")
    let right = try run(fixed, "--images", pictures, "--preprocess", "crop=16", "--runs", "0")
    #expect(right.status == 0, "\(right.errors)")
  }
}
