import IR
import TestSupport
import Testing

@Suite struct GraphCostTests {
  @Test(arguments: [
    // 8·3·3·3 products for each of 16·16 positions.
    (
      "const %w : f32[8,3,3,3] = splat 1 %y = Conv(%x,%w) {strides=[2,2],pads=[1,1,1,1]}",
      8 * 27 * 256, 216
    ),
    (
      "const %w : f32[3,1,3,3] = splat 1 %y = Conv(%x,%w) {group=3,pads=[1,1,1,1]}",
      3 * 9 * 1024, 27
    ),
    (
      "const %w : f32[3,8,2,2] = splat 1 %y = ConvTranspose(%x,%w) {strides=[2,2]}",
      3 * 1024 * 32, 96
    ),
    ("const %w : f32[32,10] = splat 1 %y = MatMul(%x,%w)", 3 * 32 * 32 * 10, 320),
    (
      "const %w : f32[10,3072] = splat 1 %f = Flatten(%x) %y = Gemm(%f,%w) {transB=1}", 30720, 30720
    ),
    ("const %w : f32[3,1,1] = splat 1 %y = Mul(%x,%w)", 0, 3),
    ("%w = Constant() {value = tensor f32[4] splat 1} %y = Add(%x,%w)", 0, 4),
    ("const %w : i64[1] = splat 1 %y = Unsqueeze(%x,%w)", 0, 0),
    // What is widened counts for the layer that reads it, scales do not count.
    ("const %h : f16[32,10] = splat 1 %w = Cast(%h) {to=1} %y = MatMul(%x,%w)", 30720, 320),
    (
      "const %q : i8[32,10] = splat 1 const %s : f32[10] = splat 1 "
        + "%w = DequantizeLinear(%q,%s) {axis=1} %y = MatMul(%x,%w)",
      30720, 320
    ),
  ])
  func countsOneLayer(statements: String, macs: Int, parameters: Int) throws {
    let graph = try parseGraph(
      "graph opset 17 { input %x : f32[1,3,32,32] \(statements) output %y }")
    let cost = graph.cost()
    #expect(cost.macs == macs)
    #expect(cost.parameters == parameters)
    let last = try #require(graph.nodeIDs.last)
    #expect(cost.byNode[last].macs == macs)
    #expect(graph.nodeIDs.reduce(0) { $0 + cost.byNode[$1].parameters } == parameters)
    let bytes = graph.nodeIDs.reduce(0) { $0 + cost.byNode[$1].constantBytes }
    #expect(bytes == cost.constantBytes)

  }

  /// A sum waits for both operands; what nobody reads is there while it is made.
  @Test(arguments: [
    ("%y = Relu(%x)", 2), ("%a = Relu(%x) %y = Relu(%a)", 2),
    ("%a = Relu(%x) %b = Relu(%a) %y = Add(%a,%b)", 3),
    ("%a = Relu(%x) %b = Relu(%a) %c = Relu(%b) %y = Add(%x,%c)", 3),
    ("%a = Relu(%x) %b = Relu(%x) %y = Relu(%x)", 2),
    ("%a = Concat(%x,%x,%x) {axis = 1} %y = ReduceMean(%a) {axes = [1]}", 4),
  ])
  func memoryIsGivenBackAfterTheLastReader(statements: String, count: Int) throws {
    let graph = try parseGraph("graph opset 17 { input %x : f32[1,2,3] \(statements) output %y }")
    let cost = graph.cost()
    #expect(cost.peakActivationBytes == count * 24)
    for node in graph.nodeIDs {
      let isTriple = graph.nodes[node].op.type == "Concat"
      #expect(cost.byNode[node].activationBytes == (isTriple ? 72 : count == 4 ? 12 : 24))
    }

  }

  @Test func openExtentsNeedBindings() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[N,3,H,W] const %w : f32[8,3,1,1] = splat 1
        %r = Relu(%x) %y = Conv(%r,%w) output %y
      }
      """)
    let open = graph.cost()
    #expect(open.peakActivationBytes == nil)
    #expect(open.macs == nil && open.byNode[graph.nodeIDs[1]].macs == nil)
    #expect(open.byNode[graph.nodeIDs[0]].macs == 0)
    #expect(graph.cost(bindings: ["N": 2, "H": 5, "W": 6]).macs == 2 * 30 * 24)
    #expect(graph.cost(inputShapes: ["x": [1, 3, 4, 4]]).macs == 16 * 24)
  }

  @Test func whatNobodyReadsCostsNothing() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[1,3] const %w : f32[3,5] = splat 1 const %v : f32[3,7] = splat 1
        %y = MatMul(%x,%w) %z = MatMul(%x,%v) output %y
      }
      """)
    let cost = graph.cost()
    #expect(cost.nodes == 2 && cost.macs == 15 && cost.parameters == 15 && cost.constantBytes == 60)
  }

  @Test func bodiesCountAsStoredButNotAsRun() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %c : bool[] input %x : f32[1,3] const %w : f32[3,5] = splat 1
        %y = If(%c) {
          then_branch = graph { const %v : f32[3,5] = splat 2 %p = MatMul(%x,%v) output %p },
          else_branch = graph { %p = MatMul(%x,%w) output %p }
        }
        output %y
      }
      """)
    let cost = graph.cost()
    #expect(cost.nodes == 3 && cost.parameters == 30 && cost.macs == nil)
  }

  @Test func hugeExtentsDoNotOverflow() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[4611686018427387904,3] input %w : f32[3,5]
        %y = MatMul(%x,%w) output %y
      }
      """)
    #expect(graph.cost().macs == nil)
  }
}
