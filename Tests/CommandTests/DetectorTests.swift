import TestSupport
import Testing

/// DEAR's network at full size, made as its authors describe it.
@Suite(.serialized) struct DetectorTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// ResNet-50 with a stride of 1 in its first convolution and pooling, and a gate that keeps 1230
  /// of the last stage's 2048 channels; both as torch writes it with folded constants and without.
  @Test(arguments: [[], ["--unfolded"]])
  func removesWhatTheGateCloses(flags: [String]) throws {
    let (input, output) = (folder.appending("dear.onnx"), folder.appending("slim.onnx"))
    let arguments = ["resnet50", "-o", input, "--stride1-stem", "--keep", "1230"] + flags
    try Judge.run("networks.py", arguments)
    let result = try Program.run("prune", input, "-o", output, "--json")
    #expect(result.status == 0, "\(result.errors)")
    let fates = try #require(try Report(json: result.output).channels).fates
    #expect(fates.removed == 818)
    #expect(fates.folded + fates.carried + fates.kept == 0)
    try expectOnlyTheTailChanged(input, output)
    try Judge.run(
      "judge.py", "pair", input, output, "--case", "input:1,3,224,224", "--case",
      "input:1,3,160,288", "--case", "input:3,3,97,131")
  }

  /// The last convolution and the head are narrowed, one use of the skip connection is gathered,
  /// and every other layer keeps its width.
  private func expectOnlyTheTailChanged(_ input: String, _ output: String) throws {
    let expectations = folder.appending("expected.json")
    try writeFile(
      """
      {"operators": {"BatchNormalization": 0, "Mul": 0, "Gather": 1, "Conv": 53, "Add": 16},
       "weights": {"layer4.2.conv3.weight": [1230, 512, 1, 1],
                   "layer4.2.conv1.weight": [512, 2048, 1, 1],
                   "layer4.1.conv3.weight": [2048, 512, 1, 1],
                   "conv1.weight": [64, 3, 7, 7]}}
      """, to: expectations)
    try Judge.run("structure.py", output, "--expect", expectations)
  }
}
