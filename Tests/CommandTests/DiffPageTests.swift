import TestSupport
import Testing

/// The page of a diff, in a browser.
@Suite struct DiffPageTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// The page of the detector and what its statistics leave of it.
  private func page() throws -> String {
    let statistics = fixture("detector/alignment.h5")
    let (before, after, page) = (
      fixture("detector/detector.onnx"), folder.appending("slim.onnx"),
      folder.appending("page.html")
    )
    #expect(
      try Program.run("prune", before, "--stats", statistics, "-o", after).status == 0)
    let result = try Program.run(
      "diff", before, after, "--html", page, "--stats", statistics, "--quiet")
    #expect(result.status == 0, "\(result.errors)")
    return String(decoding: try readBytes(page), as: UTF8.self)
  }

  @Test(arguments: ["1500,1000", "700,900"], ["light", "dark"])
  func worksInABrowser(size: String, theme: String) throws {
    let script = try readBytes("\(repositoryRoot())/Tests/Judges/page_test.js")
    let tested = try page().replacing(
      "</body>", with: "<script>\(String(decoding: script, as: UTF8.self))</script></body>")
    let path = folder.appending("tested.html")
    try writeFile(tested, to: path)
    let result = try runProcess(
      "/usr/bin/env",
      [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        "--user-data-dir=\(folder.appending("profile"))", "--window-size=\(size)",
        "--blink-settings=preferredColorScheme=\(theme == "dark" ? 0 : 1)", "--dump-dom",
        "file://\(path)",
      ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("all is well"), "\(result.output.suffix(600))")
    #expect(!result.errors.contains("CONSOLE"), "\(result.errors)")
  }

  @Test func needsNoNetwork() throws {
    let page = try page()
    for sign in ["http://", "https://", "src=", "@import", "url("] {
      #expect(
        !page.replacing("http://www.w3.org/2000/svg", with: "").contains(sign), "\(sign) is in it")
    }
  }

  @Test func namesCannotBecomeMarkup() throws {
    let path = folder.appending("model.onnx")
    let name = "</script><script>alert(1)</script>"
    let model = Wire.model(
      .node("Identity", [name], ["y"]), .output("y"),
      .initializer(name, dims: [1], .bytes(9, [0, 0, 0, 64])))
    try writeFile(model.bytes, to: path)
    let page = folder.appending("page.html")
    #expect(try Program.run("diff", path, path, "--html", page).status == 0)
    let text = String(decoding: try readBytes(page), as: UTF8.self)
    #expect(text.contains("\\u003c/script>"))
    #expect(!text.contains("<script>alert"))
  }

  @Test func neverReplacesAModel() throws {
    let model = folder.appending("model.onnx")
    try writeFile(try readBytes(fixture("detector/detector.onnx")), to: model)
    #expect(try Program.run("diff", model, model, "--html", model).status == 73)
    #expect(try readBytes(model) == readBytes(fixture("detector/detector.onnx")))
    #expect(try Program.run("diff", model, model, "--stats", model).status == 64)
  }
}
