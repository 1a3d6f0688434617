import Executor
import IR
import TestSupport
import Testing

@testable import Passes

/// What folding stored elements must not do, and the bounds it keeps to.
@Suite struct ConstantFoldingTests {
  private struct EngineFailure: Error {}

  private func fold(
    _ text: String, limit: Int = PipelineOptions.usualFoldLimit,
    evaluate: (@Sendable (Graph) throws -> [Constant])? = ConstantEvaluation.evaluate
  ) throws -> (types: [String], graph: Graph, refusals: [Refusal]) {
    var graph = try parseGraph(text)
    graph.inferShapes()
    var options = PipelineOptions()
    options.evaluate = evaluate
    options.foldLimit = limit
    let result = try Pipeline(stages: [
      .untilStable([ConstantFolding.pass, DeadNodeRemoval.pass])
    ]).run(Model(irVersion: 8, graph: graph), options: options)
    let folded = result.model.graph
    return (folded.nodeIDs.map { folded.nodes[$0].op.type }, folded, result.refusals)
  }

  private func constant(_ name: String, in graph: Graph) throws -> Constant {
    let value = try #require(graph.constantIDs.first { graph.values[$0].name == name })
    return try #require(graph.constant(value))
  }

  // MARK: Size

  private let mask = """
    graph opset 17 {
      input %x : f32[N, 40, 40]
      const %first : i64[] = dense [0] const %count : i64[] = dense [40]
      const %step : i64[] = dense [1] const %square : i64[2] = dense [40, 40]
      %r = Range(%first, %count, %step)
      %a = Expand(%r, %square) %b = Transpose(%a) %c = Sub(%a, %b) %d = Cast(%c) {to = 1}
      %mask = Exp(%d)
      %y = Mul(%x, %mask)
      output %y
    }
    """

  @Test func aMaskIsStoredWhereTheLimitAllowsIt() throws {
    // 6400 bytes, less 40 that go.
    #expect(try fold(mask, limit: 6359).types.last == "Mul")
    #expect(try fold(mask, limit: 6359).types.count > 2)
    let folded = try fold(mask, limit: 6360)
    #expect(folded.types == ["Mul"])
    #expect(folded.refusals.isEmpty)
  }

  @Test func whatStaysForItsSizeIsSaid() throws {
    let refusals = try fold(mask).refusals
    #expect(refusals.map(\.pass) == ["fold-constants"])
    #expect(refusals.first?.reason.contains("--fold-limit") ?? false)
  }

  @Test func noLimitAtAllStoresNothingThatAdds() throws {
    let folded = try fold(
      """
      graph opset 17 {
        input %x : f32[N, 4] const %v : f32[1] = dense [0.5] const %four : i64[1] = dense [5]
        const %w : f32[4] = dense [1, 2, 3, 4]
        %e = Tile(%v, %four) %s = Softmax(%w) %t = Concat(%s, %e) {axis = 0}
        %i = Unsqueeze(%t, %axis) %y = MatMul(%x, %i) output %y
        const %axis : i64[1] = dense [0]
      }
      """, limit: 0)
    // 36 bytes of the Concat for 36 of numbers, a count and an axis.
    #expect(folded.types == ["MatMul"])
    let larger = try fold(
      """
      graph opset 17 {
        input %x : f32[N, 9] const %v : f32[1] = dense [0.5] const %nine : i64[1] = dense [9]
        %e = Tile(%v, %nine) %y = Mul(%x, %e) output %y
      }
      """, limit: 0)
    #expect(larger.types == ["Tile", "Mul"])
  }

  @Test func littleByLittleIsNotAWayAroundTheLimit() throws {
    let steps = (1..<8).map { "%v\($0) = Concat(%v\($0 - 1), %w\($0)) {axis = 0}" }
    let parts = (1..<8).map { "%w\($0) = Tile(%w, %many)" }
    let folded = try fold(
      """
      graph opset 17 {
        input %x : f32[N, 1]
        const %w : f32[1] = dense [0.5] const %many : i64[1] = dense [200]
        const %v0 : f32[1] = dense [1.0]
        \((parts + steps).joined(separator: "\n"))
        %y = Mul(%x, %v7)
        output %y
      }
      """)
    let stored = folded.graph.constantIDs.compactMap { folded.graph.constant($0)?.byteCount }.max()
    #expect(try #require(stored) <= 1024 + 32)
  }

  // MARK: What is not computed

  @Test(arguments: [
    "%r = RandomUniformLike(%v)", "%r = RandomNormalLike(%v)", "%r = Bernoulli(%v)",
    "%r, %mask = Dropout(%v, %ratio, %true)", "%r = Multinomial(%v) {sample_size = 8}",
    "%q = QuantizeLinear(%v, %ratio) %r = Cast(%q) {to = 1}", "%r = com.example::Unknown(%v)",
    "%r = MaxPool(%v) {kernel_shape = [2]}", "%r = Einsum(%v) {equation = \"abc->cba\"}",
  ])
  func theseStay(_ line: String) throws {
    let folded = try fold(
      """
      graph opset 17, com.example 1 {
        input %x : f32[N, 1, 8, 8]
        const %v : f32[1, 8, 8] = splat 0.5 const %ratio : f32[] = dense [0.5]
        const %true : bool[] = dense [true]
        \(line)
        %y = Mul(%x, %r)
        output %y
      }
      """, limit: 1 << 20)
    #expect(folded.types.count > 1)
  }

  @Test func exactnessIsNotLeftToTheEngine() throws {
    let asked = #"""
      graph opset 17 {
        input %x : i64[2] const %large : i64[2] = dense [4611686018427387905, 3]
        const %v : f32[4] = dense [0, 0, 0, 0] const %i : i64[2, 1] = dense [1, -3]
        const %u : f32[2] = dense [1, 2]
        %p = Mul(%large, %large) %y = Add(%x, %p)
        %s = ScatterND(%v, %i, %u) %z = Identity(%s)
        output %y output %z
      }
      """#
    #expect(
      try fold(asked) { graph in
        Issue.record("asked about \(graph.text())")
        throw EngineFailure()
      }.types.count == 4)
  }

  @Test func withoutAnEngineOnlyWhatIsExactIsComputed() throws {
    let text = """
      graph opset 17 {
        input %x : f32[N, 4] const %v : f32[4] = dense [1, 2, 3, 4]
        %a = Add(%v, %v) %s = Softmax(%a) %y = Mul(%x, %s) output %y
      }
      """
    #expect(try fold(text, evaluate: nil).types == ["Softmax", "Mul"])
    #expect(try fold(text, evaluate: nil).refusals.isEmpty)
    #expect(try fold(text).types == ["Mul"])
  }

  @Test func whatCannotBeRunIsSaidAndTheRestFolded() throws {
    let folded = try fold(
      """
      graph opset 17 {
        input %x : f32[N, 400] const %v : f32[400] = splat 0.5
        %a = Tanh(%v) %b = Sin(%a) %c = Cos(%b) %y = Mul(%x, %c) output %y
      }
      """
    ) { graph in
      if graph.nodeIDs.contains(where: { graph.nodes[$0].op.kind == .sin }) {
        throw EngineFailure()
      }
      return try ConstantEvaluation.evaluate(graph)
    }
    #expect(folded.types == ["Sin", "Cos", "Mul"])
    #expect(folded.refusals.map(\.subject) == ["b"])
    #expect(folded.refusals.first?.reason.contains("cannot be run") ?? false)
  }

  @Test(arguments: [
    Constant([Float](repeating: 1, count: 5), shape: [5]),
    Constant([Double](repeating: 1, count: 4), shape: [4]),
  ])
  func answersOfAnotherTypeAreNotTaken(_ answer: Constant) throws {
    let folded = try fold(
      """
      graph opset 17 {
        input %x : f32[N, 4] const %v : f32[4] = dense [1, 2, 3, 4]
        %s = Softmax(%v) %y = Mul(%x, %s) output %y
      }
      """
    ) { _ in [answer] }
    #expect(folded.types == ["Softmax", "Mul"])
  }

  // MARK: What a hostile file may cost

  @Test(
    .timeLimit(.minutes(5)),
    arguments: [
      "%b = ConstantOfShape(%shape)", "%b = Expand(%v, %shape)", "%b = Tile(%v, %shape)",
      "%a = ConstantOfShape(%wide) {value = tensor f32[1] dense [1.0]} %b = Resize(%a, %none, %none, %tall)",
      "%a = ConstantOfShape(%picture) %b = Conv(%a, %a) {pads = [2047, 2047, 2047, 2047]}",
    ])
  func workIsBounded(_ line: String) throws {
    let folded = try fold(
      """
      graph opset 17 {
        input %x : f32[N, 1]
        const %shape : i64[4] = dense [100000, 100000, 10, 10]
        const %v : f32[1, 1, 1, 1] = dense [0.5] const %none : f32[0] = dense []
        const %wide : i64[4] = dense [1, 1, 1, 4000000]
        const %tall : i64[4] = dense [1, 1, 4000000, 1]
        const %picture : i64[4] = dense [1, 1, 2048, 2048]
        \(line)
        %s = ReduceMean(%b) {keepdims = 0} %y = Mul(%x, %s)
        output %y
      }
      """)
    #expect(folded.types.suffix(2) == ["ReduceMean", "Mul"])
  }

  @Test(.timeLimit(.minutes(5))) func manyLargeTensorsAreNotAllComputed() throws {
    let lines = (0..<200).map { "%a\($0) = Tanh(%a) %s\($0) = ReduceMean(%a\($0)) {keepdims = 0}" }
    let names = (0..<200).map { "%s\($0)" }.joined(separator: ", ")
    let folded = try fold(
      """
      graph opset 17 {
        input %x : f32[N, 1]
        const %size : i64[1] = dense [4000000]
        %a = ConstantOfShape(%size) {value = tensor f32[1] dense [1.0]}
        \(lines.joined(separator: "\n"))
        %s = Sum(\(names)) %y = Mul(%x, %s)
        output %y
      }
      """)
    #expect(folded.refusals.contains { $0.reason == "computing it takes too long" })
  }

  // MARK: Bits

  @Test func typesAndSignsOfZeroAreKept() throws {
    let folded = try fold(
      """
      graph opset 17 {
        input %x : f32[2] input %h : f16[2] input %d : f64[2]
        const %v : f32[2] = dense [-0.0, 1.0] const %n : f32[2] = dense [0.0, -1.0]
        const %hv : f16[2] = dense [0.5, 2.0] const %dv : f64[2] = dense [0.5, 2.0]
        %t = Tanh(%v) %y = Add(%x, %t)
        %l = Log(%n) %z = Add(%x, %l)
        %hs = Sqrt(%hv) %hy = Add(%h, %hs)
        %ds = Exp(%dv) %dy = Add(%d, %ds)
        output %y output %z output %hy output %dy
      }
      """)
    #expect(folded.types == ["Add", "Add", "Add", "Add"])
    #expect(try constant("t", in: folded.graph).elements(as: Float.self)?[0].sign == .minus)
    let logarithms = try #require(try constant("l", in: folded.graph).elements(as: Float.self))
    #expect(logarithms[0] == -.infinity)
    #expect(logarithms[1].isNaN)
    #expect(try constant("hs", in: folded.graph).elementType == .float16)
    #expect(try constant("ds", in: folded.graph).elementType == .float64)
  }

  /// Sums are taken in another order by several threads.
  @Test func bitsDoNotDependOnThreads() throws {
    var graph = Graph(operatorSets: [OperatorSet(domain: "", version: 17)])
    var random = SplitMix64(seed: 3)
    func noise(_ shape: [Int]) -> Constant {
      Constant(
        (0..<shape[0] * shape[1]).map { _ in Float(random.next() >> 40) / Float(1 << 23) - 1 },
        shape: shape)
    }
    let left = graph.addConstant("a", noise([64, 1500]))
    let right = graph.addConstant("b", noise([1500, 48]))
    let node = graph.insert(
      NodeDraft(Operator(.matMul), inputs: [left, right], origin: .program),
      results: [("c", nil)])
    graph.addOutput(try #require(graph.nodes[node].output(0)))
    let model = Model(irVersion: 8, graph: graph)
    let answers = try [1, 2, 4].map { threads in
      _ = try Session(model, threads: threads)
      return try ConstantEvaluation.evaluate(graph)[0].bytes
    }
    #expect(answers[0] == answers[1] && answers[1] == answers[2])
    _ = try Session(model, threads: 2)
  }

  // MARK: Time

  /// Regions that are joined from the last to the first, and then asked for from the last on.
  private func chainedRegions(count: Int) throws -> Graph {
    let last = count - 1
    let lines =
      (0..<count).map { "%a\($0) = Neg(%c)" }
      + (0..<last).map { "%b\($0) = Add(%a\(last - $0), %a\(last - $0 - 1))" }
      + (0..<count).map { "%d\($0) = Sub(%a\(last - $0), %c)" }
    let read = (0..<last).map { "%b\($0)" } + (0..<count).map { "%d\($0)" }
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[1]
        const %c : f32[1] = dense [1]
        \(lines.joined(separator: "\n"))
        %y = Sum(%x, \(read.joined(separator: ", ")))
        output %y
      }
      """)
    graph.inferShapes()
    return graph
  }

  @Test(.timeLimit(.minutes(1))) func findingRegionsTakesNoTimeByTheSquareOfTheirNodes() throws {
    let graph = try chainedRegions(count: 12_000)
    let found = ConstantRegions(graph, limit: 0, sizeLimit: 1 << 20) { _ in true }
    #expect(found.regions.count <= 1)
  }
}
