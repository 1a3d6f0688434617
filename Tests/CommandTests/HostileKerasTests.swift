import FoundationEssentials
import TestSupport
import Testing

/// Keras files that are broken, or made to do harm: each is refused in words, and nothing is written.
@Suite struct HostileKerasTests {
  private struct Cases: Decodable {
    struct Case: Decodable {
      let file: String
      let reason: String
    }
    let cases: [Case]
  }

  private static let written = Result { () throws -> TemporaryDirectory in
    let folder = try TemporaryDirectory()
    try Judge.run("keras_hostile.py", folder.path)
    return folder
  }

  private static func content(_ file: String) throws -> [UInt8] {
    try readBytes(try written.get().appending(file))
  }

  @Test(arguments: MalformedRun.commands)
  func areRefusedInWords(command: String) throws {
    let cases = try JSONDecoder().decode(
      Cases.self, from: Data(try Self.content("cases.json"))
    ).cases
    #expect(cases.count >= 70)
    for each in cases {
      let run = try MalformedRun(try Self.content(each.file))
      try run.expectRefusal(by: command, 65, each.reason)
    }
  }

  @Test(arguments: ["sound.h5", "sound.keras", "deflated.keras"])
  func theModelItselfIsFine(file: String) throws {
    let run = try MalformedRun(try Self.content(file))
    #expect(try run.run("convert").status == 0)
  }

  @Test(arguments: ["sound.h5", "sound.keras", "deflated.keras"])
  func cutAtEveryHalfKilobyte(file: String) throws {
    let whole = try Self.content(file)
    for count in stride(from: 0, to: whole.count, by: 512) {
      let run = try MalformedRun(Array(whole.prefix(count)))
      if count % 1024 == 0 { try writeFile("precious", to: run.output) }
      try run.expectRefusal(by: "convert")
    }
  }

  /// The seeds are fixed, so a failure repeats; it names the seed.
  @Test(arguments: 0..<2, ["sound.h5", "sound.keras", "deflated.keras"])
  func flippedBytes(shard: Int, file: String) throws {
    let whole = try Self.content(file)
    for seed in shard * 60..<(shard + 1) * 60 {
      var random = SplitMix64(seed: UInt64(seed))
      var bytes = whole
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      let command = MalformedRun.commands[seed % MalformedRun.commands.count]
      try MalformedRun(bytes).expectSoundOrRefused(by: command, "\(file), seed \(seed)")
    }
  }
}
