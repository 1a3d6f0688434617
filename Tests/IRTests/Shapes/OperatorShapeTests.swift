import IR
import Testing

/// One table per operator family; expectations follow the ONNX operator documents.
@Suite struct OperatorShapeTests {
  @Test(arguments: [
    ShapeCase("input %x : f32[N,3] %y = Relu(%x)", "f32[N,3]"),
    ShapeCase("input %x : f32[N,3] %y = IsNaN(%x)", "bool[N,3]"),
    ShapeCase("input %x : f32[N,3] %y = Cast(%x) {to=7}", "i64[N,3]"),
    ShapeCase("input %x : f32[N,3] %y = Cast(%x) {to=99}", "?[N,3]"),
    ShapeCase("input %x : f32[N] input %t : f16[] %y = CastLike(%x,%t)", "f16[N]"),
    ShapeCase("input %a : f32[2,1,4] input %b : f32[3,1] %y = Add(%a,%b)", "f32[2,3,4]"),
    ShapeCase("input %a : f32[N,1] input %b : f32[1,M] %y = Mul(%a,%b)", "f32[N,M]"),
    ShapeCase("input %a : f32[N] input %b : f32[M] %y = Mul(%a,%b)", "f32[?]"),
    ShapeCase("input %a : f32[N] input %b : f32[5] %y = Mul(%a,%b)", "f32[5]"),
    ShapeCase("input %a : f32[0] input %b : f32[1] %y = Mul(%a,%b)", "f32[0]"),
    ShapeCase("input %a : f32[2] input %b : f32[3] %y = Mul(%a,%b)", "f32[?]"),
    ShapeCase("input %a : f32[*] input %b : f32[3] %y = Mul(%a,%b)", "f32[*]"),
    ShapeCase("input %a : i64[N,3] input %b : i64[3] %y = Less(%a,%b)", "bool[N,3]"),
    ShapeCase(
      "input %c : bool[N,1] input %a : f32[3] input %b : f32[] %y = Where(%c,%a,%b)", "f32[N,3]"),
    ShapeCase(
      "input %a : f32[4,1] input %b : f32[1,5] input %c : f32[] %y = Max(%a,%b,%c)", "f32[4,5]"),
    ShapeCase(
      "input %a : f32[2,3,4] input %b : f32[3] %y = Add(%a,%b) {axis=1,broadcast=1}",
      "f32[2,3,4]", version: 6),
    ShapeCase("input %x : f32[N,C,H,W] input %s : f32[C,1,1] %y = PRelu(%x,%s)", "f32[N,C,H,W]"),
    ShapeCase("input %x : f32[N,3] %y, %m = Dropout(%x)", "f32[N,3]; bool[N,3]"),
    ShapeCase("%y = Add()", "?"),
  ])
  func elementwise(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase("input %a : f32[M,K] input %b : f32[K,5] %y = Gemm(%a,%b)", "f32[M,5]"),
    ShapeCase(
      "input %a : f32[K,M] input %b : f32[5,K] %y = Gemm(%a,%b) {transA=1,transB=1}", "f32[M,5]"),
    ShapeCase("input %a : f32[M] input %b : f32[K,5] %y = Gemm(%a,%b)", "f32[*]"),
    ShapeCase("input %a : f32[B,1,M,K] input %b : f32[4,K,5] %y = MatMul(%a,%b)", "f32[B,4,M,5]"),
    ShapeCase("input %a : f32[K] input %b : f32[K,5] %y = MatMul(%a,%b)", "f32[5]"),
    ShapeCase("input %a : f32[B,M,K] input %b : f32[K] %y = MatMul(%a,%b)", "f32[B,M]"),
    ShapeCase("input %a : f32[K] input %b : f32[K] %y = MatMul(%a,%b)", "f32[]"),
    ShapeCase("input %a : f32[] input %b : f32[K] %y = MatMul(%a,%b)", "f32[*]"),
    ShapeCase("input %a : u8[M,K] input %b : i8[K,5] %y = MatMulInteger(%a,%b)", "i32[M,5]"),
    ShapeCase(
      #"input %a : f32[B,i,j] input %b : f32[B,j,k] %y = Einsum(%a,%b) {equation="bij, bjk->bik"}"#,
      "f32[B,i,k]"),
    ShapeCase(#"input %a : f32[5,I,I] %y = Einsum(%a) {equation="...ii->...i"}"#, "f32[5,I]"),
    ShapeCase(#"input %a : f32[I,J] %y = Einsum(%a) {equation="ji"}"#, "f32[J,I]"),
    ShapeCase(#"input %a : f32[I,J] %y = Einsum(%a) {equation="ij->ik"}"#, "f32[*]"),
    ShapeCase(#"input %a : f32[I] %y = Einsum(%a) {equation="->,.-"}"#, "f32[*]"),
    ShapeCase(
      "input %q : f32[B,S,32] input %k : f32[B,T,16] input %v : f32[B,T,48] "
        + "%y = Attention(%q,%k,%v) {q_num_heads=4,kv_num_heads=2}", "f32[B,S,96]", version: 23),
  ])
  func products(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase(
      "input %x : f32[N,C,H,W] %y = ReduceMean(%x) {axes=[2,-1]}", "f32[N,C,1,1]",
      version: 13),
    ShapeCase(
      "input %x : f32[N,C,H,W] %y = ReduceMean(%x) {axes=[2,3],keepdims=0}", "f32[N,C]",
      version: 13),
    ShapeCase(
      "input %x : f32[N,C] const %a : i64[1] = dense [1] %y = ReduceMean(%x,%a)",
      "f32[N,1]"),
    ShapeCase("input %x : f32[N,C] input %a : i64[1] %y = ReduceMean(%x,%a)", "f32[?,?]"),
    ShapeCase("input %x : f32[N,C] input %a : i64[1] %y = ReduceSum(%x,%a) {keepdims=0}", "f32[*]"),
    ShapeCase("input %x : f32[N,C] %y = ReduceSum(%x)", "f32[1,1]"),
    ShapeCase("input %x : f32[N,C] %y = ReduceSum(%x) {noop_with_empty_axes=1}", "f32[N,C]"),
    ShapeCase("input %x : f32[N,C] %y = ReduceL2(%x) {axes=[2]}", "f32[?,?]", version: 13),
    ShapeCase("input %x : f32[*] %y = ReduceMax(%x) {keepdims=0}", "f32[]"),
    ShapeCase("input %x : f32[N,C] %y = ArgMax(%x) {axis=-1}", "i64[N,1]"),
    ShapeCase("input %x : f32[N,C] %y = ArgMin(%x) {axis=2}", "i64[*]"),
    ShapeCase(
      "input %x : f32[N,9] const %k : i64[1] = dense [3] %v, %i = TopK(%x,%k)",
      "f32[N,3]; i64[N,3]"),
    ShapeCase(
      "input %x : f32[N,9] %v, %i = TopK(%x) {k=2,axis=0}", "f32[2,9]; i64[2,9]", version: 9),
    ShapeCase("input %x : f32[N,10,1] %y = DFT(%x) {axis=1,onesided=1}", "f32[N,6,2]", version: 17),
    ShapeCase("input %x : f32[N,10,8,2] %y = DFT(%x)", "f32[N,10,8,2]", version: 20),
    ShapeCase("input %x : f32[N,10] %y = CumSum(%x)", "f32[N,10]"),
  ])
  func reductions(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase("input %x : f32[N,C,H,W] %y = Transpose(%x) {perm=[0,2,3,1]}", "f32[N,H,W,C]"),
    ShapeCase("input %x : f32[N,C,H,W] %y = Transpose(%x)", "f32[W,H,C,N]"),
    ShapeCase("input %x : f32[N,C] %y = Transpose(%x) {perm=[0,0]}", "f32[?,?]"),
    ShapeCase("input %x : f32[N,C] %y = Transpose(%x) {perm=[0,1,2]}", "f32[?,?]"),
    ShapeCase("input %x : f32[N,4,5] %y = Flatten(%x)", "f32[N,20]"),
    ShapeCase("input %x : f32[N,4,5] %y = Flatten(%x) {axis=0}", "f32[1,?]"),
    ShapeCase("input %x : f32[2,4,5] %y = Flatten(%x) {axis=-1}", "f32[8,5]"),
    ShapeCase("input %x : f32[2,4,5] %y = Flatten(%x) {axis=3}", "f32[40,1]"),
    ShapeCase("input %x : f32[2,4,5] %y = Flatten(%x) {axis=4}", "f32[?,?]"),
    ShapeCase("input %x : f32[N,4,1,1] %y = Squeeze(%x) {axes=[2,-1]}", "f32[N,4]", version: 11),
    ShapeCase("input %x : f32[2,4,1,1] %y = Squeeze(%x)", "f32[2,4]"),
    ShapeCase("input %x : f32[N,4,1,1] %y = Squeeze(%x)", "f32[*]"),
    ShapeCase(
      "input %x : f32[N,4] const %a : i64[2] = dense [0,-1] %y = Unsqueeze(%x,%a)",
      "f32[1,N,4,1]"),
    ShapeCase(
      "input %x : f32[N,4] const %a : i64[2] = dense [1,1] %y = Unsqueeze(%x,%a)", "f32[*]"),
    ShapeCase("input %x : f32[N,4] const %a : i64[1] = dense [-9] %y = Unsqueeze(%x,%a)", "f32[*]"),
    ShapeCase("input %x : f32[*] const %a : i64[1] = dense [-9] %y = Unsqueeze(%x,%a)", "f32[*]"),
    ShapeCase(
      "input %x : f32[3,1] const %s : i64[3] = dense [2,1,6] %y = Expand(%x,%s)",
      "f32[2,3,6]"),
    ShapeCase("input %x : f32[N,2] const %r : i64[2] = dense [1,3] %y = Tile(%x,%r)", "f32[N,6]"),
    ShapeCase("input %x : f32[N,2] const %r : i64[3] = splat 1 %y = Tile(%x,%r)", "f32[?,?]"),
  ])
  func layout(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase(
      "input %a : f32[N,3,H] input %b : f32[N,5,H] %y = Concat(%a,%b) {axis=1}",
      "f32[N,8,H]"),
    ShapeCase("input %a : f32[N,3] input %b : f32[2,C] %y = Concat(%a,%b) {axis=-1}", "f32[2,?]"),
    ShapeCase("input %a : f32[N,3] input %b : f32[N] %y = Concat(%a,%b) {axis=1}", "f32[*]"),
    ShapeCase("input %a : f32[N,3] %y = Concat(%a)", "f32[*]"),
    ShapeCase("input %a : f32[9223372036854775807] %y = Concat(%a,%a) {axis=0}", "f32[?]"),
    ShapeCase("input %x : f32[N,6] %a, %b = Split(%x) {axis=1}", "f32[N,3]; f32[N,3]"),
    ShapeCase(
      "input %x : f32[N,6] %a, %b = Split(%x) {axis=1,split=[2,4]}", "f32[N,2]; f32[N,4]",
      version: 11),
    ShapeCase(
      "input %x : f32[N,6] const %s : i64[2] = dense [2,4] %a, %b = Split(%x,%s) {axis=1}",
      "f32[N,2]; f32[N,4]"),
    ShapeCase(
      "input %x : f32[N,7] %a, %b = Split(%x) {axis=1,num_outputs=2}",
      "f32[N,4]; f32[N,3]"),
    ShapeCase("input %x : f32[N,7] %a, %b = Split(%x) {axis=1}", "f32[N,?]; f32[N,?]", version: 13),
    ShapeCase(
      "input %x : f32[N,6] %a, %b = Split(%x) {axis=1,split=[2,-2]}", "f32[*]; f32[*]",
      version: 11),
    ShapeCase(
      "input %x : f32[N,6] %a, %b = Split(%x) {axis=1,split=[9223372036854775807,9]}",
      "f32[*]; f32[*]", version: 11),
    ShapeCase("input %x : f32[N,C] input %i : i64[2,3] %y = Gather(%x,%i) {axis=1}", "f32[N,2,3]"),
    ShapeCase("input %x : f32[N,C] input %i : i64[] %y = Gather(%x,%i)", "f32[C]"),
    ShapeCase("input %x : f32[N,C] input %i : i64[] %y = Gather(%x,%i) {axis=2}", "f32[*]"),
    ShapeCase("input %x : f32[N,C] input %i : i64[N,2] %y = GatherElements(%x,%i)", "f32[N,2]"),
    ShapeCase(
      "input %x : f32[B,N,C,D] input %i : i64[B,7,1] %y = GatherND(%x,%i) {batch_dims=1}",
      "f32[B,7,C,D]"),
    ShapeCase("input %x : f32[B,N] input %i : i64[B,9] %y = GatherND(%x,%i)", "f32[*]"),
    ShapeCase("input %x : f32[B,N] input %c : bool[N] %y = Compress(%x,%c) {axis=1}", "f32[B,?]"),
    ShapeCase(
      "input %x : f32[N,3,H,W] const %p : i64[8] = dense [0,0,1,2,0,0,3,-2] "
        + "%y = Pad(%x,%p)", "f32[N,3,?,W]"),
    ShapeCase(
      "input %x : f32[N,3,8] %y = Pad(%x) {pads=[0,0,1,0,0,2]}", "f32[N,3,11]", version: 10),
    ShapeCase(
      "input %x : f32[N,3,8] const %p : i64[2] = dense [1,2] const %a : i64[1] = dense [-1] "
        + "%y = Pad(%x,%p,_,%a)", "f32[N,3,11]"),
    ShapeCase(
      "input %x : f32[3,8] const %p : i64[4] = dense [0,-9,0,0] %y = Pad(%x,%p)",
      "f32[3,?]"),
    ShapeCase("input %x : f32[3,8] input %p : i64[4] %y = Pad(%x,%p)", "f32[?,?]"),
  ])
  func joiningAndTaking(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ("0", "3", "1", "f32[N,3]"), ("-3", "9223372036854775807", "1", "f32[N,3]"),
    ("1", "-1", "2", "f32[N,4]"), ("9", "0", "-3", "f32[N,3]"),
    ("-1", "-9223372036854775808", "-1", "f32[N,10]"), ("5", "5", "1", "f32[N,0]"),
    ("7", "2", "1", "f32[N,0]"), ("-99", "99", "1", "f32[N,10]"), ("99", "100", "1", "f32[N,0]"),
    ("0", "9", "0", "f32[N,?]"), ("9", "-99", "-9223372036854775808", "f32[N,1]"),
  ])
  func slices(start: String, end: String, step: String, expected: String) throws {
    let bounds = """
      const %s : i64[1] = dense [\(start)] const %e : i64[1] = dense [\(end)]
      const %a : i64[1] = dense [1] const %t : i64[1] = dense [\(step)]
      """
    try ShapeCase("input %x : f32[N,10] \(bounds) %y = Slice(%x,%s,%e,%a,%t)", expected).check()
  }

  @Test(arguments: [
    ShapeCase(
      "input %x : f32[N,10] %y = Slice(%x) {starts=[1],ends=[-1],axes=[1]}", "f32[N,8]",
      version: 9),
    ShapeCase(
      "input %x : f32[N,10] %y = Slice(%x) {starts=[0],ends=[9223372036854775807]}",
      "f32[N,10]", version: 9),
    ShapeCase(
      "input %x : f32[N,10] %y = Slice(%x) {starts=[0,1],ends=[9]}", "f32[?,?]", version: 9),
    ShapeCase("input %x : f32[N,10] input %s : i64[1] %y = Slice(%x,%s,%s)", "f32[?,10]"),
    ShapeCase("input %x : f32[N,10] input %s : i64[2] %y = Slice(%x,%s,%s)", "f32[?,?]"),
    ShapeCase("input %x : f32[*] input %s : i64[2] %y = Slice(%x,%s,%s)", "f32[*]"),
  ])
  func sliceForms(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase("const %s : i64[2] = dense [2,3] %y = ConstantOfShape(%s)", "f32[2,3]"),
    ShapeCase(
      "const %s : i64[0] = dense [] %y = ConstantOfShape(%s) {value=tensor i64[1] splat 1}",
      "i64[]"),
    ShapeCase("const %s : i64[1] = dense [-2] %y = ConstantOfShape(%s)", "f32[?]"),
    ShapeCase("input %x : f32[N,3] %y = Shape(%x) {start=-1}", "i64[1]"),
    ShapeCase("input %x : f32[N,3] %y = Shape(%x) {start=2,end=1}", "i64[0]"),
    ShapeCase("input %x : f32[N,3] %y = Size(%x)", "i64[]"),
    ShapeCase("input %x : f32[N,3] %y = EyeLike(%x) {dtype=11}", "f64[N,3]"),
    ShapeCase("input %x : f32[N,3] %y = NonZero(%x)", "i64[2,?]"),
    ShapeCase(
      "input %i : i64[N] const %d : i64[] = splat 7 input %v : f32[2] "
        + "%y = OneHot(%i,%d,%v)", "f32[N,7]"),
    ShapeCase(
      "const %a : i64[] = splat 1 const %b : i64[] = splat 10 const %c : i64[] = splat 4 "
        + "%y = Range(%a,%b,%c)", "i64[3]"),
    ShapeCase(
      "const %a : i64[] = splat 1 const %c : i64[] = splat 0 %y = Range(%a,%a,%c)", "i64[?]"),
    ShapeCase(
      "const %a : f32[] = splat 0 const %b : f32[] = splat 1 const %c : f32[] = splat 0.3 "
        + "%y = Range(%a,%b,%c)", "f32[4]"),
    ShapeCase(
      "input %x : f32[N] input %s : f32[] input %z : u8[] %y = QuantizeLinear(%x,%s,%z)",
      "u8[N]"),
    ShapeCase("input %x : u8[N] input %s : f16[] %y = DequantizeLinear(%x,%s)", "f16[N]"),
    ShapeCase("input %x : f32[N] %y, %s, %z = DynamicQuantizeLinear(%x)", "u8[N]; f32[]; u8[]"),
    ShapeCase("%y = Constant() {value_ints=[1,2,3]}", "i64[3]"),
    ShapeCase("%y = Constant() {value_string=\"a\"}", "string[]"),
    ShapeCase("%y = Constant() {value_int=1,value_float=2.0}", "?"),
  ])
  func sourcesAndFormats(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase(
      "input %x : f32[N,C,H,W] input %s : f32[C] %y = LayerNormalization(%x,%s) {axis=2}",
      "f32[N,C,H,W]"),
    ShapeCase(
      "input %x : f32[N,C,H] input %s : f32[C] %y, %m = LayerNormalization(%x,%s) {axis=1}",
      "f32[N,C,H]; f32[N,1,1]"),
    ShapeCase(
      "input %x : f32[N,C,H] input %s : f32[C] %y = BatchNormalization(%x,%s,%s,%s,%s)",
      "f32[N,C,H]"),
    ShapeCase("input %x : f32[N,C] %y = Softmax(%x)", "f32[N,C]"),
    ShapeCase("input %x : f32[N,C] %y = com.example::Softmax(%x)", "?"),
    ShapeCase("input %x : f32[N,C] %y = Unheard(%x)", "?"),
  ])
  func normalisationAndOthers(_ test: ShapeCase) throws { try test.check() }
}
