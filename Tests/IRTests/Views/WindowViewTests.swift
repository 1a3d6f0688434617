import IR
import TestSupport
import Testing

@Suite struct WindowViewTests {
  static let operands = "input %x : f32[N,4,H,W] input %w : f32[8,2,3,5] input %b : f32[8]"

  @Test func convolutionReadsItsAttributes() throws {
    let (node, graph) = try lastNode(
      "\(Self.operands) %y = Conv(%x,%w,%b) {group=2,strides=[2,1],dilations=[1,3],pads=[1,0,2,3]}")
    let view = try #require(ConvolutionView(node, in: graph))
    #expect(view.data == graph.inputs[0] && view.weight == graph.inputs[1])
    #expect(view.bias == graph.inputs[2] && view.groups == 2 && !view.isTransposed)
    #expect(view.kernelShape == [3, 5] && view.strides == [2, 1] && view.dilations == [1, 3])
    #expect(view.pads == [1, 0, 2, 3] && view.autoPad == .notSet)
    #expect(view.window.span(0) == 3 && view.window.span(1) == 13)
  }

  @Test func convolutionFillsInDefaults() throws {
    let (node, graph) = try lastNode("\(Self.operands) %y = Conv(%x,%w)")
    let view = try #require(ConvolutionView(node, in: graph))
    #expect(view.bias == nil && view.groups == 1 && view.strides == [1, 1])
    #expect(view.dilations == [1, 1] && view.pads == [0, 0, 0, 0] && !view.isPointwise)
    let (other, bare) = try lastNode("input %x input %w %y = Conv(%x,%w) {kernel_shape=[1]}")
    let unknown = try #require(ConvolutionView(other, in: bare))
    #expect(unknown.kernelShape == [1] && unknown.isPointwise)
  }

  @Test func convolutionRefusesWhatIsMalformed() throws {
    try expectNoView(
      { ConvolutionView($0, in: $1) },
      [
        "\(Self.operands) %y = Relu(%x)", "\(Self.operands) %y = Conv(%x)",
        "input %x input %w %y = Conv(%x,%w)",
        "\(Self.operands) %y = Conv(%x,%w) {group=0}",
        "\(Self.operands) %y = Conv(%x,%w) {group=3}",
        "\(Self.operands) %y = Conv(%x,%w) {group=1.5}",
        "\(Self.operands) %y = Conv(%x,%w) {pads=[1,1]}",
        "\(Self.operands) %y = Conv(%x,%w) {kernel_shape=[5,3]}",
        "\(Self.operands) %y = Conv(%x,%w) {strides=[1,0]}",
        "\(Self.operands) %y = Conv(%x,%w) {strides=ref s kind 7}",
        "\(Self.operands) %y = com.example::Conv(%x,%w)",
      ])
  }

  @Test(
    arguments: [
      ("", [9, 9], false), ("pads=[0,0,0,0]", nil, false), ("pads=[1,1,1,1]", [9, 9], true),
      ("pads=[0,0,0,1]", [9, 9], true), (#"auto_pad="VALID""#, nil, false),
      (#"auto_pad="VALID",pads=[1,1,1,1]"#, nil, false), (#"auto_pad="SAME_UPPER""#, [9, 9], true),
      (#"auto_pad="SAME_UPPER",strides=[3,5]"#, [9, 10], false),
      (#"auto_pad="SAME_LOWER",strides=[3,5]"#, [10, 10], true),
      (#"auto_pad="SAME_UPPER",strides=[3,5]"#, nil, true), ("pads=[-1,0,0,0]", [9, 9], true),
    ] as [(String, [Int]?, Bool)])
  func windowsTouchPadding(attributes: String, spatial: [Int]?, expected: Bool) throws {
    let (node, graph) = try lastNode("\(Self.operands) %y = Conv(%x,%w) {\(attributes)}")
    let view = try #require(ConvolutionView(node, in: graph))
    let extents = spatial?.map(Dimension.known) ?? [.symbol("H"), .unknown]
    #expect(view.mayTouchPadding(spatial: extents) == expected)
    #expect(view.mayTouchPadding(spatial: []))
  }

  @Test(arguments: [
    ("", false), ("pads=[1,1,1,1]", true), (#"auto_pad="SAME_UPPER""#, false),
    (#"auto_pad="SAME_LOWER",strides=[2,2]"#, false),
  ])
  func aPaddedPointwiseConvolutionIsNotExempt(attributes: String, expected: Bool) throws {
    let (node, graph) = try lastNode(
      "input %x input %w : f32[8,4,1,1] %y = Conv(%x,%w) {\(attributes)}")
    let view = try #require(ConvolutionView(node, in: graph))
    #expect(view.mayTouchPadding(spatial: [.unknown, .unknown]) == expected)
  }

  @Test(arguments: [
    ("1,1", "", false), ("1,1", "strides=[1,2]", true), ("1,1", "output_padding=[0,1]", true),
    ("1,1", "output_shape=[9,9]", true), ("2,2", "strides=[2,2]", true), ("3,3", "", true),
  ])
  func transposedConvolutionsHaveBorders(kernel: String, attributes: String, expected: Bool) throws
  {
    let (node, graph) = try lastNode(
      "input %x input %w : f32[4,8,\(kernel)] %y = ConvTranspose(%x,%w) {\(attributes)}")
    let view = try #require(ConvolutionView(node, in: graph))
    #expect(view.isTransposed && view.mayTouchPadding(spatial: [.known(9), .known(9)]) == expected)
  }

  @Test(
    arguments: [
      ("kernel_shape=[3]", 9, false, false),
      ("kernel_shape=[3],pads=[1,1]", 9, true, false),
      ("kernel_shape=[3],pads=[3,0]", 9, true, true),
      ("kernel_shape=[3],pads=[0,3]", 9, true, true),
      ("kernel_shape=[3],strides=[2],ceil_mode=1", 9, false, false),
      ("kernel_shape=[3],strides=[2],ceil_mode=1", 10, true, false),
      ("kernel_shape=[3],strides=[2],ceil_mode=1", nil, true, false),
      ("kernel_shape=[3],strides=[5],ceil_mode=1", nil, true, true),
      ("kernel_shape=[2],dilations=[2],pads=[1,1]", 9, true, false),
      ("kernel_shape=[2],dilations=[2],pads=[1,1]", 1, true, true),
      ("kernel_shape=[2],dilations=[2],pads=[1,1]", nil, true, true),
      (#"kernel_shape=[4],auto_pad="SAME_LOWER""#, nil, true, false),
      ("kernel_shape=[3],strides=[2]", nil, false, false),
    ] as [(String, Int?, Bool, Bool)])
  func pools(attributes: String, extent: Int?, touches: Bool, misses: Bool) throws {
    for kind in ["MaxPool", "AveragePool", "LpPool"] {
      let (node, graph) = try lastNode("input %x : f32[N,4,L] %y = \(kind)(%x) {\(attributes)}")
      let view = try #require(PoolView(node, in: graph))
      let spatial = [extent.map(Dimension.known) ?? .unknown]
      #expect(view.mayTouchPadding(spatial: spatial) == touches)
      #expect(view.mayLieWhollyInPadding(spatial: spatial) == misses)
    }
  }

  /// Against the definition: enumerate every window and look where its elements lie.
  @Test func paddingIsNeverOverlooked() throws {
    var random = SplitMix64(seed: 7)
    for _ in 0..<2_000 {
      let numbers = (0..<4).map { _ in Int.random(in: 1...4, using: &random) }
      let (kernel, stride, dilation, extent) = (numbers[0], numbers[1], numbers[2], numbers[3] * 2)
      let pads = [Int.random(in: 0...4, using: &random), Int.random(in: 0...4, using: &random)]
      let rounding = Int.random(in: 0...1, using: &random)
      let (node, graph) = try lastNode(
        "input %x : f32[1,1,\(extent)] %y = MaxPool(%x) {kernel_shape=[\(kernel)],"
          + "strides=[\(stride)],dilations=[\(dilation)],pads=\(pads),ceil_mode=\(rounding)}")
      let view = try #require(PoolView(node, in: graph))
      let inference = ShapeInference.infer(graph)
      let count = graph.nodes[node].output(0).flatMap { inference.shape(of: $0)?[2].count } ?? 0
      for window in 0..<count {
        let places = (0..<kernel).map { window * stride - pads[0] + $0 * dilation }
        let inside = places.filter { (0..<extent).contains($0) }
        for spatial in [[Dimension.known(extent)], [.unknown]] {
          if inside.count < kernel { #expect(view.mayTouchPadding(spatial: spatial)) }
          if inside.isEmpty { #expect(view.mayLieWhollyInPadding(spatial: spatial)) }
        }
      }
    }
  }
}
