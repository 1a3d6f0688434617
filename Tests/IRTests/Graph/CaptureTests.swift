import IR
import TestSupport
import Testing

/// Bodies follow what happens to the values they capture.
@Suite struct CaptureTests {
  static func graph(_ outputs: String = "%r") throws -> Graph {
    try parseGraph(
      """
      graph opset 17 {
        input %c : bool[]
        input %x
        %a = Relu(%x)
        %b = Abs(%x)
        %r = If(%c) {
          then_branch = graph { %t = Add(%a, %b) output %t },
          else_branch = graph {
            %e = If(%a) {
              then_branch = graph { %p = Neg(%b) output %p, %a },
              else_branch = graph { output %b }
            }
            output %e, %b
          }
        }
        output \(outputs)
      }
      """)
  }

  static func value(_ name: String, in graph: Graph) throws -> ValueID {
    try #require(graph.valueIDs.first { graph.values[$0].name == name })
  }

  @Test func replacingACaptureRenamesItInEveryBody() throws {
    var graph = try Self.graph()
    graph.replaceUses(of: try Self.value("b", in: graph), with: try Self.value("x", in: graph))
    #expect(graph.violations().isEmpty)
    expectGolden(graph, "ir/capture.replaced")
    try expectRoundTrip(graph)
  }

  @Test func replacingOneCaptureByAnotherMergesThem() throws {
    var graph = try Self.graph()
    graph.replaceUses(of: try Self.value("a", in: graph), with: try Self.value("b", in: graph))
    #expect(graph.violations().isEmpty)
    #expect(graph.nodes[graph.nodeIDs[2]].captures == [try Self.value("b", in: graph)])
    expectGolden(graph, "ir/capture.merged")
    try expectRoundTrip(graph)
  }

  @Test func mergingInTheOtherDirectionKeepsTheUsesRight() throws {
    var graph = try Self.graph()
    graph.replaceUses(of: try Self.value("b", in: graph), with: try Self.value("a", in: graph))
    #expect(graph.violations().isEmpty)
    #expect(graph.nodes[graph.nodeIDs[2]].captures == [try Self.value("a", in: graph)])
  }

  @Test func renamingACaptureRenamesItInEveryBody() throws {
    var graph = try Self.graph()
    graph.rename(try Self.value("b", in: graph), to: "renamed")
    #expect(graph.violations().isEmpty)
    #expect(graph.text().contains(#"capture 0 %0 "renamed""#))
    #expect(!graph.text().contains(#""b""#))
  }

  @Test func transferringAnOutputRenamesBothInEveryBody() throws {
    var graph = try Self.graph("%r, %a")
    let (a, b) = (try Self.value("a", in: graph), try Self.value("b", in: graph))
    graph.transferOutputs(of: a, to: b, retiring: "old")
    #expect(graph.violations().isEmpty)
    #expect(graph.outputs == [try Self.value("r", in: graph), b])
    #expect(graph.values[a].name == "old" && graph.values[b].name == "a")
    #expect(graph.nodes[graph.nodeIDs[2]].captures == [a, b])
  }

  @Test func transferringAnOutputKeepsItsDeclaredType() throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[N]
        %a = Relu(%x) ~ f32[?]
        %y = Identity(%a) : f32[N]
        about %y doc "the answer"
        output %y, %y
      }
      """)
    graph.transferOutputs(
      of: try Self.value("y", in: graph), to: try Self.value("a", in: graph), retiring: "old")
    try expectGraph(
      graph,
      """
      graph opset 17 {
        input %x : f32[N]
        %y = Relu(%x) : f32[N]
        about %y doc "the answer"
        %old = Identity(%y) ~ f32[N]
        output %y, %y
      }
      """)
  }

  @Test func statementsAboutQuantisationFollowNames() throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        quantize "a" {SCALE_TENSOR = "s"}
        quantize "b" {SCALE_TENSOR = "s"}
        input %x
        const %s = f32[] splat 1.0
        %a = Relu(%x)
        %b = Abs(%x)
        output %a
      }
      """)
    graph.rename(try Self.value("s", in: graph), to: "scale")
    graph.remove(graph.nodeIDs[1])
    #expect(graph.violations().isEmpty)
    #expect(graph.quantization.map(\.valueName) == ["a"])
    #expect(graph.quantization.first?.parameters.first?.value == "scale")
    graph.removeConstant(try Self.value("scale", in: graph))
    #expect(graph.quantization.isEmpty)
  }
}
