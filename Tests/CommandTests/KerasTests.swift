import FoundationEssentials
import TestSupport
import Testing

/// Keras models, converted as a user converts them; Keras says what they answer.
@Suite struct KerasTests {
  private static let shardCount = 4

  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private struct Index: Decodable {
    struct Network: Decodable {
      let name: String
      let forms: [String]
    }
    let networks: [Network]
  }

  /// Converts what `script` wrote to files that end in `suffix`.
  private func convertAll(_ flags: [String] = [], suffix: String = ".onnx") throws {
    let index = try JSONDecoder().decode(
      Index.self, from: Data(try readBytes(folder.appending("index.json"))))
    #expect(!index.networks.isEmpty)
    for network in index.networks {
      for form in network.forms {
        let topology = folder.appending(network.name + ".json")
        let isBeside = FileManager.default.fileExists(atPath: topology) && form != ".keras"
        let isFull = form == ".h5" && network.forms.count > 1
        let path = folder.appending(network.name + form)
        let result = try runProcess(
          try Program.path(),
          ["convert", path, "-o", path + suffix, "--quiet"] + flags
            + (isBeside && !isFull ? ["--topology", topology] : []))
        #expect(result.status == 0, "\(network.name)\(form): \(result.errors)")
      }
    }
  }

  @Test(arguments: 0..<shardCount)
  func layersAnswerLikeKeras(shard: Int) throws {
    try Judge.run(
      "keras_judge.py", "write", folder.path, "--shard", "\(shard)/\(Self.shardCount)")
    try convertAll(["--no-fold"], suffix: ".plain.onnx")
    try Judge.run("keras_judge.py", "compare", folder.path, "--suffix", ".plain.onnx")
    try convertAll()
    try Judge.run("keras_judge.py", "compare", folder.path)
  }

  @Test func formerLayoutsAnswerLikeKeras() throws {
    try Judge.run("keras_former.py", folder.path)
    try convertAll()
    try Judge.run("keras_judge.py", "compare", folder.path)
  }

  @Test func picturesAreTurnedOnce() throws {
    try Judge.run(
      "keras_judge.py", "write", folder.path, "--only", "^(excite|rescaling|padding|flat)$")
    try convertAll(["--no-fold"])
    for model in try files(under: folder.path, suffix: ".onnx") {
      // Where a picture comes out, it is turned back.
      let isFeatureMap = !model.contains("/flat.")
      try Judge.expectStructure(
        of: model, #"{"operators": {"Transpose": \#(isFeatureMap ? 2 : 1)}}"#)
    }
  }

  @Test func picturesAreTakenChannelsFirst() throws {
    try Judge.run(
      "keras_judge.py", "write", folder.path, "--only", "^(excite|rescaling|cropping|flatten)$")
    try convertAll(["--channels-first", "--no-fold"])
    try Judge.run("keras_judge.py", "compare", folder.path, "--channels-first")
    for model in try files(under: folder.path, suffix: ".onnx") {
      try Judge.expectStructure(of: model, #"{"operators": {"Transpose": 0}}"#)
    }
  }

  /// A network like MesoNet loses what DEAR closes, through the flattening behind it, in every format.
  @Test(arguments: ["gate", "group"], [".onnx", ".safetensors"])
  func aDetectorLosesWhatIsClosed(scope: String, suffix: String) throws {
    try Judge.run("keras_judge.py", "write", folder.path, "--only", "^meso$")
    let input = try #require(
      ["h5", "keras", "weights.h5"].map { folder.appending("meso.\($0)") }
        .first { FileManager.default.fileExists(atPath: $0) })
    let topology = folder.appending("meso.json")
    let flags =
      input.hasSuffix(".weights.h5") ? ["--topology", topology] : []
    for (name, option, content) in [
      ("keep", "--keep", #"{"value": "pool4", "keep": [0, 2, 3, 5, 6, 8, 9, 11, 14]}"#),
      (
        "stats", "--stats",
        #"{"value": "conv4", "rad": [3, 1, 4, 1.5, 9, 2, 6, 5, 3.5, 8, 9.7, 7, 0, 2.2, 6.6, 4.4]}"#
      ),
    ] {
      let file = try folder.write(Array(content.utf8), to: "\(name).json")
      let (slim, marked) = (
        folder.appending(name + suffix), folder.appending("\(name)-marked.onnx")
      )
      let result = try runProcess(
        try Program.path(),
        [
          "prune", input, option, file, "--scope", scope, "--emit-marked", marked, "-o", slim,
          "--json",
        ]
          + flags)
      #expect(result.status == 0, "\(result.errors)")
      let report = try Report(json: result.output)
      #expect(try #require(report.channels).fates.removed >= 6)
      #expect(report.result.parameters < report.original.parameters * 4 / 5)
      try Judge.run("judge.py", "pair", marked, slim, "--case", "input_layer:2,64,96,3")
    }
  }
}
