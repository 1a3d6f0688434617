import Testing

@testable import dearc

@Suite struct RenderingTests {
  @Test func columnsAlignAndShrink() {
    var table = Table([.init("name"), .init("count", .right)])
    table.add(["/layer4/layer4.2/conv3/Conv", "7"])
    table.add(["fc", "1024"])
    let plain = TextStyle(isColored: false)
    #expect(
      table.lines(width: nil, style: plain) == [
        "name                         count",
        "/layer4/layer4.2/conv3/Conv      7",
        "fc                            1024",
      ])
    #expect(
      table.lines(width: 20, style: plain) == [
        "name           count", "/layer…3/Conv      7", "fc              1024",
      ])
  }

  @Test func namesCannotControlTheTerminal() {
    var table = Table([.init("")])
    table.add(["a\u{1B}[2Jb\nc\u{202E}d"])
    #expect(
      table.lines(width: nil, style: TextStyle(isColored: false)) == [
        "a\\u{1b}[2Jb\\u{a}c\\u{202e}d"
      ])
    #expect(printable("/conv1/Conv_output_0 ünï") == "/conv1/Conv_output_0 ünï")
  }

  @Test func emphasisNeedsColor() {
    #expect(TextStyle(isColored: false).bold("x") == "x")
    #expect(TextStyle(isColored: true).bold("x") == "\u{1B}[1mx\u{1B}[0m")
    #expect(TextStyle.isColored(.always, on: .output))
    #expect(!TextStyle.isColored(.never, on: .output))
  }

  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1 000"), (-23_508_032, "-23 508 032")])
  func groupsDigits(number: Int, text: String) {
    #expect(Quantities.grouped(number) == text)
  }

  @Test func scalesNumbers() {
    #expect(Quantities.scaled(999) == "999")
    #expect(Quantities.scaled(4_089_284_608) == "4.09 G")
    #expect(Quantities.bytes(512) == "512 B")
    #expect(Quantities.bytes(23_590_724) == "23.59 MB")
    #expect(Quantities.fixed(-0.05, digits: 1) == "-0.1")
    #expect(Quantities.fixed(2.004, digits: 2) == "2.00")
    #expect(Quantities.fixed(-1e30, digits: 2) == "-1e+30")
    #expect(Quantities.fixed(.infinity, digits: 2) == "inf")
    #expect(Quantities.duration(.milliseconds(3)) == "3.0 ms")
    #expect(Quantities.duration(.milliseconds(1250)) == "1.25 s")
  }

  @Test func statesChanges() {
    #expect(Quantities.change(from: 1000, to: 982) == "−1.8 %")
    #expect(Quantities.change(from: 10, to: 11) == "+10.0 %")
    #expect(Quantities.change(from: 10, to: 10) == "")
    #expect(Quantities.change(from: 0, to: 10) == "")
  }

  @Test func failuresAreOneLineAndHints() {
    let failure = Failure(
      status: .malformedInput, file: "a\nb.onnx", message: "expected a graph", hints: ["try that"])
    #expect(failure.lines == ["dearc: error: a\\u{a}b.onnx: expected a graph", "  try that"])
  }

  @Test func talliesKeepTheirOrder() {
    let tally = Tally(["b", "a", "b"])
    #expect(tally.entries.map(\.entry) == ["b", "a"])
    #expect(tally.entries.map(\.count) == [2, 1])
  }
}
