import FoundationEssentials
import TestSupport
import Testing

/// The page of statistics, in a browser.
@Suite struct StatsPageTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private static let target = "stage3.2.relu3.Relu"

  /// A page with heat maps.
  private func page(_ statistics: String, _ options: String...) throws -> String {
    let path = folder.appending("page.html")
    let result = try runProcess(
      try Program.path(),
      ["stats", "show", statistics, "--html", path, "--quiet"] + options)
    #expect(result.status == 0, "\(result.errors)")
    return path
  }

  private struct Shown: Decodable {
    struct Value: Decodable { let closedChannels: [Int] }
    let values: [Value]
  }

  /// Which channels of the first value shares close, and how many heat maps there are, for the test in the page.
  private func expected(_ statistics: String, images: Int) throws -> String {
    let shares = [("0.2", "0.2"), ("0.29", "0.1"), ("0.3", "0.3"), ("0", "0"), ("0.5", "0.495")]
    let items = try shares.map { top, bottom in
      let output = try Program.run(
        "stats", "show", statistics, "--exclude-top", top, "--exclude-bottom", bottom, "--json"
      ).output
      let shown = try JSONDecoder().decode(Shown.self, from: Data(output.utf8))
      let closed = shown.values[0].closedChannels
      return #"{"top": \#(top), "bottom": \#(bottom), "closed": \#(closed), "images": \#(images)}"#
    }
    return "[\(items.joined(separator: ","))]"
  }

  private func testInBrowser(
    _ page: String, _ expected: String, size: String, theme: String
  ) throws {
    let script = try readFile("\(repositoryRoot())/Tests/Judges/stats_page_test.js")
    let text = try readFile(page).replacing(
      "</body>",
      with: "<script type=\"application/json\" id=\"expected\">\(expected)</script>"
        + "<script>\(script)</script></body>")
    let path = folder.appending("tested.html")
    try writeFile(text, to: path)
    let result = try runProcess(
      "/usr/bin/env",
      [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        "--user-data-dir=\(folder.appending("profile"))", "--window-size=\(size)",
        "--blink-settings=preferredColorScheme=\(theme == "dark" ? 0 : 1)",
        "--virtual-time-budget=20000", "--dump-dom", "file://\(path)",
      ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("all is well"), "\(result.output.suffix(600))")
    #expect(!result.errors.contains("CONSOLE"), "\(result.errors)")
  }

  @Test(arguments: ["1500,1000", "600,900"], ["light", "dark"])
  func worksInABrowser(size: String, theme: String) throws {
    let statistics = try MeasuredStatistics.whole.get()
    let page = try page(
      statistics, "--model", MeasuredStatistics.model, "--images", MeasuredStatistics.images)
    // Four channels at each end, three pictures of each, of the value that is shown.
    let expected = try expected(statistics, images: 24)
    try testInBrowser(page, expected, size: size, theme: theme)
  }

  @Test func heatMapsAreThoseOfOnnxruntimeAndPillow() throws {
    let statistics = try MeasuredStatistics.whole.get()
    let page = try page(
      statistics, "--model", MeasuredStatistics.model, "--images", MeasuredStatistics.images)
    let count = try Judge.run(
      "stats_judge.py", "heat", MeasuredStatistics.model, MeasuredStatistics.images, statistics,
      page)
    #expect(count == "48\n")
    let again = try readBytes(page)
    _ = try self.page(
      statistics, "--model", MeasuredStatistics.model, "--images", MeasuredStatistics.images)
    #expect(try readBytes(page) == again)
  }

  @Test func channelsMayComeLastOrBeOfTokens() throws {
    let (model, statistics) = (folder.appending("layouts.onnx"), folder.appending("stats.h5"))
    try Judge.run("stats_judge.py", "layouts", model)
    let measured = try Program.run(
      "dissect", model, "--images", MeasuredStatistics.images, "--preprocess", "imagenet",
      "--target", "last", "--target", "tokens", "-o", statistics, "--quiet")
    #expect(measured.status == 0, "\(measured.errors)")
    let page = try page(statistics, "--model", model, "--images", MeasuredStatistics.images)
    let count = try Judge.run(
      "stats_judge.py", "heat", model, MeasuredStatistics.images, statistics, page)
    #expect(count == "48\n")
  }

  @Test func needsNoNetwork() throws {
    let page = try readFile(
      try page(
        MeasuredStatistics.whole.get(), "--model", MeasuredStatistics.model, "--images",
        MeasuredStatistics.images))
    for sign in ["http://", "https://", "src=", "@import", "url("] {
      #expect(
        !page.replacing("http://www.w3.org/2000/svg", with: "").contains(sign), "\(sign) is in it")
    }
  }

  @Test func namesCannotBecomeMarkup() throws {
    let text = #"{"value": "</script><script>alert(1)</script>", "rad": [1, 2, 3]}"#
    let path = try folder.write(Array(text.utf8), to: "rad.json")
    let page = try readFile(try page(path))
    #expect(page.contains("\\u003c/script>"))
    #expect(!page.contains("<script>alert"))
  }

  @Test func anotherModelNeedsForce() throws {
    let statistics = try MeasuredStatistics.whole.get()
    let gated = fixture("detector/detector-gated.onnx")
    let options = [
      "stats", "show", statistics, "--html", folder.appending("p.html"), "--model", gated,
      "--images", MeasuredStatistics.images, "--quiet",
    ]
    let refused = try runProcess(try Program.path(), options)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("taken on another model"))
    #expect(try folder.contents() == [])
    let forced = try runProcess(try Program.path(), options + ["--force"])
    #expect(forced.status == 0, "\(forced.errors)")
  }

  @Test func whatCannotBeDrawnIsRefused() throws {
    let model = MeasuredStatistics.model
    let options = [
      "--html", folder.appending("p.html"), "--model", model, "--images", MeasuredStatistics.images,
    ]
    func show(_ statistics: String, _ further: [String] = []) throws -> ProcessResult {
      try runProcess(try Program.path(), ["stats", "show", statistics] + options + further)
    }
    let many = try show(try MeasuredStatistics.all.get())
    #expect(many.status == 64)
    #expect(many.errors.contains("Name up to 12 values with --target."))
    let short = try folder.write(
      Array(#"{"value": "\#(Self.target)", "rad": [1, 2]}"#.utf8), to: "short.json")
    let unfit = try show(short, ["--preprocess", "imagenet"])
    #expect(unfit.status == 65)
    #expect(unfit.errors.contains("there are 2 entries for"))
    let unstated = try show(short)
    #expect(unstated.status == 64, "\(unstated.errors)")
    let strange = try folder.write(Array(#"{"value": "x", "rad": [1]}"#.utf8), to: "x.json")
    #expect(try show(strange, ["--preprocess", "imagenet"]).status == 65)
    let tooLarge = try show(try MeasuredStatistics.whole.get(), ["--crop", "4000"])
    #expect(tooLarge.status == 65)
    #expect(tooLarge.errors.contains("no picture can be used"))
    #expect(try folder.contents() == ["short.json", "x.json"])
  }

  @Test func neverReplacesWhatItReads() throws {
    let statistics = folder.appending("stats.h5")
    let bytes = try readBytes(try MeasuredStatistics.whole.get())
    try writeFile(bytes, to: statistics)
    #expect(try Program.run("stats", "show", statistics, "--html", statistics).status == 73)
    #expect(try readBytes(statistics) == bytes)
    let pictures = folder.appending("pictures")
    try Judge.run("diagnostic_set.py", pictures, "2")
    let mask = "\(pictures)/00001_mask.png"
    let before = try readBytes(mask)
    let result = try Program.run(
      "stats", "show", statistics, "--html", mask, "--model", MeasuredStatistics.model, "--images",
      pictures)
    #expect(result.status == 73, "\(result.errors)")
    #expect(try readBytes(mask) == before)
  }
}
