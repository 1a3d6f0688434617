import FoundationEssentials
import TestSupport
import Testing

/// Where along the network two models part, on pictures.
@Suite struct ActivationTests {
  private struct Diff: Decodable {
    struct Axis: Decodable {
      let axis: Int
      let extent: Int
      let before: [Int]
      let after: [Int]
    }
    struct Value: Decodable {
      let before: String
      let after: String
      let axes: [Axis]
      let growth: Double
      let parts: Bool
    }
    struct Uncompared: Decodable {
      let before: String
      let reason: String
    }
    struct Unreadable: Decodable {
      let path: String
    }
    struct Activations: Decodable {
      let pictures: Int
      let unreadable: [Unreadable]
      let values: [Value]
      let firstParting: Int?
      let steepest: [Int]
      let uncompared: [Uncompared]

      /// The first value that is too far away, by its name before.
      var parting: String? { firstParting.map { values[$0].before } }

      /// The value of this name before.
      func value(_ name: String) -> Value? { values.first { $0.before == name } }
    }
    let activations: Activations
  }

  private let folder: TemporaryDirectory
  private var pictures: String { folder.appending("pictures") }

  init() throws { folder = try TemporaryDirectory() }

  private func makePictures(_ count: Int, width: Int, height: Int) throws {
    try Judge.run("picture_judge.py", "pictures", pictures, "\(count)", "\(width)", "\(height)")
  }

  private func diff(
    _ before: String, _ after: String, images: String? = nil, preprocess: String = "none",
    tolerance: String = "1e-3"
  ) throws -> (json: String, Diff.Activations) {
    let result = try Program.run(
      "diff", before, after, "--activations", "--images", images ?? pictures, "--preprocess",
      preprocess, "--rtol", tolerance, "--json")
    #expect(result.status == 0, "\(result.errors)")
    let report = try JSONDecoder().decode(Diff.self, from: Data(result.output.utf8))
    return (result.output, report.activations)
  }

  /// Networks that lost channels, were renamed, folded and stored in half precision or as bytes.
  @Test func distancesAreThoseThatOthersFind() throws {
    try Judge.run("diff_judge.py", "write", folder.path, "15")
    try makePictures(3, width: 16, height: 16)
    var narrowed = 0
    for number in 0..<15 {
      let models = ["a", "b"].map { folder.appending("\(number).\($0).onnx") }
      let (json, found) = try diff(models[0], models[1])
      narrowed += found.values.count { !$0.axes.isEmpty }
      let report = folder.appending("\(number).json")
      try writeFile(json, to: report)
      try Judge.run(
        "picture_judge.py", "activations", models[0], models[1], pictures, report)
    }
    #expect(narrowed > 50)
  }

  @Test func aFaultIsFoundWhereItIs() throws {
    try Judge.run("fault_models.py", folder.path)
    try makePictures(3, width: 33, height: 40)
    let sound = folder.appending("sound.onnx")
    for name in ["swapped", "pad"] {
      let found = try diff(sound, folder.appending("\(name).onnx")).1
      #expect(found.parting == "down.norm", "\(name)")
      #expect(found.steepest.contains { found.values[$0].before == "down.norm" })
    }
    // What is allowed is up to the user.
    #expect(try diff(sound, folder.appending("swapped.onnx"), tolerance: "1e3").1.parting == nil)
    // What folding took away has no counterpart, and is no difference.
    let same = try diff(sound, folder.appending("same.onnx")).1
    #expect(same.parting == nil && same.steepest.isEmpty)
    #expect(same.value("inner.norm")?.after == "inner.norm")
    #expect(same.value("inner.conv") == nil && same.values.count > 8)
    let text = try Program.run(
      "diff", sound, folder.appending("swapped.onnx"), "--activations", "--images", pictures,
      "--preprocess", "none")
    #expect(text.output.contains("They part first at BatchNormalization 'down.bn'"))
  }

  /// Folding a factor across an activation changes what that holds, and is no difference either.
  @Test func whereAFactorWasFoldedAcrossAValueThatIsNotCompared() throws {
    let (model, folded) = (folder.appending("model.onnx"), folder.appending("folded.onnx"))
    try Judge.run("picture_judge.py", "rescaled", model)
    try makePictures(2, width: 24, height: 20)
    #expect(try Program.run("convert", model, "-o", folded).status == 0)
    for (before, after) in [(model, folded), (folded, model)] {
      let found = try diff(before, after).1
      #expect(found.parting == nil)
      #expect(Set(found.uncompared.map(\.before)).isSuperset(of: ["act"]), "\(found.uncompared)")
      #expect(found.uncompared.allSatisfy { $0.reason.contains("factor") })
      #expect(found.value("second") != nil && found.value("scores") != nil)
    }
    // Neither is folded, so both hold the same.
    let both = try diff(model, model).1
    #expect(both.uncompared.isEmpty && both.value("act") != nil)
  }

  /// Of what lost channels, those that are left are compared.
  @Test func keptChannelsAreComparedWithThemselves() throws {
    let (gated, slim) = (fixture("detector/detector-gated.onnx"), folder.appending("slim.onnx"))
    #expect(try Program.run("prune", gated, "-o", slim).status == 0)
    let samples = fixture("detector/samples/fake")
    let found = try diff(gated, slim, images: samples, preprocess: "imagenet").1
    #expect(found.pictures == 8)
    #expect(found.parting == nil)
    let narrowed = found.values.filter { !$0.axes.isEmpty }
    #expect(narrowed.count >= 2)
    for axis in narrowed.flatMap(\.axes) {
      #expect(axis.axis == 1 && axis.extent == 192 && axis.before.count == 116)
      #expect(axis.after == Array(0..<116))
    }
    // Closing channels changes the answer and, of what is left of it, nothing before.
    let closed = try diff(
      fixture("detector/detector.onnx"), slim, images: samples, preprocess: "imagenet"
    ).1
    #expect(closed.parting == "logit")
    #expect(closed.steepest.map { closed.values[$0].before } == ["logit"])
  }

  /// What pruning leaves equals what it was, also behind shuffles, means, attention and joined layers.
  @Test(arguments: [4000, 4001, 4002, 4005, 4026, 4038, 4044, 4046, 4050])
  func whatIsPrunedWithoutLossPartsNowhere(seed: Int) throws {
    let (model, pruned) = (folder.appending("model.onnx"), folder.appending("pruned.onnx"))
    try Judge.run("picture_judge.py", "random", "\(seed)", model, pictures)
    #expect(try Program.run("prune", model, "-o", pruned).status == 0)
    let found = try diff(model, pruned).1
    #expect(found.parting == nil, "\(found.parting ?? "")")
    #expect(!found.values.isEmpty)
  }

  @Test func thePageShowsWhereModelsPart() throws {
    try Judge.run("fault_models.py", folder.path)
    try makePictures(1, width: 16, height: 16)
    let page = folder.appending("page.html")
    let models = ["sound", "swapped"].map { folder.appending("\($0).onnx") }
    let options = ["--activations", "--images", pictures, "--preprocess", "none", "--quiet"]
    let result = try runProcess(
      try Program.path(), ["diff"] + models + options + ["--html", page])
    #expect(result.status == 0, "\(result.errors)")
    let text = String(decoding: try readBytes(page), as: UTF8.self)
    #expect(text.contains("\"Activations: parted first here\""))
    #expect(try Program.run("diff", models[0], models[1], "--html", page, "--quiet").status == 0)
    let plain = String(decoding: try readBytes(page), as: UTF8.self)
    #expect(!plain.contains("\"Activations"))
  }

  @Test func whatCannotBeReadIsCounted() throws {
    let model = folder.appending("model.onnx")
    try Judge.run("picture_judge.py", "rescaled", model)
    try makePictures(2, width: 16, height: 16)
    try writeFile("hello", to: "\(pictures)/text.png")
    let found = try diff(model, model).1
    #expect(found.pictures == 2 && found.unreadable.map(\.path) == ["\(pictures)/text.png"])
  }

  @Test func whatCannotBeComparedIsRefused() throws {
    try Judge.run("diff_judge.py", "write", folder.path, "1")
    try makePictures(1, width: 20, height: 16)
    let (model, empty) = (folder.appending("0.a.onnx"), folder.appending("empty"))
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
    func run(_ options: String...) throws -> ProcessResult {
      try runProcess(try Program.path(), ["diff", model, model] + options)
    }
    #expect(try run("--activations").status == 64)
    #expect(try run("--images", pictures).status == 64)
    #expect(try run("--activations", "--images", pictures, "--rtol", "-1").status == 64)
    let unstated = try run("--activations", "--images", pictures)
    #expect(unstated.status == 64 && unstated.errors.contains("--preprocess"))
    let stated = ["--activations", "--preprocess", "none", "--images"]
    #expect(
      try runProcess(try Program.path(), ["diff", model, model] + stated + [empty]).status == 66)
    let wrong = try runProcess(try Program.path(), ["diff", model, model] + stated + [pictures])
    #expect(wrong.status == 64)
    #expect(
      wrong.errors.contains("000.png") && wrong.errors.contains("3, 16, 16]"), "\(wrong.errors)")
    let other = try Models.gated.get()
    let unrelated = try runProcess(
      try Program.path(), ["diff", other, folder.appending("0.a.onnx")] + stated + [pictures])
    #expect(unrelated.status == 65 && unrelated.errors.contains("too little in common"))
  }
}
