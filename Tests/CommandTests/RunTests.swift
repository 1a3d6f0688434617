import FoundationEssentials
import TestSupport
import Testing

/// What a network answers to pictures and tensors.
@Suite struct RunTests {
  private let folder: TemporaryDirectory
  private let detector = fixture("detector/detector.onnx")
  private let samples = fixture("detector/samples/fake")

  private static let models = Result {
    let folder = try TemporaryDirectory()
    try Judge.run("run_models.py", folder.path)
    return folder
  }

  /// One of the judge's detectors.
  private static func model(_ name: String) throws -> String {
    try models.get().appending("\(name).onnx")
  }

  init() throws { folder = try TemporaryDirectory() }

  /// How a detector answers, and what that means in dearc's words and in the judge's.
  private static let meanings: [(model: String, means: String, judged: String)] = [
    ("logit", "logit,positive=generated", #"{"kind": "logit", "positive": "generated"}"#),
    ("logit", "logit,positive=real", #"{"kind": "logit", "positive": "real"}"#),
    ("map", "logit,positive=real", #"{"kind": "logit", "positive": "real"}"#),
    ("squeezed", "logit,positive=real", #"{"kind": "logit", "positive": "real"}"#),
    (
      "probability", "probability,positive=generated,threshold=0.3",
      #"{"kind": "probability", "positive": "generated", "threshold": 0.3}"#
    ),
    ("probability", "probability,positive=real", #"{"kind": "probability", "positive": "real"}"#),
    ("classes", "softmax,generated=2", #"{"kind": "softmax", "generated": 2}"#),
    ("probabilities", "probabilities,generated=0", #"{"kind": "probabilities", "generated": 0}"#),
    ("two", "logit,positive=real,output=first", #"{"kind": "logit", "positive": "real"}"#),
    (
      "two", "softmax,generated=1,output=second",
      #"{"kind": "softmax", "generated": 1, "output": 1}"#
    ),
    ("single", "logit,positive=real", #"{"kind": "logit", "positive": "real"}"#),
    ("mixing", "logit,positive=real", #"{"kind": "logit", "positive": "real"}"#),
    ("joining", "logit,positive=real", #"{"kind": "logit", "positive": "real"}"#),
  ]

  @Test(arguments: meanings.indices)
  func picturesAreAnsweredAsByOthers(index: Int) throws {
    let (name, means, judged) = Self.meanings[index]
    let model = try Self.model(name)
    let answers = folder.appending("answers.json")
    let result = try Program.run(
      "run", model, samples, fixture("detector/samples/real"), "--preprocess", "imagenet",
      "--output-means", means, "--json")
    #expect(result.status == 0, "\(result.errors)")
    try writeFile(result.output, to: answers)
    try Judge.run("run_judge.py", model, answers, judged)
  }

  /// Each option replaces its part of what `--preprocess` or the file says.
  @Test func picturesArePreparedAsAskedFor() throws {
    let model = try Self.model("last")
    let stated = folder.appending("stated.onnx")
    #expect(
      try Program.run(
        "convert", model, "-o", stated, "--preprocess", "clip,resize=80,layout=nhwc", "--crop=60",
        "--output-means", "logit,positive=real"
      ).status == 0)
    let result = try Program.run(
      "run", stated, samples, "--json", "--mean", "0.1,-0.2,0.3", "--std", "0.5", "--resize", "70",
      "--scale", "200")
    #expect(result.status == 0, "\(result.errors)")
    let answers = folder.appending("answers.json")
    try writeFile(result.output, to: answers)
    try Judge.run(
      "run_judge.py", model, answers, #"{"kind": "logit", "positive": "real"}"#,
      #"{"mean": [0.1, -0.2, 0.3], "std": 0.5, "resize": 70, "crop": 60, "scale": 200, "layout": "nhwc"}"#
    )
    let turned = try Program.run("run", stated, samples, "--layout", "nchw")
    #expect(turned.status == 64)
    #expect(turned.errors.contains("expected f32[n, h, w, 3], found f32[1, 3, 60, 60]"))
  }

  /// Pictures that are run together are answered in the order in which they were given.
  @Test func batchesAnswerAsPicturesAlone() throws {
    let pictures = folder.appending("pictures")
    try Python.judge("run_pictures.py", [pictures])
    for name in ["logit", "classes", "joining", "mixing"] {
      let model = try Self.model(name)
      let alone = try Program.run(
        "run", model, pictures, "--preprocess", "imagenet", "--csv", "--batch", "1")
      #expect(alone.status == 0)
      for count in ["2", "3", "64"] {
        let batch = try Program.run(
          "run", model, pictures, "--preprocess", "imagenet", "--csv", "--batch", count)
        #expect(batch.status == 0)
        #expect(Self.areAlike(alone.output, batch.output), "\(name) \(count)")
        let isRefused = batch.errors.contains("they were run one by one")
        #expect(isRefused == ["joining", "mixing"].contains(name))
      }
    }
    let single = try Program.run(
      "run", try Self.model("single"), pictures, "--preprocess", "imagenet", "--batch", "2")
    #expect(single.status == 64 && single.errors.contains("a fixed number of pictures"))
  }

  /// Whether two tables have the same pictures in the same order, and numbers that differ by rounding.
  private static func areAlike(_ first: String, _ second: String) -> Bool {
    let (rows, others) = (first.split(separator: "\n"), second.split(separator: "\n"))
    return rows.count == others.count && rows.count > 20
      && zip(rows, others).dropFirst().allSatisfy { row, other in
        let (fields, found) = (row.split(separator: ","), other.split(separator: ","))
        return fields.count == found.count && fields.count > 1 && fields[0] == found[0]
          && zip(fields, found).dropFirst().allSatisfy {
            abs((Double($0) ?? .nan) - (Double($1) ?? .nan)) < 1e-4
          }
      }
  }

  /// A file says how its pictures are to be prepared and what its answers mean, and whoever is made of it says
  /// so too.
  @Test(arguments: ["a.safetensors", "a.onnx"])
  func theModelStatesWhatItTakesAndMeans(name: String) throws {
    let (stated, pruned) = (folder.appending(name), folder.appending("b.onnx"))
    let means = "logit,positive=generated"
    let plain = try Program.run(
      "run", detector, samples, "--preprocess", "imagenet", "--output-means", means, "--csv")
    #expect(
      try Program.run(
        "convert", detector, "-o", stated, "--preprocess", "imagenet", "--output-means", means
      ).status == 0)
    #expect(try Program.run("prune", stated, "-o", pruned).status == 0)
    for model in [stated, pruned] {
      let answer = try Program.run("run", model, samples, "--csv")
      #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer.errors)")
      let (lines, others) = (
        answer.output.split(separator: "\n"), plain.output.split(separator: "\n")
      )
      #expect(lines.count == others.count && lines.count > 5)
      #expect(lines.first == "picture,logit,probability,verdict,error")
      #expect(lines.dropFirst().allSatisfy { $0.hasSuffix(",generated,") })
      #expect(try Program.run("inspect", model).output.contains(means))
    }
    let difference = try Program.run("diff", detector, stated)
    #expect(difference.output.contains("metadata dearc.preprocessing"))
    #expect(difference.output.contains("metadata dearc.output"))
    let turned = try Program.run(
      "run", pruned, samples, "--csv", "--output-means", "logit,positive=real")
    #expect(!turned.output.contains(",generated,") && turned.output.contains(",real,"))
  }

  /// What is not stated is not presumed.
  @Test func withoutMeaningThereAreOnlyNumbers() throws {
    let unstated = try Program.run("run", detector, samples)
    #expect(unstated.status == 64)
    #expect(unstated.errors.contains("--preprocess"))
    let plain = try Program.run("run", detector, samples, "--preprocess", "imagenet", "--csv")
    #expect(plain.status == 0)
    #expect(plain.output.hasPrefix("picture,answer,error\n"))
    #expect(plain.errors.contains("--output-means takes logit,positive=generated"))
    let json = try Program.run("run", detector, samples, "--preprocess", "imagenet", "--json")
    #expect(!json.output.contains("verdict") && !json.output.contains("probability"))
  }

  @Test(arguments: [
    ("logit", "softmax,generated=1", "one number for each of several classes, found 1"),
    ("logit", "probability,positive=real", "expected a probability from 0 to 1, found"),
    ("logit", "logit,positive=real,output=z", "no output 'z'; its outputs are: y"),
    ("map", "probability,positive=real", "one number for each picture, found 1×"),
    ("map", "softmax,generated=0", "one number for each of several classes"),
    ("classes", "logit,positive=real", "or a map of 1×height×width, found 3"),
    ("classes", "softmax,generated=3", "generated=3 is beyond the 3 classes, which are 0 to 2"),
    ("classes", "probabilities,generated=1", "expected"),
    ("two", "logit,positive=real", "the model has 2 outputs"),
  ])
  func aMeaningThatDoesNotFitIsRefused(name: String, means: String, message: String) throws {
    let model = try Self.model(name)
    let result = try Program.run(
      "run", model, samples, "--preprocess", "imagenet", "--output-means", means)
    #expect(result.status == 64 && result.output.isEmpty)
    #expect(result.errors.contains(message), "\(result.errors)")
    let stated = folder.appending("stated.onnx")
    let conversion = try Program.run("convert", model, "-o", stated, "--output-means", means)
    // What shapes do not tell shows when the file is run, and is then the file's fault.
    guard conversion.status == 0 else { return #expect(conversion.status == 64) }
    #expect(try Program.run("run", stated, samples, "--preprocess", "imagenet").status == 65)
  }

  @Test func whatIsNoPictureIsSaidToBeNone() throws {
    let pictures = folder.appending("pictures")
    try Python.judge("run_pictures.py", [pictures])
    let text = folder.appending("pictures/05-text.png")
    try writeFile("hello", to: text)
    let common = ["--preprocess", "imagenet", "--output-means", "logit,positive=real"]
    let model = try Self.model("logit")
    let mixed = try Program.run("run", model, pictures, common[0], common[1], common[2], common[3])
    #expect(mixed.status == 65)
    #expect(mixed.errors.contains("dearc: warning: \(text): expected a JPEG, PNG or WebP picture"))
    #expect(mixed.output.contains(", 1 without an answer") && !mixed.output.contains("05-text"))
    let table = try Program.run(
      "run", model, pictures, common[0], common[1], common[2], common[3], "--csv")
    #expect(table.status == 65 && table.output.contains("05-text.png,,,,\"expected"))
    let named = try Program.run("run", model, text, samples, "--preprocess", "imagenet")
    #expect(named.status == 65 && named.output.isEmpty)
    #expect(named.errors.contains("dearc: error: \(text): expected"))
    #expect(
      try Program.run("run", model, folder.appending("nobody"), "--preprocess", "clip").status
        == 66)
  }

  @Test func whatIsNoNumberIsNoAnswer() throws {
    let model = try Self.model("none")
    let result = try Program.run(
      "run", model, samples, "--preprocess", "none", "--output-means", "logit,positive=real",
      "--json")
    #expect(result.status == 65)
    #expect(result.errors.contains("the network's answer is not a number"))
    let plain = try Program.run("run", model, samples, "--preprocess", "none", "--json")
    #expect(plain.status == 0 && plain.output.contains("null"))
  }

  @Test func outputsGoToAFolderThatIsMadeForThem() throws {
    let tensor = folder.appending("x.npy")
    _ = try Python.run(
      code: "import sys, numpy as np; np.save(sys.argv[1], np.zeros((1, 3, 32, 32), np.float32))",
      [tensor])
    let made = folder.appending("a/b")
    let result = try Program.run(
      "run", detector, "--tensor", "image=\(tensor)", "--save-outputs", made)
    #expect(result.status == 0, "\(result.errors)")
    #expect(FileManager.default.fileExists(atPath: "\(made)/logit.npy"))
    let refused = try Program.run(
      "run", detector, "--tensor", "image=\(tensor)", "--save-outputs", "\(tensor)/c")
    #expect(refused.status == 73, "\(refused.errors)")
  }

  @Test(arguments: [[], ["--output-means", "logit,positive=real"]])
  func largeAnswersAreShown(options: [String]) throws {
    let result = try runProcess(
      try Program.path(),
      ["run", try Self.model("huge"), samples, "--preprocess", "none"] + options)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("e+"))
  }

  @Test func tensorsThatDoNotFitAreRefused() throws {
    #expect(try Program.run("run", detector).status == 64)
    let missing = folder.appending("nobody.npy")
    #expect(try Program.run("run", detector, "--tensor", "image=\(missing)").status != 0)
    #expect(try Program.run("run", detector, "--tensor", "other=\(missing)").status == 64)
    let narrow = try Program.run("run", try Self.model("narrow"), "--tensor", "x=\(missing)")
    #expect(narrow.status == 64)
    #expect(narrow.errors.contains("f8e4m3fn, which numpy's files cannot hold"))
  }
}
