import IR
import Testing

/// Convolution, pooling, resizing: spatial extents as the ONNX operator documents define them.
@Suite struct WindowShapeTests {
  static let image = "input %x : f32[N,3,32,33]"
  static let open = "input %x : f32[N,3,H,W]"
  static let filters = "input %w : f32[8,3,3,3]"

  @Test(arguments: [
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w)", "f32[N,8,30,31]"),
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {pads=[1,1,1,1]}", "f32[N,8,32,33]"),
    ShapeCase(
      "\(image) \(filters) %y = Conv(%x,%w) {pads=[1,1,1,1],strides=[2,2]}", "f32[N,8,16,17]"),
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {dilations=[2,3]}", "f32[N,8,28,27]"),
    ShapeCase(
      #"\#(image) \#(filters) %y = Conv(%x,%w) {auto_pad="SAME_UPPER",strides=[2,2]}"#,
      "f32[N,8,16,17]"),
    ShapeCase(
      #"\#(image) \#(filters) %y = Conv(%x,%w) {auto_pad="VALID",strides=[2,2]}"#,
      "f32[N,8,15,16]"),
    ShapeCase("\(open) \(filters) %y = Conv(%x,%w) {pads=[1,1,1,1]}", "f32[N,8,H,W]"),
    ShapeCase("\(open) \(filters) %y = Conv(%x,%w) {pads=[0,1,1,1]}", "f32[N,8,?,W]"),
    ShapeCase(#"\#(open) \#(filters) %y = Conv(%x,%w) {auto_pad="SAME_LOWER"}"#, "f32[N,8,H,W]"),
    ShapeCase(
      "\(open) \(filters) %y = Conv(%x,%w) {pads=[1,1,1,1],strides=[2,1]}", "f32[N,8,?,W]"),
    ShapeCase("\(open) input %w : f32[*] %y = Conv(%x,%w) {kernel_shape=[1,1]}", "f32[N,?,H,W]"),
    ShapeCase("input %x \(filters) %y = Conv(%x,%w)", "?[?,8,?,?]"),
    ShapeCase("input %x : f32[1,3,9] input %w : f32[4,3,3] %y = Conv(%x,%w)", "f32[1,4,7]"),
    ShapeCase("input %x : f32[1,3,2,2] \(filters) %y = Conv(%x,%w)", "f32[1,8,?,?]"),
  ])
  func convolution(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {pads=[1,1]}", "f32[*]"),
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {strides=[0,1]}", "f32[*]"),
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {strides=[1,-1]}", "f32[*]"),
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {group=0}", "f32[*]"),
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {group=3}", "f32[*]"),
    ShapeCase("\(image) input %w : f32[8,2,3,3] %y = Conv(%x,%w)", "f32[*]"),
    ShapeCase("\(image) input %w : f32[8,2,3,3] %y = ConvTranspose(%x,%w)", "f32[*]"),
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {kernel_shape=[5,5]}", "f32[*]"),
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {auto_pad=\"SOME\"}", "f32[*]"),
    ShapeCase("\(image) \(filters) %y = Conv(%x,%w) {pads=\"1\"}", "f32[*]"),
    ShapeCase("\(image) input %w : f32[8,3,3] %y = Conv(%x,%w)", "f32[*]"),
    ShapeCase("input %x : f32[3] \(filters) %y = Conv(%x,%w)", "f32[*]"),
    ShapeCase("input %x : f32[] input %w : f32[] %y = Conv(%x,%w)", "f32[*]"),
    ShapeCase("\(image) %y = Conv(%x)", "f32[*]"),
    ShapeCase("%y = Conv()", "?"),
    ShapeCase(
      "\(image) \(filters) %y = Conv(%x,%w) {dilations=[9223372036854775807,1]}", "f32[*]"),
    ShapeCase(
      "\(image) \(filters) %y = Conv(%x,%w) {pads=[-9223372036854775808,0,0,0]}", "f32[*]"),
    ShapeCase(
      "input %x : f32[1,3,9223372036854775807,8] \(filters) %y = Conv(%x,%w) {pads=[9,0,9,0]}",
      "f32[1,8,?,6]"),
  ])
  func malformedConvolution(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase("\(image) input %w : f32[3,8,2,2] %y = ConvTranspose(%x,%w)", "f32[N,8,33,34]"),
    ShapeCase(
      "\(image) input %w : f32[3,8,2,2] %y = ConvTranspose(%x,%w) {strides=[2,2]}",
      "f32[N,8,64,66]"),
    ShapeCase(
      "\(image) input %w : f32[3,8,3,3] %y = ConvTranspose(%x,%w) "
        + "{strides=[3,2],output_padding=[1,1],pads=[1,0,1,0],group=3}", "f32[N,24,95,68]"),
    ShapeCase(
      "\(image) input %w : f32[3,8,3,3] %y = ConvTranspose(%x,%w) {output_shape=[70,71]}",
      "f32[N,8,70,71]"),
    ShapeCase(
      #"\#(image) input %w : f32[3,8,3,3] %y = ConvTranspose(%x,%w) "#
        + #"{auto_pad="SAME_UPPER",strides=[2,2]}"#, "f32[N,8,64,66]"),
    ShapeCase("\(open) input %w : f32[3,8,2,2] %y = ConvTranspose(%x,%w)", "f32[N,8,?,?]"),
    ShapeCase("\(open) input %w : f32[3,8,1,1] %y = ConvTranspose(%x,%w)", "f32[N,8,H,W]"),
    ShapeCase(
      "\(image) input %w : f32[3,8,2,2] %y = ConvTranspose(%x,%w) {output_padding=[1]}", "f32[*]"),
    ShapeCase(
      "input %x : f32[1,3,1099511627776,8] input %w : f32[3,8,2,2] "
        + "%y = ConvTranspose(%x,%w) {strides=[1073741824,1]}", "f32[1,8,?,9]"),
  ])
  func transposedConvolution(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase(
      "\(image) %y, %i = MaxPool(%x) {kernel_shape=[3,3],strides=[2,2]}",
      "f32[N,3,15,16]; i64[N,3,15,16]"),
    ShapeCase(
      "\(image) %y = MaxPool(%x) {kernel_shape=[3,3],strides=[2,2],ceil_mode=1}",
      "f32[N,3,16,16]"),
    ShapeCase(
      "\(image) %y = MaxPool(%x) {kernel_shape=[3,3],strides=[2,2],pads=[0,0,1,1]}",
      "f32[N,3,16,16]"),
    ShapeCase(
      "input %x : f32[1,1,4] %y = AveragePool(%x) {kernel_shape=[1],strides=[4],ceil_mode=1}",
      "f32[1,1,1]"),
    ShapeCase("\(open) %y = LpPool(%x) {kernel_shape=[3,3],pads=[1,1,1,1]}", "f32[N,3,H,W]"),
    ShapeCase("\(open) %y = AveragePool(%x) {kernel_shape=[2,2],strides=[2,2]}", "f32[N,3,?,?]"),
    ShapeCase("\(image) %y = MaxPool(%x)", "f32[*]"),
    ShapeCase("\(image) %y = MaxPool(%x) {kernel_shape=[3]}", "f32[*]"),
    ShapeCase("\(open) %y = GlobalAveragePool(%x)", "f32[N,3,1,1]"),
    ShapeCase("input %x : f32[4] %y = GlobalMaxPool(%x)", "f32[*]"),
  ])
  func pooling(_ test: ShapeCase) throws { try test.check() }

  @Test(arguments: [
    ShapeCase(
      "\(image) const %s : f32[4] = dense [1,1,2,0.5] %y = Resize(%x,_,%s)", "f32[N,3,64,16]"),
    ShapeCase(
      "\(image) const %e : f32[0] = dense [] const %s : i64[4] = dense [1,3,7,9] "
        + "%y = Resize(%x,%e,%e,%s)", "f32[1,3,7,9]"),
    ShapeCase(
      "\(image) const %s : i64[2] = dense [7,9] %y = Resize(%x,_,_,%s) {axes=[2,-1]}",
      "f32[N,3,7,9]"),
    ShapeCase(
      "\(image) const %s : i64[2] = dense [7,9] %y = Resize(%x,_,_,%s) "
        + #"{axes=[2,-1],keep_aspect_ratio_policy="not_larger"}"#, "f32[N,3,?,?]"),
    ShapeCase(
      "\(open) const %s : f32[4] = dense [1,1,2,1] %y = Resize(%x,%s)", "f32[N,3,?,W]", version: 10),
    ShapeCase(
      "\(image) %y = Upsample(%x) {scales=[1.0,1.0,2.0,2.0]}", "f32[N,3,64,66]", version: 7),
    ShapeCase(
      "\(image) const %s : f32[4] = dense [1,1,nan,inf] %y = Resize(%x,_,%s)", "f32[N,3,?,?]"),
    ShapeCase("\(image) input %s : f32[4] %y = Resize(%x,_,%s)", "f32[?,?,?,?]"),
    ShapeCase("\(image) %y = DepthToSpace(%x) {blocksize=2}", "f32[N,?,64,66]"),
    ShapeCase("input %x : f32[N,8,H,4] %y = DepthToSpace(%x) {blocksize=2}", "f32[N,2,?,8]"),
    ShapeCase("input %x : f32[N,8,6,4] %y = SpaceToDepth(%x) {blocksize=2}", "f32[N,32,3,2]"),
    ShapeCase("input %x : f32[N,8,6,4] %y = SpaceToDepth(%x) {blocksize=0}", "f32[*]"),
    ShapeCase("\(open) input %g : f32[N,5,6,2] %y = GridSample(%x,%g)", "f32[N,3,5,6]"),
    ShapeCase(
      "\(open) input %r : f32[R,4] input %b : i64[R] %y = RoiAlign(%x,%r,%b) {output_width=7}",
      "f32[R,3,1,7]"),
  ])
  func resampling(_ test: ShapeCase) throws { try test.check() }
}
