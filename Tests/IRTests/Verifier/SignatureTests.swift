import IR
import TestSupport
import Testing

@Suite struct SignatureTests {
  static func signature(_ input: String, _ output: String) throws -> Signature {
    try parseGraph(
      "graph opset 17 { input \(input) input const %w = f32[] splat 1.0 "
        + "%y \"y\" = Relu(%x) \(output) output %y }"
    ).signature
  }

  @Test func listsRequiredInputsAndOutputs() throws {
    let signature = try Self.signature("%x : f32[N, 3]", ": i64[*]")
    #expect(signature.inputs == [.init(name: "x", elementType: .float32, rank: 2)])
    #expect(signature.outputs == [.init(name: "y", elementType: .int64, rank: nil)])
  }

  @Test func knowingMoreKeepsIt() throws {
    let open = try Self.signature("%x", ": ?[*]")
    let known = try Self.signature("%x : f32[N, 3]", ": f32[N, 3]")
    #expect(known.keeps(open))
    #expect(!open.keeps(known))
    #expect(known.keeps(try Self.signature("%x : f32[1, 4]", ": f32[1, 4]")))
  }

  @Test(arguments: [
    ("%x \"other\" : f32[N]", ": f32[N]"), ("%x : f64[N]", ": f32[N]"),
    ("%x : f32[N, 3]", ": f32[N]"), ("%x : f32[N]", ": f32[N, 1]"),
    ("%x : f32[N] input %extra : f32[N]", ": f32[N]"),
  ])
  func anyOtherChangeBreaksIt(_ input: String, _ output: String) throws {
    let original = try Self.signature("%x : f32[N]", ": f32[N]")
    #expect(!(try Self.signature(input, output).keeps(original)))
  }
}
