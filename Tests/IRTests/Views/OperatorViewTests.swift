import IR
import TestSupport
import Testing

/// What views read, over the operator-set versions that keep it in different places.
@Suite struct OperatorViewTests {
  static let image = "input %x : f32[N,4,H,6]"

  @Test func gemm() throws {
    let (node, graph) = try lastNode(
      "input %a : f32[2,3] input %b input %c %y = Gemm(%a,%b,%c) {alpha=0.5,transB=1}")
    let view = try #require(GemmView(node, in: graph))
    #expect(view.alpha == 0.5 && view.beta == 1 && !view.transA && view.transB)
    #expect([view.a, view.b, view.c] == graph.inputs)
    try expectNoView(
      { GemmView($0, in: $1) },
      [
        "input %a : f32[3] input %b %y = Gemm(%a,%b)", "input %a %y = Gemm(%a)",
        "input %a input %b %y = Gemm(%a,%b) {alpha=1}", "input %a input %b %y = MatMul(%a,%b)",
      ])
  }

  @Test(arguments: [
    (15, "%y = BatchNormalization(%x,%s,%s,%s,%s)", true as Bool?),
    (15, "%y = BatchNormalization(%x,%s,%s,%s,%s) {training_mode=1}", false),
    (15, "%y, %m, %v = BatchNormalization(%x,%s,%s,%s,%s)", false),
    (9, "%y = BatchNormalization(%x,%s,%s,%s,%s)", true),
    (9, "%y, %m, %v = BatchNormalization(%x,%s,%s,%s,%s)", false),
    (9, "%y, _, _ = BatchNormalization(%x,%s,%s,%s,%s)", true),
    (7, "%y = BatchNormalization(%x,%s,%s,%s,%s) {spatial=1}", true),
    (7, "%y = BatchNormalization(%x,%s,%s,%s,%s) {spatial=0}", nil),
    (6, "%y = BatchNormalization(%x,%s,%s,%s,%s) {is_test=1}", true),
    (6, "%y = BatchNormalization(%x,%s,%s,%s,%s)", false),
    (15, "%y = BatchNormalization(%x,%s,%s,%s)", nil),
    (15, "%y = BatchNormalization(%x,%s,%s,%s,%s) {epsilon=1}", nil),
  ])
  func batchNormalization(version: Int, statement: String, expected: Bool?) throws {
    let (node, graph) = try lastNode("input %x input %s \(statement)", version: version)
    let view = BatchNormalizationView(node, in: graph)
    #expect(view?.isInference == expected)
    #expect(view == nil || view?.epsilon == 1e-5)
  }

  @Test(arguments: [
    (11, "", 1 as Int?, true), (11, "axis=-1", 3, true), (11, "axis=4", 4, true),
    (11, "axis=5", nil, true), (13, "", 3, false), (13, "axis=1", 1, false),
    (13, "axis=4", nil, false), (13, "axis=-5", nil, false),
  ])
  func softmax(version: Int, attributes: String, axis: Int?, flattens: Bool) throws {
    for kind in ["Softmax", "LogSoftmax", "Hardmax"] {
      let (node, graph) = try lastNode(
        "\(Self.image) %y = \(kind)(%x) {\(attributes)}", version: version)
      let view = SoftmaxView(node, in: graph)
      #expect(view?.axis == axis)
      #expect(view == nil || view?.flattensTrailingAxes == flattens)
    }
  }

  @Test(arguments: [
    (17, "ReduceMean", "(%x) {axes=[-1,1]}", [3, 1] as [Int]??),
    (17, "ReduceMean", "(%x)", .some(nil)), (18, "ReduceMean", "(%x)", .some(nil)),
    (18, "ReduceMean", "(%x) {noop_with_empty_axes=1}", []),
    (18, "ReduceMean", "(%x,%a)", [3]), (13, "ReduceSum", "(%x,%a)", [3]),
    (12, "ReduceSum", "(%x) {axes=[1]}", [1]), (17, "ReduceMean", "(%x) {axes=[4]}", nil),
    (17, "ReduceMean", "(%x) {axes=[1,-3]}", nil), (18, "ReduceMean", "(%x,%c)", nil),
    (17, "ArgMax", "(%x)", nil),
  ])
  func reductions(version: Int, kind: String, rest: String, axes: [Int]??) throws {
    let (node, graph) = try lastNode(
      "\(Self.image) input %c : i64[1] const %a : i64[1] = splat -1 %y = \(kind)\(rest)",
      version: version)
    #expect(ReductionView(node, in: graph).map(\.axes) == axes)
  }

  @Test func reductionsAnswerForAxes() throws {
    let (node, graph) = try lastNode(
      "\(Self.image) %y = ReduceMax(%x) {axes=[2],keepdims=0}", version: 13)
    let view = try #require(ReductionView(node, in: graph))
    #expect(!view.keepDims && view.reduces(2) && !view.reduces(1))
  }

  @Test func computedAxesCanBeSupplied() throws {
    let (node, graph) = try lastNode("\(Self.image) input %a : i64[1] %y = ReduceMean(%x,%a)")
    #expect(ReductionView(node, in: graph, integers: { _ in [-2] })?.axes == [2])
  }

  @Test func reshapes() throws {
    let (node, graph) = try lastNode(
      "\(Self.image) const %s : i64[2] = dense [0,-1] %y = Reshape(%x,%s) {allowzero=1}")
    let view = try #require(ReshapeView(node, in: graph))
    #expect(view.requested == [0, -1] && view.allowZero && view.shape != nil)
    let (old, oldGraph) = try lastNode("\(Self.image) %y = Reshape(%x) {shape=[4,-1]}", version: 1)
    #expect(ReshapeView(old, in: oldGraph)?.requested == [4, -1])
    let (open, openGraph) = try lastNode("\(Self.image) input %s %y = Reshape(%x,%s)")
    #expect(ReshapeView(open, in: openGraph)?.requested == nil as [Int64]?)
    try expectNoView({ ReshapeView($0, in: $1) }, ["\(Self.image) %y = Reshape(%x)"])
  }

  @Test(arguments: [
    ("Flatten(%x)", 1 as Int?), ("Flatten(%x) {axis=-1}", 3), ("Flatten(%x) {axis=4}", 4),
    ("Flatten(%x) {axis=5}", nil), ("Flatten(%x) {axis=-5}", nil), ("Relu(%x)", nil),
  ])
  func flatten(call: String, axis: Int?) throws {
    let (node, graph) = try lastNode("\(Self.image) %y = \(call)")
    #expect(FlattenView(node, in: graph)?.axis == axis)
  }

  @Test(arguments: [
    ("Transpose(%x) {perm=[0,2,3,1]}", [0, 2, 3, 1] as [Int]?), ("Transpose(%x)", [3, 2, 1, 0]),
    ("Transpose(%x) {perm=[0,1,1,2]}", nil), ("Transpose(%x) {perm=[0,1]}", nil),
    ("Transpose(%x) {perm=[0,1,2,9]}", nil), ("Transpose(%u)", nil),
    ("Transpose(%u) {perm=[1,0]}", [1, 0]),
  ])
  func transpose(call: String, permutation: [Int]?) throws {
    let (node, graph) = try lastNode("\(Self.image) input %u %y = \(call)")
    #expect(TransposeView(node, in: graph)?.permutation == permutation)
  }

  @Test(arguments: [
    (11, "Squeeze", "(%x) {axes=[-1,0]}", [0, 3] as [Int]?), (13, "Squeeze", "(%x,%a)", [3]),
    (13, "Squeeze", "(%x)", nil), (13, "Squeeze", "(%o)", [0, 2]), (13, "Squeeze", "(%x,%c)", nil),
    (11, "Unsqueeze", "(%x) {axes=[-1,0]}", [0, 5]), (13, "Unsqueeze", "(%x,%a)", [4]),
    (13, "Unsqueeze", "(%x)", nil), (11, "Unsqueeze", "(%x) {axes=[0,-6]}", nil),
    (11, "Unsqueeze", "(%x) {axes=[9]}", nil),
  ])
  func squeezes(version: Int, kind: String, rest: String, axes: [Int]?) throws {
    let (node, graph) = try lastNode(
      """
      input %x : f32[1,4,H,1] input %o : f32[1,4,1] input %c : i64[1]
      const %a : i64[1] = splat -1 %y = \(kind)\(rest)
      """, version: version)
    let found =
      kind == "Squeeze"
      ? SqueezeView(node, in: graph)?.axes : UnsqueezeView(node, in: graph)?.axes
    #expect(found == axes)
  }

  @Test func joining() throws {
    let (node, graph) = try lastNode("\(Self.image) %y = Concat(%x,%x) {axis=-3}")
    let view = try #require(ConcatView(node, in: graph))
    #expect(view.axis == 1 && view.operands == [graph.inputs[0], graph.inputs[0]])
    try expectNoView(
      { ConcatView($0, in: $1) },
      [
        "\(Self.image) %y = Concat(%x,%x)", "\(Self.image) %y = Concat(%x,_) {axis=1}",
        "\(Self.image) input %z : f32[4] %y = Concat(%x,%z) {axis=0}", "%y = Concat() {axis=0}",
        "input %x %y = Concat(%x) {axis=-1}",
      ])
  }

  @Test(arguments: [
    (11, "(%x) {axis=1}", [2, 2] as [Int]??), (11, "(%x) {axis=-3,split=[1,3]}", [1, 3]),
    (13, "(%x,%s) {axis=1}", [1, 3]), (18, "(%x) {axis=1,num_outputs=2}", [2, 2]),
    (13, "(%x) {axis=2}", .some(nil)), (13, "(%x,%c) {axis=1}", .some(nil)),
    (11, "(%x) {axis=1,split=[1,2]}", nil), (11, "(%x) {axis=1,split=[1,2,1]}", nil),
    (11, "(%x) {axis=1,split=[-1,5]}", nil), (18, "(%x) {axis=1,num_outputs=3}", nil),
    (11, "(%x) {axis=7}", nil),
  ])
  func split(version: Int, rest: String, sizes: [Int]??) throws {
    let (node, graph) = try lastNode(
      "\(Self.image) input %c : i64[2] const %s : i64[2] = dense [1,3] %a, %b = Split\(rest)",
      version: version)
    #expect(SplitView(node, in: graph).map(\.sizes) == sizes)
  }

  @Test func gather() throws {
    let (node, graph) = try lastNode(
      "\(Self.image) const %i : i64[3] = dense [3,-1,0] %y = Gather(%x,%i) {axis=-3}")
    let view = try #require(GatherView(node, in: graph))
    #expect(view.axis == 1 && view.constantIndices(in: graph) == [3, 3, 0])
    let (far, farGraph) = try lastNode(
      "\(Self.image) const %i : i64[1] = splat 4 %y = Gather(%x,%i) {axis=1}")
    #expect(GatherView(far, in: farGraph)?.constantIndices(in: farGraph) == nil as [Int]?)
    let (open, openGraph) = try lastNode(
      "\(Self.image) const %i : i64[1] = splat -1 %y = Gather(%x,%i) {axis=2}")
    #expect(GatherView(open, in: openGraph)?.constantIndices(in: openGraph) == nil as [Int]?)
  }

  @Test(arguments: [
    (10, "(%x) {pads=[0,0,1,2,0,0,3,4],value=0.5}", [0, 0, 1, 2] as [Int]?, 0.5 as Double?),
    (13, "(%x,%p)", [0, 0, 1, 2], 0), (13, "(%x,%p,%v)", [0, 0, 1, 2], 1.5),
    (13, "(%x,%p,%c)", [0, 0, 1, 2], nil), (18, "(%x,%q,_,%a)", [0, 0, 0, 7], 0),
    (13, "(%x,%q)", nil, nil), (18, "(%x,%p,_,%a)", nil, nil), (13, "(%x,%c)", nil, nil),
    (13, "(%x)", nil, nil), (13, #"(%x,%p) {mode="odd"}"#, nil, nil),
  ])
  func pad(version: Int, rest: String, begins: [Int]?, value: Double?) throws {
    let (node, graph) = try lastNode(
      """
      \(Self.image) input %c const %p : i64[8] = dense [0,0,1,2,0,0,3,4]
      const %q : i64[2] = dense [7,8] const %a : i64[1] = splat -1 const %v : f32[] = splat 1.5
      %y = Pad\(rest)
      """, version: version)
    let view = PadView(node, in: graph)
    #expect(view?.begins == begins && view?.value == value)
  }

  @Test(arguments: [
    (6, "(%x) {min=0.0,max=6.0}", true, 0 as Double?, 6 as Double?), (6, "(%x)", true, nil, nil),
    (11, "(%x,%l,%h)", true, 0, 6), (11, "(%x,_,%h)", true, nil, 6), (11, "(%x)", true, nil, nil),
    (11, "(%x,%c)", false, nil, nil), (11, "(%x,%t)", false, nil, nil),
    (6, "(%x) {min=0}", false, nil, nil),
  ])
  func clip(version: Int, rest: String, reads: Bool, low: Double?, high: Double?) throws {
    let (node, graph) = try lastNode(
      """
      \(Self.image) input %c const %l : f16[] = splat 0 %h = Constant() {value_float=6.0}
      const %t : f32[2] = splat 0 %y = Clip\(rest)
      """, version: version)
    let view = ClipView(node, in: graph)
    #expect((view != nil) == reads)
    #expect(view?.minimum == low && view?.maximum == high)
  }

  @Test func smallOperators() throws {
    let (cast, castGraph) = try lastNode("\(Self.image) %y = Cast(%x) {to=16}")
    #expect(CastView(cast, in: castGraph)?.target == .bfloat16)
    try expectNoView(
      { CastView($0, in: $1) },
      ["\(Self.image) %y = Cast(%x)", "\(Self.image) %y = Cast(%x) {to=4294967297}"])
    let (tile, tileGraph) = try lastNode(
      "\(Self.image) const %r : i64[4] = dense [1,2,1,1] %y = Tile(%x,%r)")
    #expect(TileView(tile, in: tileGraph)?.repeats == [1, 2, 1, 1])
    let (expand, expandGraph) = try lastNode("\(Self.image) input %s %y = Expand(%x,%s)")
    #expect(ExpandView(expand, in: expandGraph)?.requested == nil as [Int64]?)
    let (depth, depthGraph) = try lastNode(
      #"\#(Self.image) %y = DepthToSpace(%x) {blocksize=2,mode="CRD"}"#)
    #expect(DepthSpaceView(depth, in: depthGraph)?.order == .columnRowDepth)
  }

  @Test(arguments: [
    (13, "(%x)", true), (13, "(%x,%r,%f)", true), (13, "(%x,%r,%t)", false),
    (13, "(%x,%r,%c)", false), (10, "(%x)", true), (6, "(%x)", false),
    (6, "(%x) {is_test=1}", true),
  ])
  func dropout(version: Int, rest: String, isInference: Bool) throws {
    let (node, graph) = try lastNode(
      """
      \(Self.image) input %c const %r : f32[] = splat 0.5 const %f : bool[] = splat false
      const %t : bool[] = splat true %y = Dropout\(rest)
      """, version: version)
    #expect(DropoutView(node, in: graph)?.isInference == isInference)
  }

  @Test func resize() throws {
    let (node, graph) = try lastNode(
      """
      \(Self.image) const %e : f32[0] = dense [] const %s : f32[4] = dense [1,1,2,2]
      %y = Resize(%x,%e,%s) {mode="linear"}
      """)
    let view = try #require(ResizeView(node, in: graph))
    #expect(view.scales == [1, 1, 2, 2] && view.sizes == nil && view.region == nil)
    #expect(view.mode == .linear && view.coordinateTransformation == "half_pixel")
    let (old, oldGraph) = try lastNode(
      "\(Self.image) %y = Upsample(%x) {scales=[1.0,1.0,2.0,2.0]}", version: 7)
    let upsample = try #require(ResizeView(old, in: oldGraph))
    #expect(upsample.scales == [1, 1, 2, 2] && upsample.coordinateTransformation == "asymmetric")
    #expect(upsample.nearestMode == "floor")
  }

  @Test func constantsOfEveryForm() throws {
    for (attribute, shape) in [
      ("value = tensor f32[2] splat 1", [2]), ("value_float = 1.0", []), ("value_int = 1", []),
      ("value_floats = [1.0, 2.0]", [2]), ("value_ints = [1, 2]", [2]),
      (#"value_string = "a""#, []), (#"value_strings = ["a", "b"]"#, [2]),
      ("sparse_value = tensor f32[4] sparse f32[1] splat 2 at i64[1] splat 3", [4]),
    ] {
      let (node, graph) = try lastNode("%y = Constant() {\(attribute)}")
      #expect(ConstantView(node, in: graph)?.constant.shape == shape)
      #expect(graph.storedConstant(graph.nodes[node].output(0))?.shape == shape)
    }
    try expectNoView({ ConstantView($0, in: $1) }, ["%y = Constant() {value_float = 1}"])
  }

  @Test func attributesHaveDefaults() throws {
    let (node, graph) = try lastNode(
      "\(Self.image) %y = LeakyRelu(%x) {alpha=0.2,flag=3,text=\"é\"}")
    #expect(graph.attribute(node, "alpha", default: Float(0.01)) == 0.2)
    #expect(graph.attribute(node, "beta", default: Float(0.5)) == 0.5)
    #expect(graph.attribute(node, "alpha", default: 1) == nil as Int?)
    #expect(graph.attribute(node, "flag", default: false) == true)
    #expect(graph.attribute(node, "text", default: "") == "é")
    #expect(graph.attribute(node, "flag", default: [1]) == nil as [Int]?)
    #expect(graph.elementTypeAttribute(node, "flag") == .int8)
  }
}
