import IR
import TestSupport
import Testing

/// Shapes that models compute from shapes.
@Suite struct ShapeArithmeticTests {
  @Test(arguments: [
    // torch's view(x.size(0), -1)
    ShapeCase(
      """
      input %x : f32[N,2048,1,1] const %z : i64[] = splat 0 const %m : i64[1] = splat -1
      const %a : i64[1] = splat 0
      %s = Shape(%x) %g = Gather(%s,%z) %u = Unsqueeze(%g,%a) %c = Concat(%u,%m) {axis=0}
      %y = Reshape(%x,%c)
      """, "f32[N,2048]"),
    // A channel shuffle at any size.
    ShapeCase(
      """
      input %x : f32[N,116,H,W] const %k : i64[2] = dense [2,58] const %i0 : i64[1] = splat 0
      const %i2 : i64[1] = splat 2 const %i4 : i64[1] = splat 4
      %s = Shape(%x) %n = Slice(%s,%i0,%i0) %b = Gather(%s,%i0) %hw = Slice(%s,%i2,%i4)
      %c = Concat(%b,%k,%hw) {axis=0} %y = Reshape(%x,%c)
      """, "f32[N,2,58,H,W]"),
    // The same behind a convolution that leaves the extents open.
    ShapeCase(
      """
      input %i : f32[N,3,H,W] input %w : f32[8,3,3,3] const %k : i64[2] = dense [2,4]
      %x = Conv(%i,%w) {strides=[2,2]} %n = Shape(%x) {end=1} %hw = Shape(%x) {start=2}
      %c = Concat(%n,%k,%hw) {axis=0} %r = Reshape(%x,%c)
      %t = Transpose(%r) {perm=[0,2,1,3,4]} %xs = Shape(%x) %o = Reshape(%t,%xs) %y = Add(%o,%x)
      """, "f32[N,8,?,?]"),
    // An upsampling factor on an extent, in floats.
    ShapeCase(
      """
      input %x : f32[1,3,17,20] const %two : f32[] = splat 1.5 const %h : i64[] = splat 2
      const %a : i64[1] = splat 0 const %f : i64[2] = dense [1,3] const %w : i64[1] = splat 9
      %s = Shape(%x) %g = Gather(%s,%h) %c = Cast(%g) {to=1} %m = Mul(%c,%two) %l = Floor(%m)
      %n = Cast(%l) {to=7} %u = Unsqueeze(%n,%a) %z = Concat(%f,%u,%w) {axis=0}
      %y = Resize(%x,_,_,%z)
      """, "f32[1,3,25,9]"),
    // torch's expand: -1 means keep.
    ShapeCase(
      """
      input %x : f32[N,1,4] const %t : i64[3] = dense [-1,7,-1] const %k : i64[] = splat -1
      %s = Shape(%t) %o = ConstantOfShape(%s) {value=tensor i64[1] splat 1}
      %e = Equal(%t,%k) %w = Where(%e,%o,%t) %y = Expand(%x,%w)
      """, "f32[N,7,4]"),
    ShapeCase(
      """
      input %x : f32[N,12] const %t : i64[] = splat 0 const %l : i64[] = splat 3
      %a = Shape(%x) %n = Gather(%a,%t) const %one : i64[] = splat 1 %y = Range(%t,%n,%one)
      """, "i64[N]"),
    ShapeCase(
      """
      input %x : f32[2,12] const %k : i64[1] = splat 3 %s = Shape(%x) %p = ReduceProd(%s)
      %y = Reshape(%x,%p)
      """, "f32[24]", version: 17),
    ShapeCase(
      "input %x : f32[N,4,5] const %s : i64[2] = dense [0,-1] %y = Reshape(%x,%s)",
      "f32[N,20]"),
    ShapeCase(
      "input %x : f32[N,C,H,W] const %s : i64[3] = dense [0,0,-1] %y = Reshape(%x,%s)",
      "f32[N,C,?]"),
    ShapeCase(
      "input %x : f32[N,C,1,W] const %s : i64[3] = dense [0,0,-1] %y = Reshape(%x,%s)",
      "f32[N,C,W]"),
    ShapeCase(
      "input %x : f32[N,C,H,W] const %s : i64[2] = dense [-1,7] %y = Reshape(%x,%s)",
      "f32[?,7]"),
    ShapeCase(
      "input %x : f32[6,4] const %s : i64[2] = dense [-1,5] %y = Reshape(%x,%s)", "f32[?,5]"),
    ShapeCase(
      "input %x : f32[0,4] const %s : i64[2] = dense [0,-1] %y = Reshape(%x,%s)", "f32[0,?]"),
    ShapeCase(
      "input %x : f32[0,4] const %s : i64[2] = dense [3,0] %y = Reshape(%x,%s) {allowzero=1}",
      "f32[3,0]"),
    ShapeCase(
      "input %x : f32[6,4] const %s : i64[2] = dense [-1,-1] %y = Reshape(%x,%s)",
      "f32[?,?]"),
    ShapeCase(
      "input %x : f32[6,4] const %s : i64[2] = dense [-2,12] %y = Reshape(%x,%s)",
      "f32[*]"),
    ShapeCase("input %x : f32[6,4] input %s : i64[3] %y = Reshape(%x,%s)", "f32[?,?,?]"),
    ShapeCase("input %x : f32[6,4] input %s : i64[K] %y = Reshape(%x,%s)", "f32[*]"),
    ShapeCase("input %x : f32[6,4] %y = Reshape(%x) {shape=[3,-1]}", "f32[3,8]", version: 1),
  ])
  func shapes(_ test: ShapeCase) throws { try test.check() }

  /// What is known of the last result, element by element.
  static func elements(_ statements: String, version: Int = 18) throws -> [PartialNumber]? {
    let graph = try parseGraph("graph opset \(version) { \(statements) }")
    let inference = ShapeInference.infer(graph)
    let last = try #require(graph.nodeIDs.last)
    return graph.nodes[last].output(0).flatMap { inference.partialTensor(of: $0)?.elements }
  }

  @Test(arguments: [
    ("Div", -7, 2, -3 as Int64?), ("Div", 7, -2, -3), ("Div", 7, 0, nil), ("Mod", -7, 3, 2),
    ("Mod", 7, -3, -2), ("Mod", -6, 3, 0), ("Mod", 5, 0, nil), ("Sub", 3, 5, -2),
    ("Max", 3, 5, 5), ("Min", 3, 5, 3), ("Equal", 3, 3, 1), ("Greater", 3, 5, 0),
    ("LessOrEqual", 5, 5, 1), ("Add", Int.max, 1, nil), ("Mul", Int.max, 2, nil),
    ("Sub", Int.min, 1, nil), ("Div", Int.min, -1, nil), ("Mod", Int.min, -1, nil),
  ])
  func wholeNumbers(operation: String, left: Int, right: Int, expected: Int64?) throws {
    let found = try Self.elements(
      "const %a : i64[1] = splat \(left) const %b : i64[] = splat \(right) %y = \(operation)(%a,%b)"
    )
    #expect(found == [expected.map(PartialNumber.integer) ?? .unknown])
  }

  @Test func theRemainderOfCTruncates() throws {
    #expect(
      try Self.elements(
        "const %a : i64[] = splat -7 const %b : i64[] = splat 3 %y = Mod(%a,%b) {fmod=1}")
        == [.integer(-1)])
  }

  @Test func narrowNumbersDoNotOverflow() throws {
    let a = "const %a : i32[] = splat 2147483647"
    #expect(try Self.elements("\(a) %y = Add(%a,%a)") == [.unknown])
    #expect(try Self.elements("\(a) %y = Neg(%a)") == [.integer(-2147483647)])
    #expect(
      try Self.elements("const %a : i64[] = splat 3000000000 %y = Cast(%a) {to=6}") == [.unknown])
  }

  @Test func floatsRoundAsTheirTypeDoes() throws {
    let operands = "const %a : f32[] = splat 0.1 const %b : f32[] = splat 3"
    let single = Double(Float(0.1) * 3)
    #expect(try Self.elements("\(operands) %y = Mul(%a,%b)") == [.real(single)])
    #expect(
      try Self.elements("const %a : f32[2] = dense [inf, -2.7] %y = Cast(%a) {to=7}")
        == [.unknown, .integer(-2)])
    #expect(
      try Self.elements("const %a : i64[] = splat 16777217 %y = Cast(%a) {to=1}")
        == [.real(16_777_216)])
  }

  @Test(arguments: [
    ("%y = Add(%n,%zero)", PartialNumber.symbol("N")), ("%y = Mul(%one,%n)", .symbol("N")),
    ("%y = Sub(%n,%n)", .integer(0)), ("%y = Mul(%n,%zero)", .integer(0)),
    ("%y = Equal(%n,%minus)", .integer(0)), ("%y = Equal(%n,%one)", .unknown),
    ("%y = Greater(%minus,%n)", .integer(0)), ("%y = GreaterOrEqual(%n,%zero)", .integer(1)),
    ("%y = Less(%zero,%n)", .unknown), ("%y = Div(%n,%n)", .unknown),
    ("%y = Max(%n,%zero)", .symbol("N")), ("%y = Min(%minus,%n)", .integer(-1)),
    ("%y = Cast(%n) {to=6}", .symbol("N")), ("%y = Cast(%n) {to=1}", .unknown),
    ("%y = Neg(%n)", .unknown), ("%y = Abs(%n)", .symbol("N")), ("%y = Add(%n,%n)", .unknown),
    ("%e = Equal(%n,%one) %y = Where(%e,%n,%n)", .symbol("N")),
    ("%e = Equal(%n,%one) %t = Not(%e) %y = And(%t,%f)", .integer(0)),
    ("%m = Mul(%nine,%n) %y = Mul(%m,%n)", .symbol("%×9×N×N")),
    ("%m = Mul(%nine,%n) %y = Div(%m,%three)", .symbol("%×3×N")),
    ("%m = Mul(%nine,%n) %y = Div(%m,%nine)", .symbol("N")),
    ("%m = Mul(%n,%three) %y = Div(%m,%nine)", .unknown),
    ("%m = Mul(%n,%n) %k = Mul(%m,%m) %y = Mul(%k,%k)", .symbol("%×N×N×N×N×N×N×N×N")),
    ("%m = Mul(%n,%n) %k = Mul(%m,%m) %l = Mul(%k,%k) %y = Mul(%l,%n)", .unknown),
    ("%s = Cast(%n) {to=6} %y = Mul(%s,%s)", .unknown),
  ])
  func extents(statements: String, expected: PartialNumber) throws {
    let found = try Self.elements(
      """
      input %x : f32[N] %n = Shape(%x) const %zero : i64[] = splat 0 const %one : i64[] = splat 1
      const %three : i64[] = splat 3 const %nine : i64[] = splat 9
      const %minus : i64[] = splat -1 const %f : bool[] = splat false \(statements)
      """)
    #expect(found == [expected])
  }

  @Test(
    arguments: [
      ("const %a : i64[2,3] = dense [0,1,2,3,4,5] %y = Transpose(%a)", [0, 3, 1, 4, 2, 5]),
      (
        "const %a : i64[4] = dense [0,1,2,3] const %i : i64[2] = dense [-1,0] %y = Gather(%a,%i)",
        [3, 0]
      ),
      (
        "const %a : i64[4] = dense [0,1,2,3] %b, %c = Split(%a) %y = Concat(%c,%b) {axis=0}",
        [2, 3, 0, 1]
      ),
      (
        "const %a : i64[2,1] = dense [1,2] const %b : i64[2,2] = dense [3,4,5,6] "
          + "%y = Concat(%a,%b) {axis=1}", [1, 3, 4, 2, 5, 6]
      ),
      (
        "const %a : i64[2,1] = dense [1,2] const %s : i64[2] = dense [2,2] %y = Expand(%a,%s)",
        [1, 1, 2, 2]
      ),
      (
        "const %a : i64[] = splat 2 const %b : i64[] = splat 8 const %c : i64[] = splat 3 "
          + "%y = Range(%a,%b,%c)", [2, 5]
      ),
      ("const %a : i64[3] = dense [2,3,4] %y = ReduceProd(%a)", [24]),
      ("const %a : i64[3] = dense [2,3,4] %y = ReduceMax(%a)", [4]),
      ("input %x : f32[5,4] %y = Size(%x)", [20]),
      (
        "const %a : i64[3] = dense [7,8,9] const %s : i64[1] = splat 2 const %e : i64[1] = splat -4 "
          + "const %x : i64[1] = splat 0 const %t : i64[1] = splat -1 %y = Slice(%a,%s,%e,%x,%t)",
        [9, 8, 7]
      ),
      ("const %a : i64[0,3] = dense [] %y = Transpose(%a)", []),
    ] as [(String, [Int64])])
  func lists(statements: String, expected: [Int64]) throws {
    #expect(try Self.elements(statements) == expected.map(PartialNumber.integer))
  }

  @Test func largeTensorsAreNotFollowed() throws {
    #expect(
      try Self.elements("const %s : i64[1] = splat 2000 %y = ConstantOfShape(%s)") == nil)
    #expect(
      try Self.elements(
        "const %a : i64[] = splat 1 const %s : i64[6] = splat 999 %y = Expand(%a,%s)")
        == nil)
  }
}
