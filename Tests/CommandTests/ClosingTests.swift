import FoundationEssentials
import TestSupport
import Testing

/// Pruning by statistics and by lists, on the detector that dearc ships.
@Suite struct ClosingTests {
  private let folder: TemporaryDirectory
  private let detector = fixture("detector/detector.onnx")
  private let statistics = fixture("detector/alignment.h5")

  init() throws { folder = try TemporaryDirectory() }

  private func prune(_ arguments: String...) throws -> ProcessResult {
    try runProcess(
      try Program.path(),
      ["prune", detector, "-o", folder.appending("out.onnx"), "--json"] + arguments)
  }

  private func channels(_ result: ProcessResult) throws -> ChannelsReport {
    try #require(result.status == 0, "\(result.errors)")
    return try ChannelsReport(result.output)
  }

  @Test(arguments: ["gate", "group"])
  func theResultEqualsTheMarkedNetwork(scope: String) throws {
    let marked = folder.appending("marked.onnx")
    let report = try channels(
      try prune("--stats", statistics, "--scope", scope, "--emit-marked", marked))
    #expect(report.values.map(\.value) == ["stage3.2.relu3.Relu"])
    #expect(report.values[0].fates.count == 76)
    #expect(report.values[0].fates.allSatisfy { $0.cause == "closed" && $0.fate == "removed" })
    let sizes = ["1,3,96,96", "3,3,144,120", "2,3,65,81"].flatMap { ["--case", "image:0:\($0)"] }
    try Judge.run("judge.py", ["pair", marked, folder.appending("out.onnx")] + sizes)
  }

  /// The gate made by dearc is the one that was exported with the detector.
  @Test func theChannelsAreThoseOfTheExportedGate() throws {
    let report = try channels(try prune("--stats", statistics))
    let gated = folder.appending("gated.onnx")
    let exported = try runProcess(
      try Program.path(),
      ["prune", fixture("detector/detector-gated.onnx"), "-o", gated, "--json"])
    let other = try channels(exported)
    #expect(report.values[0].fates.map(\.channel) == other.values[0].fates.map(\.channel))
  }

  /// Statistics and head make of the plain detector what was exported with gate and head.
  @Test(arguments: ["head.h5", "head.safetensors"])
  func theRefittedHeadMakesTheExportedDetector(head: String) throws {
    let result = try prune("--stats", statistics, "--head", fixture("detector/\(head)"))
    #expect(result.status == 0, "\(result.errors)")
    let gated = fixture("detector/detector-gated.onnx")
    let sizes = ["1,3,96,96", "2,3,144,120"].flatMap { ["--case", "image:0:\($0)"] }
    try Judge.run("judge.py", ["pair", gated, folder.appending("out.onnx")] + sizes)
  }

  @Test func headsThatDoNotFitAreRefused() throws {
    let other = try Program.run(
      "prune", try Models.gated.get(), "-o", folder.appending("out.onnx"), "--head",
      fixture("detector/head.h5"))
    #expect(other.status == 65)
    #expect(other.errors.contains("the head is 1×192"))
    let none = try prune("--head", statistics)
    #expect(none.status == 65)
    #expect(none.errors.contains("no tensor 'weight'"))
    #expect(try folder.contents().isEmpty)
  }

  @Test func sharesDecideHowManyGo() throws {
    let report = try channels(
      try prune("--stats", statistics, "--exclude-top", "0.3", "--exclude-bottom", "0.3"))
    #expect(report.values[0].fates.count == 57 + 57)
  }

  @Test func listsAndBareStatisticsAreTaken() throws {
    let keep = folder.appending("keep.json")
    let kept = (0..<192).filter { $0 % 3 != 0 }.map(String.init).joined(separator: ",")
    try writeFile("{\"value\": \"stage3.2.relu3.Relu\", \"keep\": [\(kept)]}", to: keep)
    #expect(try channels(try prune("--keep", keep)).values[0].fates.count == 64)
    let bare = folder.appending("bare.json")
    let scores = (0..<192).map { "\($0)" }.joined(separator: ",")
    try writeFile("{\"rad\": [\(scores)]}", to: bare)
    let report = try channels(
      try prune("--stats", bare, "--exclude-top", "0.01", "--exclude-bottom", "0.02"))
    #expect(report.values[0].value == "stage3.2.relu3.Relu")
    #expect(report.values[0].fates.map(\.channel) == [0, 1, 2, 191])
    let inside = try channels(
      try prune(
        "--stats", bare, "--target", "stage3.0.norm3.BatchNormalization", "--exclude-top", "0.1",
        "--exclude-bottom", "0"))
    #expect(inside.values[0].value == "stage3.0.norm3.BatchNormalization")
  }

  /// Statistics of several values close channels of all, or of those that are named.
  @Test func severalValuesAtOnce() throws {
    let path = folder.appending("two.h5")
    let code = """
      import sys, h5py, numpy as np
      rng = np.random.default_rng(1)
      with h5py.File(sys.argv[1], 'w') as f:
          f.attrs['schema'] = 'dearc.alignment/1'
          for i, (name, count) in enumerate(
                  [('stage3.2.relu3.Relu', 192), ('stage3.1.relu2.Relu', int(sys.argv[2]))]):
              g = f.create_group(f'values/{i:04}')
              g.attrs['value'], g.attrs['axis'] = name, 1
              g['rad'] = rng.standard_normal(count)
      """
    func make(_ count: Int) throws {
      let result = try runProcess(try Python.interpreter(), ["-c", code, path, "\(count)"])
      try #require(result.status == 0, "\(result.errors)")
    }
    try make(1)
    let wrong = try prune("--stats", path)
    #expect(wrong.status == 65)
    let words = wrong.errors.split(separator: " ")
    let place = try #require(words.firstIndex(of: "has"))
    try make(try #require(Int(words[place + 1])))
    let marked = folder.appending("marked.onnx")
    let both = try channels(try prune("--stats", path, "--emit-marked", marked))
    #expect(both.values.map(\.value).sorted() == ["stage3.1.relu2.Relu", "stage3.2.relu3.Relu"])
    #expect(both.values.flatMap(\.fates).allSatisfy { $0.fate == "removed" })
    let sizes = ["1,3,96,96", "2,3,65,81"].flatMap { ["--case", "image:0:\($0)"] }
    try Judge.run("judge.py", ["pair", marked, folder.appending("out.onnx")] + sizes)
    let one = try channels(try prune("--stats", path, "--target", "stage3.1.relu2.Relu"))
    #expect(one.values.map(\.value) == ["stage3.1.relu2.Relu"])
  }

  @Test func statisticsOfAnotherModelAreRefused() throws {
    let other = folder.appending("other.onnx")
    #expect(try Program.run("convert", detector, "-o", other, "--no-fold").status == 0)
    // What dearc made of the model that was measured is as good.
    let output = folder.appending("out.onnx")
    #expect(try Program.run("prune", other, "-o", output, "--stats", statistics).status == 0)
    let gated = fixture("detector/detector-gated.onnx")
    let last = folder.appending("last.onnx")
    let refused = try Program.run("prune", gated, "-o", last, "--stats", statistics)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("another model") && refused.errors.contains("--force"))
    #expect(
      try Program.run("prune", gated, "-o", last, "--stats", statistics, "--force").status == 0)
  }

  @Test(arguments: [
    (["--target", "nowhere"], "{\"rad\": [1, 2]}", 65, "no value called 'nowhere'"),
    (["--target", "image"], "{\"rad\": [1, 2, 3]}", 65, "not computed"),
    (["--target", "logit"], "{\"rad\": [1]}", 65, "output of the model"),
    ([], "{\"rad\": [1, 2, 3]}", 65, "3 entries for 'stage3.2.relu3.Relu', which has 192"),
    (["--target", "a", "--target", "b"], "{\"rad\": [1]}", 64, "--target names 2"),
    (["--target", "b"], "{\"value\": \"a\", \"rad\": [1]}", 65, "no statistics of 'b'"),
    ([], "{\"rad\": [1, nan]}", 65, "expected"),
  ])
  func whatDoesNotFitIsRefused(
    arguments: [String], text: String, status: Int, reason: String
  ) throws {
    let path = folder.appending("stats.json")
    try writeFile(text, to: path)
    let result = try runProcess(
      try Program.path(),
      ["prune", detector, "-o", folder.appending("out.onnx"), "--stats", path] + arguments)
    #expect(Int(result.status) == status)
    #expect(result.errors.contains(reason), "\(result.errors)")
    #expect(try folder.contents() == ["stats.json"])
  }

  @Test(arguments: [
    ("{\"value\": \"stage3.2.relu3.Relu\", \"keep\": [192]}", "has only 192"),
    ("{\"value\": \"x\", \"keep\": [0]}", "no value called 'x'"),
    ("{\"value\": \"x\", \"keep\": []}", "at least one channel"),
    ("{\"value\": \"x\", \"keep\": [-1]}", "from 0 on"), ("[]x", "expected"),
    ("[]", "there is no list"),
    ("{\"value\": \"x\", \"drop\": [1]}", "unknown key 'drop'"),
  ])
  func brokenListsAreRefused(text: String, reason: String) throws {
    let path = folder.appending("keep.json")
    try writeFile(text, to: path)
    let result = try prune("--keep", path)
    #expect(result.status == 65)
    #expect(result.errors.contains(reason), "\(result.errors)")
    #expect(try folder.contents() == ["keep.json"])
  }

  @Test(arguments: [
    ["--stats", "a", "--keep", "b"], ["--target", "a"], ["--emit-marked", "m.onnx"],
    ["--keep", "a", "--target", "b"],
    ["--stats", "a", "--exclude-top", "0.5", "--exclude-bottom", "0.5"],
    ["--stats", "a", "--exclude-top", "nan"], ["--stats", "a", "--scope", "all"],
    ["--stats", "a", "--emit-marked", "m.txt"], ["--flush-below", "0"], ["--flush-below", "nan"],
    ["--stats", "a", "--target", "v", "--target", "v"], ["--stats", "a", "--exclude-top=-0.1"],
    ["--stats", "a", "--exclude-bottom=-1"], ["--scope", "group"], ["--exclude-top", "0.1"],
    ["--exclude-bottom", "0.1"], ["--keep", "a", "--exclude-top", "0.1"],
  ])
  func contradictionsAreWrongUsage(arguments: [String]) throws {
    let result = try runProcess(
      try Program.path(), ["prune", "model.onnx", "-o", "out.onnx"] + arguments)
    #expect(result.status == 64)
  }
}

/// What the report says about channels, as far as these tests look at it.
private struct ChannelsReport {
  struct Fate: Decodable {
    let channel: Int
    let cause: String
    let fate: String
  }

  struct Value: Decodable {
    let value: String
    let fates: [Fate]
  }

  let values: [Value]

  init(_ json: String) throws {
    struct Document: Decodable {
      struct Channels: Decodable { let values: [Value] }
      let channels: Channels
    }
    values = try JSONDecoder().decode(Document.self, from: Data(json.utf8)).channels.values
  }
}
