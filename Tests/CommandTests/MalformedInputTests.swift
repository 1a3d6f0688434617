import TestSupport
import Testing

/// Models that are broken as transfers, disks and people break them.
@Suite struct MalformedInputTests {
  /// A real network of some 70 kB, in both formats.
  private static let models = Result { () throws -> [String: [UInt8]] in
    let folder = try TemporaryDirectory()
    let stored = folder.appending("gated.safetensors")
    let result = try Program.run("convert", try Models.gated.get(), "-o", stored, "--no-fold")
    try #require(result.status == 0, "\(result.errors)")
    return [
      "onnx": try readBytes(try Models.gated.get()), "safetensors": try readBytes(stored),
    ]
  }

  private static func model(_ format: String) throws -> [UInt8] {
    try #require(try models.get()[format])
  }

  @Test(arguments: MalformedRun.commands, ["onnx", "safetensors"])
  func cutAtEveryKilobyte(command: String, format: String) throws {
    let whole = try Self.model(format)
    #expect(whole.count > 50_000)
    for count in stride(from: 0, to: whole.count, by: 1024) {
      let run = try MalformedRun(Array(whole.prefix(count)), output: "out.\(format)")
      // What stood at the output must survive, too.
      if count % 2048 == 0 { try writeFile("precious", to: run.output) }
      try run.expectRefusal(by: command)
    }
  }

  /// The seeds are fixed, so a failure repeats; it names the seed.
  @Test(arguments: 0..<4, ["onnx", "safetensors"])
  func flippedBytes(shard: Int, format: String) throws {
    let whole = try Self.model(format)
    for seed in shard * 45..<(shard + 1) * 45 {
      var random = SplitMix64(seed: UInt64(seed))
      let damaged = Self.damage(whole, using: &random)
      let command = MalformedRun.commands[seed % MalformedRun.commands.count]
      let run = try MalformedRun(damaged, output: seed % 2 == 0 ? "out.onnx" : "out.safetensors")
      try run.expectSoundOrRefused(by: command, "\(format), seed \(seed)")
    }
  }

  /// Replaces a few bytes, half of them near the front, where a file says most about itself.
  private static func damage(_ bytes: [UInt8], using random: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let end = random.chance(0.5) ? bytes.count : min(bytes.count, 4096)
      bytes[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    return bytes
  }

  @Test(arguments: MalformedRun.commands, BrokenModel.all)
  func brokenModels(command: String, broken: BrokenModel) throws {
    try MalformedRun(broken.model.bytes).expectRefusal(by: command, 65, broken.fragment)
  }

  @Test(arguments: MalformedRun.commands, GreedyModel.all)
  func modelsThatAskForTooMuch(command: String, greedy: GreedyModel) throws {
    try MalformedRun(greedy.model.bytes).expectSoundOrRefused(by: command, greedy.name)
  }
}

/// A model that no command may accept.
struct BrokenModel: Sendable, CustomTestStringConvertible {
  let name: String
  /// What the refusal says.
  let fragment: String
  let model: Wire

  var testDescription: String { name }

  private static func weights(_ dims: [Int64]) -> Wire {
    .model(
      .input("x"), .output("y"), .node("Add", ["x", "w"], ["y"]), .initializer("w", dims: dims))
  }

  static let all = [
    BrokenModel(
      name: "2^40 elements that are not there", fragment: "has no elements",
      model: weights([1 << 40])),
    BrokenModel(name: "a negative extent", fragment: "negative extent", model: weights([2, -3])),
    BrokenModel(
      name: "more elements than can be counted", fragment: "can be counted",
      model: weights([1 << 32, 1 << 32])),
    BrokenModel(
      name: "more bytes than can be counted", fragment: "cannot be stored", model: weights([.max])),
    BrokenModel(
      name: "a cycle", fragment: "cycle",
      model: .model(
        .input("x"), .output("b"), .node("Add", ["x", "b"], ["a"]), .node("Relu", ["a"], ["b"]))),
    BrokenModel(
      name: "a missing initializer", fragment: "reads 'w'",
      model: .model(.input("x"), .output("y"), .node("Conv", ["x", "w"], ["y"]))),
    BrokenModel(name: "nothing", fragment: "empty", model: Wire()),
  ]
}

/// A small model whose results would fill any memory: dearc must not compute them to store them.
struct GreedyModel: Sendable, CustomTestStringConvertible {
  let name: String
  let model: Wire

  var testDescription: String { name }

  static let all = [
    GreedyModel("ConstantOfShape", [[1 << 40]]),
    GreedyModel("ConstantOfShape", [[.max, .max]]),
    GreedyModel("Expand", [[1], [1 << 20, 1 << 20]]),
    GreedyModel("Tile", [[1, 2], [1 << 40]]),
    GreedyModel("Range", [[0], [.max], [1]], isScalar: true),
    GreedyModel("Pad", [[1], [1 << 40, 1 << 40]]),
    GreedyModel("Reshape", [[1], [.min]]),
    GreedyModel("Slice", [[1], [.min], [.max], [0], [.max]]),
    GreedyModel("OneHot", [[1], [1 << 40], [0, 1]]),
    GreedyModel("EyeLike", [[1]]),
    GreedyModel(
      "inputs of 2^40 channels", .model(input(1 << 40), .output("y"), .node("Relu", ["x"], ["y"]))),
    GreedyModel("channels that weights without elements have", emptyWeights),
  ]

  /// A closed value as wide as dearc tells channels apart, and a layer that stores nothing for it.
  private static let emptyWeights = Wire.model(
    input(1 << 24), .initializer("zero", dims: [1], .bytes(9, [0, 0, 0, 0])),
    .initializer("w", dims: [1 << 24, 0]), .output("y"), .node("Mul", ["x", "zero"], ["s0"]),
    Wire(joining: (0..<8).map { .node("Sigmoid", ["s\($0)"], ["s\($0 + 1)"]) }),
    .node("MatMul", ["s8", "w"], ["y"]))

  /// The input `x` of floats with the extents 1 and `width`.
  private static func input(_ width: Int64) -> Wire {
    let extents = [1, width].map { Wire.message(1, .number(1, $0)) }
    return .message(
      11, .text(1, "x"),
      .message(2, .message(1, .number(1, 1), .message(2, Wire(joining: extents)))))
  }

  private init(_ name: String, _ model: Wire) {
    self.name = name
    self.model = model
  }

  /// A node of this type on stored numbers.
  private init(_ type: String, _ operands: [[Int64]], isScalar: Bool = false) {
    let names = operands.indices.map { "c\($0)" }
    let constants = zip(names, operands).map { name, numbers in
      Wire.initializer(
        name, type: 7, dims: isScalar ? [] : [Int64(numbers.count)],
        Wire(joining: numbers.map { .number(7, $0) }))
    }
    self.init(
      "\(type) of \(operands)",
      .model(Wire(joining: constants), .output("y"), .node(type, names, ["y"])))
  }
}
