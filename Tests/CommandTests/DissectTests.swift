import FoundationEssentials
import TestSupport
import Testing

/// Alignment statistics from pictures and masks, judged by onnxruntime and the formula of DEAR's reference code.
@Suite struct DissectTests {
  private let folder: TemporaryDirectory
  private let detector = fixture("detector/detector.onnx")
  private let diagnostic = fixture("detector/diagnostic")

  init() throws { folder = try TemporaryDirectory() }

  private func dissect(
    _ output: String, images: String? = nil, _ options: String...
  ) throws -> ProcessResult {
    try dissect(output, images: images, options)
  }

  private func dissect(
    _ output: String, images: String?, _ options: [String]
  ) throws -> ProcessResult {
    try runProcess(
      try Program.path(),
      [
        "dissect", detector, "--images", images ?? diagnostic, "--preprocess", "imagenet", "-o",
        output,
      ]
        + options)
  }

  private func mixedPictures(_ count: Int = 24) throws -> String {
    let pictures = folder.appending("mixed")
    try Judge.run("diagnostic_set.py", pictures, "\(count)")
    return pictures
  }

  @Test(arguments: [[], ["--crop", "39", "--seed", "5"]])
  func everyActivationIsMeasuredAsByTheReference(options: [String]) throws {
    let (pictures, output) = (try mixedPictures(), folder.appending("s.h5"))
    let result = try runProcess(
      try Program.path(),
      [
        "dissect", detector, "--images", pictures, "--preprocess", "imagenet", "-o", output,
        "--target",
        "all",
      ] + options)
    #expect(result.status == 0, "\(result.errors)")
    try Judge.run("dissect_judge.py", [output, detector, pictures] + options)
  }

  /// Channels may lie last, and tokens make a map behind one that stands for the whole picture.
  @Test(arguments: [
    ("last", ["map", "last"], []), ("tokens", ["patches", "tokens"], []),
    ("tokens", ["tokens"], ["--tokens", "8x6"]),
  ])
  func channelsAreFoundWhereverTheyLie(
    kind: String, targets: [String], options: [String]
  ) throws {
    try Judge.run("dissect_models.py", kind, folder.path)
    let (model, pictures) = (folder.appending("\(kind).onnx"), folder.appending("pictures"))
    try Judge.run("diagnostic_set.py", pictures, "7", "--size", "48x64")
    let output = folder.appending("s.h5")
    let result = try runProcess(
      try Program.path(),
      ["dissect", model, "--images", pictures, "--preprocess", "imagenet", "-o", output] + options
        + targets.flatMap { ["--target", $0] })
    #expect(result.status == 0, "\(result.errors)")
    try Judge.run("dissect_judge.py", output, model, pictures, "--tokens", "8x6")
  }

  @Test func tokensThatMakeNoMapAreRefused() throws {
    try Judge.run("dissect_models.py", "tokens", folder.path)
    let (model, pictures) = (folder.appending("tokens.onnx"), folder.appending("pictures"))
    try Judge.run("diagnostic_set.py", pictures, "2", "--size", "48x64")
    let result = try Program.run(
      "dissect", model, "--images", pictures, "--preprocess", "none", "-o",
      folder.appending("s.h5"),
      "--target", "tokens", "--tokens", "9x9")
    #expect(result.status == 65, "\(result.errors)")
    #expect(result.errors.contains("49"), "\(result.errors)")
  }

  @Test func theStatisticsThatShipAreFoundAgain() throws {
    let output = folder.appending("s.h5")
    #expect(try dissect(output).status == 0)
    let difference = try Judge.run(
      "statistics_difference.py", output, fixture("detector/alignment.h5"))
    #expect(try #require(Double(difference.trimmed)) < 1e-6)
  }

  /// Whatever is run together, and however it is shared out, the same pictures are counted.
  @Test func shardsOfAnyNumberMakeTheSame() throws {
    let pictures = try mixedPictures()
    let whole = folder.appending("whole.h5")
    #expect(try dissect(whole, images: pictures, "--crop", "40", "--batch", "2").status == 0)
    for count in [1, 3, 7] {
      let shards = try (0..<count).map { index in
        let output = folder.appending("\(index)-\(count).h5")
        let result = try dissect(
          output, images: pictures, "--crop", "40", "--batch", "2", "--shard", "\(index)/\(count)")
        #expect(result.status == 0, "\(result.errors)")
        return output
      }
      let difference = try Judge.run("statistics_difference.py", [whole] + shards)
      #expect(try #require(Double(difference.trimmed)) < 1e-12)
    }
  }

  /// One shard does not know what another counts.
  @Test func aPictureInTwoShardsIsCountedOnce() throws {
    let (pictures, whole) = (try mixedPictures(4), folder.appending("whole.h5"))
    for part in ["inpaint", "mask"] {
      let first = try readBytes("\(pictures)/00000_\(part).png")
      for copy in 0..<3 { try writeFile(first, to: "\(pictures)/0000\(copy)b_\(part).png") }
    }
    #expect(try dissect(whole, images: pictures, "--batch", "1").status == 0)
    let shards = try (0..<2).map { index in
      let output = folder.appending("\(index).h5")
      let result = try dissect(
        output, images: pictures, "--batch", "1", "--shard", "\(index)/2")
      #expect(result.status == 0, "\(result.errors)")
      return output
    }
    let difference = try Judge.run("statistics_difference.py", [whole] + shards)
    #expect(try #require(Double(difference.trimmed)) < 1e-12)
  }

  @Test func moreShardsThanBatchesAreRefused() throws {
    let output = folder.appending("s.h5")
    let result = try dissect(output, images: try mixedPictures(4), "--batch", "4", "--shard", "0/9")
    #expect(result.status == 64)
    #expect(result.errors.contains("too few for so many shards"))
    #expect(try folder.contents() == ["mixed"])
  }

  @Test func onePictureIsOne() throws {
    let result = try dissect(folder.appending("s.h5"), images: try mixedPictures(1))
    #expect(result.output.contains("Counted 1 picture.\n"), "\(result.output)")
    let shown = try Program.run("stats", "show", folder.appending("s.h5"))
    #expect(shown.output.contains("Counted 1 picture.\n"), "\(shown.output)")
  }

  @Test func picturesThatCannotBeUsedAreCounted() throws {
    let pictures = try mixedPictures(6)
    try writeFile("no picture", to: "\(pictures)/00001_inpaint.png")
    try writeFile("no mask", to: "\(pictures)/00002_mask.png")
    removeFile("\(pictures)/00004_mask.png")
    let again = try readBytes("\(pictures)/00000_inpaint.png")
    try writeFile(again, to: "\(pictures)/00000b_inpaint.png")
    try writeFile(try readBytes("\(pictures)/00000_mask.png"), to: "\(pictures)/00000b_mask.png")
    let output = folder.appending("s.h5")
    let result = try dissect(output, images: pictures, "--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("00001_inpaint.png") && result.errors.contains("00002_mask.png"))
    #expect(result.errors.contains("00004_inpaint.png has no mask"))
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(report == Report(images: 3, unreadable: 2, repeated: 1, wasComplete: false))
    let strict = try dissect(folder.appending("t.h5"), images: pictures, "--max-bad", "1")
    #expect(strict.status == 65)
    #expect(strict.errors.contains("--max-bad"))
    #expect(!FileManager.default.fileExists(atPath: folder.appending("t.h5")))
  }

  private struct Report: Decodable, Equatable {
    let images: Int
    let unreadable: Int
    let repeated: Int
    let wasComplete: Bool
  }

  @Test func anInterruptedRunGoesOn() throws {
    let pictures = folder.appending("large")
    try Judge.run("diagnostic_set.py", pictures, "6", "--size", "640x512")
    let (whole, output) = (folder.appending("whole.h5"), folder.appending("s.h5"))
    #expect(try dissect(whole, images: pictures, "--batch", "1").status == 0)
    // The fourth picture ends the run, and what was put aside before stays, as if it had been killed.
    let fourth = "\(pictures)/00003_inpaint.jpg"
    let bytes = try readBytes(fourth)
    try writeFile(Array(bytes.prefix(2000)), to: fourth)
    let failed = try dissect(
      output, images: pictures, "--batch", "1", "--max-bad", "0", "--save-every", "0")
    #expect(failed.status == 65, "\(failed.errors)")
    try writeFile(bytes, to: fourth)
    let refused = try dissect(output, images: pictures, "--batch", "1")
    #expect(refused.status == 64)
    #expect(refused.errors.contains("--resume"))
    let early = try Program.run(
      "prune", detector, "--stats", output + ".partial", "-o", folder.appending("early.onnx"))
    #expect(early.status == 65)
    #expect(early.errors.contains("interrupted"), "\(early.errors)")
    let other = try dissect(output, images: pictures, "--batch", "2", "--resume")
    #expect(other.status == 64)
    let resumed = try dissect(output, images: pictures, "--batch", "1", "--resume", "--json")
    #expect(resumed.status == 0, "\(resumed.errors)")
    let difference = try Judge.run("statistics_difference.py", whole, output)
    #expect(try #require(Double(difference.trimmed)) < 1e-15)
    let complete = try dissect(output, images: pictures, "--batch", "1", "--resume", "--json")
    #expect(complete.output.contains("\"wasComplete\" : true"))
    #expect(try folder.contents().filter { $0.hasSuffix(".partial") } == [])
  }

  /// What an interrupted run left may be of other values, or of fewer pictures than there are now.
  @Test func runsGoOnFromTheirOwnOnly() throws {
    let (pictures, output) = (try mixedPictures(5), folder.appending("s.h5"))
    let options = ["--batch", "1", "--resume"]
    #expect(try dissect(output, images: pictures, "--batch", "1").status == 0)
    let map = "stem.2.Relu"
    let complete = try dissect(output, images: pictures, options + ["--target", map])
    #expect(complete.status == 73, "\(complete.errors)")
    #expect(complete.errors.contains("something else"))
    let (whole, partial) = (output, folder.appending("t.h5"))
    let damages = [
      "pass", "del file['values/0000/rad_m2']", "file.attrs['batches_done'] = 6",
    ]
    for damage in damages {
      let code = """
        import sys, shutil, h5py
        shutil.copy(sys.argv[1], sys.argv[2])
        with h5py.File(sys.argv[2], "r+") as file:
            file.attrs["batches_done"] = 5
            \(damage)
        """
      try Python.run(code: code, [whole, partial + ".partial"])
      let isSame = damage == "pass"
      let other = try dissect(partial, images: pictures, options + ["--target", map])
      #expect(other.status == 64, "\(other.errors)")
      #expect(other.errors.contains("other options"))
      let same = try dissect(partial, images: pictures, options)
      #expect(same.status == (isSame ? 0 : 64), "\(damage): \(same.errors)")
      removeFile(partial)
    }
  }

  @Test func whatIsNotFiniteIsNotCounted() throws {
    try Judge.run("dissect_models.py", "large", folder.path)
    let (pictures, output) = (try mixedPictures(4), folder.appending("s.h5"))
    for (target, status) in [("map", Int32(0)), ("large", 65)] {
      let result = try Program.run(
        "dissect", folder.appending("large.onnx"), "--images", pictures, "--preprocess", "none",
        "-o",
        output, "--target", target, "--json")
      #expect(result.status == status, "\(result.errors)")
      #expect(result.errors.contains("'large' is not finite on it") == (status == 65))
    }
  }

  @Test func channelsOfAnotherNumberAreRefused() throws {
    try Judge.run("dissect_models.py", "last", folder.path)
    let (pictures, output) = (try mixedPictures(6), folder.appending("s.h5"))
    let result = try Program.run(
      "dissect", folder.appending("last.onnx"), "--images", pictures, "--preprocess", "none", "-o",
      output, "--target", "turned")
    #expect(result.status == 64, "\(result.errors)")
    #expect(result.errors.contains("on pictures before"), "\(result.errors)")
  }

  /// That is said before anything is measured.
  @Test func noInputIsReplaced() throws {
    let pictures = try mixedPictures(4)
    let mask = "\(pictures)/00001_mask.png"
    let before = try readBytes(mask)
    for output in [mask, pictures] {
      let result = try dissect(output, images: pictures)
      #expect(result.status == 73, "\(result.errors)")
      #expect(!result.errors.contains("pictures a second"))
    }
    #expect(try readBytes(mask) == before)
    #expect(try folder.contents() == ["mixed"])
  }

  /// Pixels that were not divided by 255 show at the first normalisation.
  @Test func aWrongScaleIsWarnedOf() throws {
    let output = folder.appending("s.h5")
    let usual = try dissect(output)
    #expect(!usual.errors.contains("warning"), "\(usual.errors)")
    let wrong = try dissect(output, "--scale", "1", "--force")
    #expect(wrong.status == 0)
    #expect(wrong.errors.contains("times the variance of its training"), "\(wrong.errors)")
  }

  @Test func nothingIsMeasuredOfWhatIsNoFeatureMap() throws {
    let output = folder.appending("s.h5")
    for (target, words) in [
      ("nobody", "no value"), ("logit", "four axes"), ("image", "not computed"),
    ] {
      let result = try dissect(output, "--target", target)
      #expect(result.status == 64)
      #expect(result.errors.contains(words), "\(result.errors)")
    }
    for (option, value) in [
      ("--shard", "2/2"), ("--crop", "0"), ("--tokens", "3"), ("--max-bad", "-1"),
    ] {
      #expect(try dissect(output, option, value).status == 64)
    }
    #expect(try dissect(output, "--target", "all", "--target", "logit").status == 64)
    let unstated = try Program.run("dissect", detector, "--images", diagnostic, "-o", output)
    #expect(unstated.status == 64)
    #expect(unstated.errors.contains("--preprocess"))
    let empty = try Program.run(
      "dissect", detector, "--images", folder.path, "--preprocess", "none", "-o", output)
    #expect(empty.status == 66)
    #expect(try dissect(folder.appending("nowhere/s.h5")).status == 73)
    #expect(try folder.contents() == [])
  }
}

extension String {
  fileprivate var trimmed: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
