import IR
import TestSupport
import Testing

@Suite struct AxisFactorizationTests {
  /// Shapes in words: numbers, names, `?`.
  static func shape(_ text: String) -> Shape {
    text.split(separator: " ").map { word in
      Int(word).map(Dimension.known) ?? (word == "?" ? .unknown : .symbol(String(word)))
    }
  }

  /// Groups in words, such as `0:0 1:1,2(8·4)`: axes before, axes after, and the factors.
  static func summary(_ factorization: AxisFactorization) -> String {
    factorization.groups.map { group in
      let before = group.inputAxes.map(String.init).joined(separator: ",")
      let after = group.outputAxes.map(String.init).joined(separator: ",")
      let factors = group.factors.map { "(\($0.map(String.init).joined(separator: "·")))" } ?? ""
      return "\(before):\(after)\(factors)"
    }.joined(separator: " ")
  }

  @Test(arguments: [
    ("N C 1 1", "N C", "0:0 1,2,3:1"),
    ("N 64 1 1", "N 64", "0:0 1,2,3:1(64)"),
    ("N 8 2 3", "N 48", "0:0 1,2,3:1(8·2·3)"),
    ("N 32 H W", "N 8 4 H W", "0:0 1:1,2(8·4) 2:3 3:4"),
    ("N 64 H W", "N 64 ?", "0:0 1:1(64) 2,3:2"),
    ("N 64 H W", "N 64 L", "0:0 1:1(64) 2,3:2"),
    ("B T 768", "B T 12 64", "0:0 1:1 2:2,3(12·64)"),
    ("B 12 T 64", "? T 64", "0,1:0 2:1 3:2(64)"),
    ("6 4", "4 6", "0,1:0,1"),
    ("6 4", "2 12", "0,1:0,1(2·3·4)"),
    ("2 3 4", "6 4", "0,1:0(2·3) 2:1(4)"),
    ("2 3 5 7", "6 35", "0,1:0(2·3) 2,3:1(5·7)"),
    ("N 6 4", "N 4 6", "0:0 1,2:1,2"),
    ("4 1 5", "4 1 5", "0:0(4) 1:1() 2:2(5)"),
    ("4 1 5", "4 5", "0,1:0(4) 2:1(5)"),
    ("4 5", "1 4 1 1 5 1", "0:0,1,2,3(4) 1:4,5(5)"),
    ("1 1 3", "3", "0,1,2:0(3)"),
    ("1 3", "1 1 3", "0:0() 1:1,2(3)"),
    ("1 1", "", "0,1:()"),
    ("", "1", ":0()"),
    ("", "", ""),
    ("1 1", "1", "0,1:0()"),
    ("N M", "M N", "0,1:0,1"),
    ("N M 3", "M N 3", "0,1:0,1 2:2(3)"),
    ("? 3 4", "? 12", "0:0 1,2:1(3·4)"),
    ("? 3 4", "12 ?", "0,1,2:0,1"),
    ("N ? 4", "N ? 2 2", "0:0 1:1 2:2,3(2·2)"),
    ("0 4", "0 8", "0,1:0,1"),
    ("N 0 4", "N 4 0", "0,1,2:0,1,2"),
    ("12 8 8", "2 6 64", "0:0,1(2·6) 1,2:2(8·8)"),
    ("9223372036854775807 2", "2 9223372036854775807", "0,1:0,1"),
  ])
  func groups(input: String, output: String, expected: String) throws {
    let factorization = try #require(
      AxisFactorization(from: Self.shape(input), to: Self.shape(output)))
    #expect(Self.summary(factorization) == expected)
  }

  @Test func differentCountsAreRefused() {
    #expect(AxisFactorization(from: Self.shape("2 3"), to: Self.shape("7")) == nil)
    #expect(AxisFactorization(from: Self.shape("N 3"), to: Self.shape("N 4")) != nil)
  }

  @Test func axesKnowTheirFactors() throws {
    let factorization = try #require(
      AxisFactorization(from: Self.shape("2 1 12 5"), to: Self.shape("8 3 1 5 1")))
    let group = try #require(factorization.group(ofInput: 2))
    #expect(group.factors == [2, 4, 3])
    #expect(group.inputFactors == [0..<1, 1..<1, 1..<3])
    #expect(group.outputFactors == [0..<2, 2..<3, 3..<3])
    #expect(factorization.group(ofOutput: 3)?.factors == [5])
    #expect(factorization.group(ofOutput: 4)?.outputAxes == 3..<5)
    #expect(factorization.group(ofInput: 4) == nil)
  }

  /// Products over a group's factors are the extents they stand for, in every random case.
  @Test func factorsMultiplyToExtents() throws {
    var random = SplitMix64(seed: 11)
    for _ in 0..<3_000 {
      let factors = (0..<6).map { _ in [1, 1, 2, 2, 3, 4].randomElement(using: &random) ?? 1 }
      let (before, after) = (
        Self.merged(factors, using: &random), Self.merged(factors, using: &random)
      )
      let factorization = try #require(
        AxisFactorization(from: before.map(Dimension.known), to: after.map(Dimension.known)))
      for group in factorization.groups {
        #expect(before[group.inputAxes].reduce(1, *) == after[group.outputAxes].reduce(1, *))
        let all = try #require(group.factors)
        #expect(all.allSatisfy { $0 > 1 })
        let left = group.inputFactors.map { all[$0].reduce(1, *) }
        let right = group.outputFactors.map { all[$0].reduce(1, *) }
        #expect(left == Array(before[group.inputAxes]) && right == Array(after[group.outputAxes]))
        #expect(group.inputFactors.flatMap { $0 } == Array(all.indices))
        #expect(group.outputFactors.flatMap { $0 } == Array(all.indices))
        // Minimal: no cut inside with equally many elements before it, but for ones.
        let cuts = group.inputAxes.dropFirst().filter { cut in
          group.outputAxes.dropFirst().contains { other in
            let left = before[group.inputAxes.lowerBound..<cut].reduce(1, *)
            let right = after[group.outputAxes.lowerBound..<other].reduce(1, *)
            return left == right && left > 1 && left < all.reduce(1, *)
          }
        }
        #expect(cuts.isEmpty, "\(before) \(after)")
      }
    }
  }

  private static func merged(_ factors: [Int], using random: inout SplitMix64) -> [Int] {
    var axes: [Int] = []
    for factor in factors {
      if axes.isEmpty || random.chance(0.5) {
        axes.append(factor)
      } else {
        axes[axes.count - 1] *= factor
      }
    }
    return axes
  }

  @Test(arguments: [
    ("input %x : f32[?,8,?,?] %y = Flatten(%x) : f32[?,?]", "0:0 1,2,3:1"),
    ("input %x : f32[?,?,1,1] %y = Squeeze(%x) {axes=[2,3]} : f32[?,?]", "0:0 1,2,3:1"),
    ("input %x : f32[?,?] %y = Unsqueeze(%x) {axes=[1]} : f32[?,1,?]", "0:0,1 1:2"),
    (
      "input %x : f32[?,8,?,?] const %s : i64[3] = dense [0,0,-1] %y = Reshape(%x,%s) : f32[?,8,?]",
      "0:0 1:1(8) 2,3:2"
    ),
    (
      "input %x : f32[2,3] const %s : i64[1] = dense [6] %y = Reshape(%x,%s) : f32[6]",
      "0,1:0(2·3)"
    ),
  ])
  func nodes(statements: String, expected: String) throws {
    let graph = try parseGraph("graph opset 11 { \(statements) }")
    let node = try #require(graph.nodeIDs.last)
    let factorization = try #require(graph.axisFactorization(of: node))
    #expect(Self.summary(factorization) == expected)
  }

  @Test(arguments: [
    "input %x : f32[2,3] %y = Relu(%x) : f32[2,3]",
    "input %x : f32[*] %y = Flatten(%x) : f32[?,?]",
    "input %x : f32[2,3] %y = Flatten(%x) {axis=5} : f32[2,3]",
    "input %x : f32[2,1] %y = Squeeze(%x) {axes=[1]} : f32[3]",
    "input %x : f32[2,3] const %s : i64[1] = dense [6] %y = Reshape(%x,%s) : f32[7]",
  ])
  func nodesWithout(statements: String) throws {
    let graph = try parseGraph("graph opset 11 { \(statements) }")
    #expect(graph.axisFactorization(of: try #require(graph.nodeIDs.last)) == nil)
  }
}
