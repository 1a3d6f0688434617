import IR
import TestSupport
import Testing

@testable import Passes

@Suite struct ConstantMergingTests {
  static let count = 1 << 11

  /// A first look reads a few bytes only; wherever two constants differ, they must stay two.
  @Test func constantsThatDifferAnywhereStayApart() throws {
    var random = SplitMix64(seed: 3)
    let inside = (0..<20).map { _ in Int(random.next() % UInt64(Self.count)) }
    for place in inside + [0, Self.count - 1] {
      let left = try constantsLeft(differingAt: place)
      #expect(left == 2, "element \(place)")
    }
    let merged = try constantsLeft(differingAt: nil)
    #expect(merged == 1)
  }

  private func constantsLeft(differingAt place: Int?) throws -> Int {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[\(Self.count)]
        const %a : f32[\(Self.count)] = splat 0.5
        const %b : f32[\(Self.count)] = splat 0.5
        %y = Add(%x, %a)
        %z = Sub(%y, %b)
        output %z
      }
      """)
    var elements = [Float](repeating: 0.5, count: Self.count)
    if let place { elements[place] = Float(0.5).nextUp }
    let second = try #require(graph.constantIDs.last)
    graph.replaceConstant(second, with: Constant(elements, shape: [Self.count]))
    let pipeline = Pipeline(stages: [.once(ConstantMerging.pass)])
    return Array(try pipeline.run(Model(irVersion: 8, graph: graph)).model.graph.constantIDs).count
  }
}
