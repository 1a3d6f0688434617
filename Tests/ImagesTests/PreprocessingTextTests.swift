import Images
import TestSupport
import Testing

/// The text form of preprocessing.
@Suite struct PreprocessingTextTests {
  @Test func presetsAreKnownByTheirNames() throws {
    #expect(try Preprocessing("none") == .none)
    #expect(try Preprocessing("imagenet") == .imagenet)
    #expect(try Preprocessing("clip") == .clip)
    for (name, value) in Preprocessing.presets { #expect(value.description == name) }
  }

  @Test func partsFollowAPreset() throws {
    let value = try Preprocessing("clip,resize=256,crop=224,filter=bicubic,layout=nhwc")
    #expect(value.resize == .shortestSide(256))
    #expect(value.crop == .centre(224))
    #expect(value.filter == .bicubic)
    #expect(value.mean == Preprocessing.clip.mean)
    #expect(value.layout == .channelsLast)
    #expect(try Preprocessing("resize=320x240").resize == .exact(width: 320, height: 240))
    #expect(try Preprocessing("mean=0.5").mean == .init(repeating: 0.5))
    #expect(try Preprocessing("imagenet,mean=0,std=1") == .none)
    #expect(try Preprocessing("scale=1").scale == 1)
  }

  @Test func aFieldIsReplacedAlone() throws {
    let value = try Preprocessing("clip,resize=256,crop=224")
    #expect(try value.setting(.crop, to: "none") == Preprocessing("clip,resize=256"))
    #expect(try value.setting(.std, to: "1").mean == Preprocessing.clip.mean)
    let error = #expect(throws: PreprocessingError.self) { try value.setting(.crop, to: "wide") }
    #expect(error?.part == "crop=wide")
  }

  @Test func onlyWhatDiffersIsPrinted() throws {
    let value = try Preprocessing(
      "resize=256,crop=224,mean=0.5/0.5/0.5,std=0.5/0.5/0.5,scale=255,layout=nchw,filter=bicubic")
    #expect(
      value.description
        == "resize=256,filter=bicubic,crop=224,mean=0.5/0.5/0.5,std=0.5/0.5/0.5")
  }

  @Test func whatIsPrintedReadsAsTheSame() throws {
    var random = SplitMix64(seed: 5)
    for _ in 0..<2_000 {
      let value = try Self.random(using: &random)
      #expect(try Preprocessing(value.description) == value, "\(value)")
    }
  }

  private static func random(using random: inout SplitMix64) throws -> Preprocessing {
    func side() -> Int { Int.random(in: 1...ImageLimits.inputExtent, using: &random) }
    func number(_ range: ClosedRange<Double>) -> Double {
      random.chance(0.3) ? 1 : Double.random(in: range, using: &random)
    }
    func channels(_ range: ClosedRange<Double>) -> Preprocessing.Channels {
      .init(red: number(range), green: number(range), blue: number(range))
    }
    let resizes: [Preprocessing.Resize] = [
      .none, .shortestSide(side()), .exact(width: side(), height: side()),
    ]
    return try Preprocessing(
      resize: resizes[Int.random(in: 0..<3, using: &random)],
      filter: Preprocessing.Filter.allCases[Int.random(in: 0..<3, using: &random)],
      crop: random.chance(0.5) ? .none : .centre(side()), scale: number(1e-9...1e9),
      mean: channels(-1e3...1e3), std: channels(1e-30...1e30),
      layout: random.chance(0.5) ? .channelsFirst : .channelsLast)
  }

  @Test(arguments: [
    ("", "", "expected none, imagenet, clip at the start, or one of resize="),
    ("resnet", "resnet", "expected none, imagenet, clip at the start"),
    ("resize=256,imagenet", "imagenet", "at the start"),
    ("imagenet,", "", "expected"),
    ("imagenet,size=3", "size=3", "one of resize=, filter=, crop="),
    ("resize=big", "resize=big", "expected none, a side, or extents as 320x240, found 'big'"),
    ("resize=0", "resize=0", "expected extents from 1 to 4096, found 0"),
    ("resize=1x4097", "resize=1x4097", "found 4097"),
    ("resize=1x2x3", "resize=1x2x3", "expected none, a side"),
    ("crop=-1", "crop=-1", "found -1"),
    ("crop=9999999999999999999", "crop=9999999999999999999", "expected none or a side"),
    ("crop=1,crop=2", "crop=2", "crop is given twice"),
    ("filter=lanczos", "filter=lanczos", "expected bilinear, bicubic, nearest, found 'lanczos'"),
    ("scale=0", "scale=0", "expected positive numbers, found 0.0"),
    ("scale=inf", "scale=inf", "expected positive numbers"),
    ("mean=0.1/0.2", "mean=0.1/0.2", "or three as 0.5/0.5/0.5, found '0.1/0.2'"),
    ("mean=1//2", "mean=1//2", "or three"),
    ("mean=nan", "mean=nan", "expected finite numbers"),
    ("mean=1e39", "mean=1e39", "expected finite numbers"),
    ("std=1/1/0", "std=1/1/0", "expected positive numbers, found 0.0"),
    ("std=1e-60", "std=1e-60", "expected positive numbers"),
    ("layout=chw", "layout=chw", "expected nchw, nhwc, found 'chw'"),
  ])
  func errorsNameThePart(text: String, part: String, message: String) throws {
    let error = #expect(throws: PreprocessingError.self) { try Preprocessing(text) }
    #expect(error?.part == part)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
