import FoundationEssentials
import TestSupport
import Testing

/// Statistics of the small detector, measured once for several tests.
struct MeasuredStatistics {
  static let model = fixture("detector/detector.onnx")
  static let images = fixture("detector/diagnostic")
  private static let folder = Result { try TemporaryDirectory() }

  /// One run over all pictures and two values.
  static let whole = Result { try measure("whole.h5") }
  /// The three shards of that run.
  static let shards = Result { try (0..<3).map { try measure("\($0).h5", "--shard", "\($0)/3") } }
  /// Every activation.
  static let all = Result { try dissect("all.h5", "--target", "all") }

  /// Statistics of two values with further options.
  static func measure(_ name: String, _ options: String...) throws -> String {
    try dissect(
      name, options + ["--target", "stage1.0.relu3.Relu", "--target", "stage3.2.relu3.Relu"])
  }

  private static func dissect(_ name: String, _ options: String...) throws -> String {
    try dissect(name, options)
  }

  private static func dissect(_ name: String, _ options: [String]) throws -> String {
    let path = try folder.get().appending(name)
    let preprocessing = options.contains("--preprocess") ? [] : ["--preprocess", "imagenet"]
    let result = try runProcess(
      try Program.path(),
      ["dissect", model, "--images", images, "-o", path, "--quiet"] + preprocessing + options)
    #expect(result.status == 0, "\(result.errors)")
    return path
  }
}

/// `dearc stats show`.
@Suite struct StatsShowTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func judge(_ path: String, _ options: String...) throws {
    let result = try runProcess(
      try Program.path(), ["stats", "show", path, "--json"] + options)
    #expect(result.status == 0, "\(path): \(result.errors)")
    let report = try folder.write(Array(result.output.utf8), to: "report.json")
    try Judge.run("stats_judge.py", "shown", path, report)
  }

  @Test func numbersAreThoseOfNumpy() throws {
    let random = try TemporaryDirectory()
    try Judge.run("stats_judge.py", "random", random.path)
    let names = try random.contents()
    #expect(names.count == 30)
    for name in names {
      try judge(random.appending(name))
      try judge(
        random.appending(name), "--exclude-top", "0.29", "--exclude-bottom", "0.07", "--extremes",
        "40")
      try judge(random.appending(name), "--exclude-top", "0", "--exclude-bottom", "0.99")
    }
  }

  @Test func measuredNumbersAreThoseOfNumpy() throws {
    try judge(try MeasuredStatistics.all.get())
    try judge(try MeasuredStatistics.shards.get()[1], "--target", "stage3.2.relu3.Relu")
    try judge(fixture("detector/alignment.h5"))
  }

  @Test func severalValuesTakeALineEach() throws {
    let path = try MeasuredStatistics.all.get()
    let overview = try Program.run("stats", "show", path)
    #expect(overview.status == 0, "\(overview.errors)")
    #expect(overview.output.split(separator: "\n").count { $0.contains(".Relu ") } == 22)
    #expect(overview.output.contains("█"))
    #expect(!overview.output.contains("closed ━"))
    let detail = try Program.run("stats", "show", path, "--target", "stem.2.Relu")
    #expect(detail.output.contains("stem.2.Relu: RAD of 24 channels, 128 pictures"))
    #expect(detail.output.contains("closed ━") && detail.output.contains("┃") == false)
    let verbose = try Program.run("stats", "show", path, "--verbose")
    #expect(verbose.output.split(separator: "\n").count { $0.contains("RAD of ") } == 22)
    #expect(verbose.output.contains("preprocessing: imagenet"))
  }

  @Test func linesFitWhereNobodySaysHowWideTheTerminalIs() throws {
    let path = try MeasuredStatistics.whole.get()
    let text = try Program.run("stats", "show", path, "--target", "stage3.2.relu3.Relu").output
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 || $0.contains(path) })
  }

  @Test func plainListsAreShownAsFarAsTheyGo() throws {
    let path = try folder.write(Array(#"{"rad": [0.5, -0.25, 0.5, 3]}"#.utf8), to: "rad.json")
    let result = try Program.run("stats", "show", path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("(a value without a name): RAD of 4 channels"))
    #expect(result.output.contains("does not say how they were measured"))
    #expect(!result.output.contains("std. error"))
  }

  @Test func missingShardsAndInterruptionsAreSaid() throws {
    let shard = try MeasuredStatistics.shards.get()[1]
    #expect(try Program.run("stats", "show", shard).output.contains("note: 0/3, 2/3 are missing"))
    let cut = folder.appending("cut.h5")
    try writeFile(try readBytes(shard), to: cut)
    _ = try Python.run(
      code: "import h5py, sys; h5py.File(sys.argv[1], 'r+').attrs['batches_done'] = 7", [cut])
    #expect(
      try Program.run("stats", "show", cut).output.contains("interrupted run, after 7 batches"))
  }

  @Test func namesCannotMoveTheCursor() throws {
    let text = #"{"value": "a\u001b[2Jb\nc", "rad": [1, 2]}"#
    let path = try folder.write(Array(text.utf8), to: "rad.json")
    let result = try Program.run("stats", "show", path)
    #expect(result.output.contains(#"a\u{1b}[2Jb\u{a}c: RAD of 2 channels"#))
  }

  @Test func valuesThatAreNotThereAreRefused() throws {
    let path = try MeasuredStatistics.whole.get()
    let result = try Program.run("stats", "show", path, "--target", "nobody")
    #expect(result.status == 65)
    #expect(result.errors.contains("there are no statistics of 'nobody'"))
    #expect(result.errors.contains("stage3.2.relu3.Relu"))
    #expect(try Program.run("stats", "show", folder.appending("none.h5")).status == 66)
    #expect(try Program.run("stats", "show", MeasuredStatistics.model).status == 65)
  }

  @Test(arguments: [
    ["--exclude-top", "0.6", "--exclude-bottom", "0.4"], ["--exclude-top", "-0.1"],
    ["--exclude-top", "nan"], ["--extremes", "-1"], ["--target", "a", "--target", "a"],
    ["--model", "m.onnx"], ["--images", "d"], ["--model", "m.onnx", "--images", "d"],
    ["--html", "p.html", "--masks", "d"], ["--html", "p.html", "--force"],
    ["--html", "p.html", "--model", "m", "--images", "d", "--crop", "0"],
  ])
  func optionsThatMakeNoSenseAreRefused(options: [String]) throws {
    let path = try MeasuredStatistics.whole.get()
    let result = try runProcess(try Program.path(), ["stats", "show", path] + options)
    #expect(result.status == 64, "\(options): \(result.errors)")
  }
}
