import FoundationEssentials
import TestSupport
import Testing

/// What a network answers to pictures and tensors.
@Suite struct RunTests {
  private let folder: TemporaryDirectory
  private let detector = fixture("detector/detector.onnx")
  private let samples = fixture("detector/samples/fake")

  init() throws { folder = try TemporaryDirectory() }

  @Test func picturesAreAnsweredAsByOthers() throws {
    let real = fixture("detector/samples/real")
    let result = try Program.run(
      "run", detector, samples, real, "--preprocess", "imagenet", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let answers = folder.appending("answers.json")
    try writeFile(result.output, to: answers)
    try Judge.run("run_judge.py", detector, answers)
  }

  /// A file says how its pictures are to be prepared, and whoever is made of it says so too.
  @Test func theModelStatesHowPicturesArePrepared() throws {
    let (stated, pruned) = (folder.appending("a.safetensors"), folder.appending("b.onnx"))
    let plain = try Program.run("run", detector, samples, "--preprocess", "imagenet", "--csv")
    #expect(
      try Program.run("convert", detector, "-o", stated, "--preprocess", "imagenet").status == 0)
    #expect(try Program.run("prune", stated, "-o", pruned).status == 0)
    for model in [stated, pruned] {
      let answer = try Program.run("run", model, samples, "--csv")
      #expect(answer.status == 0, "\(answer.errors)")
      let (lines, others) = (
        answer.output.split(separator: "\n"), plain.output.split(separator: "\n")
      )
      #expect(lines.count == others.count && lines.count > 5)
      #expect(lines.first == others.first)
    }
    let difference = try Program.run("diff", detector, stated)
    #expect(difference.output.contains("metadata dearc.preprocessing"))
    let unstated = try Program.run("run", detector, samples)
    #expect(unstated.status == 64)
    #expect(unstated.errors.contains("--preprocess"))
  }

  @Test func whatIsNoPictureIsSaidToBeNone() throws {
    let text = folder.appending("text.png")
    try writeFile("hello", to: text)
    let result = try Program.run(
      "run", detector, text, samples, "--preprocess", "imagenet", "--csv")
    #expect(result.status == 65)
    #expect(result.output.split(separator: "\n").count > 5)
    #expect(
      try Program.run("run", detector, folder.appending("nobody"), "--preprocess", "clip").status
        == 66)
    #expect(try Program.run("run", detector, samples, "--preprocess", "crop=x").status == 64)
  }

  @Test func tensorsThatDoNotFitAreRefused() throws {
    #expect(try Program.run("run", detector).status == 64)
    let missing = folder.appending("nobody.npy")
    #expect(try Program.run("run", detector, "--tensor", "image=\(missing)").status != 0)
    #expect(try Program.run("run", detector, "--tensor", "other=\(missing)").status == 64)
  }
}
