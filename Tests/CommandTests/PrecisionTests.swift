import FoundationEssentials
import TestSupport
import Testing

/// Weights stored in fewer bits, judged by numpy and onnxruntime.
@Suite struct PrecisionTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private static let detector = fixture("detector/detector.onnx")
  static let types = ["f16", "bf16", "i8"]

  private struct Report: Decodable {
    struct Precision: Decodable {
      struct Tensor: Decodable {
        let name: String
        let dtype: String
        let relativeError: Double?
        let reason: String?
      }
      let dtype: String?
      let changed: Int
      let kept: Int
      let tensors: [Tensor]
    }
    struct Counts: Decodable {
      let parameters: Int
      let fileBytes: Int
    }
    let original: Counts
    let result: Counts
    let precision: Precision?
  }

  @discardableResult
  private func dearc(_ arguments: String...) throws -> String {
    let result = try runProcess(try Program.path(), arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return result.output
  }

  private func report(_ output: String) throws -> Report {
    try JSONDecoder().decode(Report.self, from: Data(output.utf8))
  }

  @Test(arguments: types, [".onnx", ".safetensors"])
  func theDetectorAnswersAsItsRoundedWeightsSay(dtype: String, suffix: String) throws {
    let (base, compact) = (folder.appending("base.onnx"), folder.appending("compact" + suffix))
    try dearc("convert", Self.detector, "-o", base)
    let output = try dearc("convert", Self.detector, "-o", compact, "--dtype", dtype, "--json")
    let report = try report(output)
    let precision = try #require(report.precision)
    #expect(precision.dtype == dtype && precision.changed == 23 && precision.kept == 29)
    #expect(precision.tensors.filter { $0.reason == nil }.allSatisfy { $0.dtype == dtype })
    #expect(report.result.fileBytes * (dtype == "i8" ? 3 : 1) < report.original.fileBytes)
    try Judge.run(
      "precision_judge.py", "check", base, compact, dtype, "--case", "image:1,3,64,96", "--case",
      "image:2,3,97,65")
  }

  @Test(arguments: types)
  func networksAnswerAsTheirRoundedWeightsSay(dtype: String) throws {
    try Judge.run("precision_judge.py", "make", folder.path)
    for name in ["convolutions", "products", "shared", "special", "bodies"] {
      let input = folder.appending("\(name).onnx")
      for flags in [[], ["--no-fold"]] {
        let (base, compact) = (folder.appending("base.onnx"), folder.appending("compact.onnx"))
        try runChecked(["convert", input, "-o", base] + flags)
        try runChecked(["convert", input, "-o", compact, "--dtype", dtype] + flags)
        let sizes = name == "convolutions" ? ["--case", "x:2,32,9,11"] : []
        try Judge.run("precision_judge.py", ["check", base, compact, dtype] + sizes)
      }
    }
  }

  private func runChecked(_ arguments: [String]) throws {
    let result = try runProcess(try Program.path(), arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
  }

  @Test(arguments: types)
  func outputIsTheSameEveryTime(dtype: String) throws {
    let paths = ["first.onnx", "second.onnx"].map(folder.appending)
    for path in paths { try dearc("prune", Self.detector, "-o", path, "--dtype", dtype) }
    #expect(try readBytes(paths[0]) == readBytes(paths[1]))
  }

  @Test func f32ChangesNothing() throws {
    let (plain, single) = (folder.appending("plain.onnx"), folder.appending("single.onnx"))
    try dearc("convert", Self.detector, "-o", plain)
    #expect(
      try report(dearc("convert", Self.detector, "-o", single, "--dtype", "f32", "--json"))
        .precision
        == nil)
    try Judge.run("judge.py", "--tolerance", "0", "pair", plain, single)
  }

  // MARK: Reading compact files

  /// What is read in a compact form stays so, with the same answers, and is the same network.
  @Test(arguments: types)
  func compactFilesStayCompact(dtype: String) throws {
    let names = ["compact.onnx", "converted.onnx", "pruned.onnx", "single.onnx"]
    let paths = names.map(folder.appending)
    try dearc("convert", Self.detector, "-o", paths[0], "--dtype", dtype)
    try dearc("convert", paths[0], "-o", paths[1])
    try dearc("prune", paths[0], "-o", paths[2])
    try dearc("convert", paths[0], "-o", paths[3], "--dtype", "f32")
    for path in paths.dropFirst() {
      try Judge.run("judge.py", "--tolerance", "0", "pair", paths[0], path)
    }
    let size = try readBytes(paths[0]).count
    #expect(try readBytes(paths[1]).count < size + 1000)
    #expect(try readBytes(paths[2]).count < size + 1000)
    #expect(try readBytes(paths[3]).count > size * 3 / 2)
    #expect(try dearc("inspect", paths[0]).contains("317 777"))
    let same = try dearc("diff", paths[0], paths[3])
    #expect(same.contains("57 of 80 nodes are in both; 23 nodes folded."), "\(same)")
    #expect(!same.contains("weights changed"))
    let difference = try dearc("diff", Self.detector, paths[0])
    #expect(difference.contains("57 of 82 nodes are in both"), "\(difference)")
  }

  /// Channels are closed through compact weights, which become no others thereby.
  @Test(arguments: types)
  func compactFilesArePruned(dtype: String) throws {
    let (compact, marked) = (folder.appending("compact.onnx"), folder.appending("marked.onnx"))
    let slim = folder.appending("slim.onnx")
    try dearc("convert", Self.detector, "-o", compact, "--dtype", dtype)
    let output = try dearc(
      "prune", compact, "-o", slim, "--emit-marked", marked, "--force", "--stats",
      fixture("detector/alignment.h5"), "--head", fixture("detector/head.safetensors"), "--json")
    let report = try report(output)
    #expect(report.precision?.kept == 0 && report.precision?.dtype == nil)
    // What prune removes, inspect sees.
    #expect(try !dearc("inspect", marked, "--channels").contains("nothing to remove"))
    #expect(report.result.fileBytes < report.original.fileBytes)
    try Judge.run("judge.py", "pair", marked, slim, "--case", "image:2,3,64,96")
  }

  // MARK: What is refused, what is said

  @Test func hdf5HasNoPlaceForCompactWeights() throws {
    for command in ["convert", "prune"] {
      let result = try Program.run(
        command, Self.detector, "-o", folder.appending("w.h5"), "--dtype", "f16")
      #expect(result.status == 64)
      #expect(result.errors.contains(".onnx or .safetensors"))
    }
    let unknown = try Program.run(
      "convert", Self.detector, "-o", folder.appending("a.onnx"), "--dtype", "f8")
    #expect(unknown.status == 64)
    #expect(try folder.contents().isEmpty)
  }

  /// The operator set is never raised unasked.
  @Test(arguments: [("f16", 0), ("bf16", 65), ("i8", 65)])
  func oldOperatorSetsLackSomeTypes(dtype: String, status: Int32) throws {
    let (old, output) = (folder.appending("old.onnx"), folder.appending("output.onnx"))
    try Python.run(
      code: """
        import sys, onnx
        model = onnx.load(sys.argv[1])
        model.opset_import[0].version = 12
        onnx.save(model, sys.argv[2])
        """, [Self.detector, old])
    let result = try Program.run("convert", old, "-o", output, "--dtype", dtype)
    #expect(result.status == status, "\(result.errors)")
    guard status != 0 else { return }
    #expect(result.errors.contains("operator set 12") && result.errors.contains("13 or newer"))
    #expect(result.errors.contains("--dtype f16 works with it"))
    #expect(try folder.contents() == ["old.onnx"])
  }

  @Test func theSummarySaysWhatStayed() throws {
    let output = folder.appending("compact.onnx")
    let short = try dearc("convert", Self.detector, "-o", output, "--dtype", "f16")
    #expect(short.contains("23 tensors stored as f16, 29 kept as they are: 29 × fewer than 1024"))
    #expect(!short.contains("stage1.0.conv2.weight "))
    let long = try dearc("convert", Self.detector, "-o", output, "--dtype", "f16", "--verbose")
    #expect(long.contains("stage1.0.conv2.weight"))
    let bytes = String(decoding: try readBytes(output), as: UTF8.self)
    #expect(bytes.contains(#""command":["convert","--dtype","f16"]"#))
  }
}
