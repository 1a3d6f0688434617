import IR
import TestSupport
import Testing

/// How inferred types meet declared ones, and how they get into a graph.
@Suite struct ShapeRecordingTests {
  static func type(of name: String, in graph: Graph) -> String {
    summary(
      graph.valueIDs.first { graph.values[$0].name == name }.flatMap { graph.values[$0].type })
  }

  @Test func theMoreSpecificStatementWins() throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[N,3,H,W] input %w : f32[8,3,3,3]
        %y = Conv(%x,%w) {strides=[2,2]} : ?[1,?,P,Q]
        %z = Relu(%y) output %z
      }
      """)
    #expect(graph.inferShapes() == [])
    #expect(Self.type(of: "y", in: graph) == "f32[1,8,P,Q]")
    #expect(Self.type(of: "z", in: graph) == "f32[1,8,P,Q]")
  }

  @Test func contradictionsAreReportedAndTheComputedTypeStands() throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[2,3]
        %a = Relu(%x) : f32[2,4]
        %b = Abs(%x) : f64[2,3]
        %c = Neg(%x) : f32[2,3,1]
        %d = Exp(%x) : sequence(f32[2,3])
        %e = Exp(%x) : f32[N,?]
        %f = Exp(%x) : f32[2,5]
        output %e, %f
      }
      """)
    let conflicts = graph.inferShapes()
    #expect(conflicts.map(\.name) == ["a", "b", "c", "d", "f"])
    #expect(conflicts.map(\.node) == Array(graph.nodeIDs.prefix(4)) + graph.nodeIDs.suffix(1))
    #expect(conflicts[0].declared == .tensor(TensorType(.float32, counts: [2, 4])))
    #expect(conflicts[0].inferred == .tensor(TensorType(.float32, counts: [2, 3])))
    for name in ["a", "b", "c", "d", "e"] { #expect(Self.type(of: name, in: graph) == "f32[2,3]") }
    // What the caller was told stays.
    #expect(Self.type(of: "f", in: graph) == "f32[2,5]")
  }

  @Test func namesThatLookInventedMeanNothing() throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32["%×3","%×2×3",4] const %s : i64[1] = dense [-1]
        %y = Reshape(%x,%s) %z = Relu(%x) output %y, %z
      }
      """)
    #expect(graph.inferShapes() == [])
    #expect(Self.type(of: "z", in: graph) == "f32[?,?,4]")
    #expect(Self.type(of: "y", in: graph) == "f32[?]")
  }

  @Test func namesOfDigitsAreNoNumbers() throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32["4",6] const %s : i64[2] = dense [-1,2]
        %y = Reshape(%x,%s) output %y
      }
      """)
    #expect(graph.inferShapes() == [])
    #expect(Self.type(of: "y", in: graph) == "f32[?,2]")
  }

  @Test func inventedNamesStayOutOfDeclaredTypes() throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[?,3] input %i : i64[K]
        %h = Gather(%x,%i) {axis=1} %n = NonZero(%h) %y = Relu(%h) : f32[?,?] output %y, %n
      }
      """)
    graph.inferShapes()
    let x = try #require(graph.inputs.first)
    #expect(graph.shape(of: x) == [.unknown, .known(3)])
    let hidden = try #require(graph.nodes[graph.nodeIDs[0]].output(0))
    let open = try #require(graph.shape(of: hidden)?.first)
    #expect(open.isInvented && graph.shape(of: hidden)?.last == .symbol("K"))
    #expect(graph.shape(of: graph.outputs[0]) == [.unknown, .symbol("K")])
    #expect(graph.shape(of: graph.outputs[1])?.last?.isInvented == true)
  }

  @Test func undeclaredTypesAreComputedAnewAndRunsAgree() throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[N,4]
        %a = Relu(%x) ~ f32[N,9] %b = Unheard(%a) ~ f32[7] %c = Abs(%b) output %c
      }
      """)
    #expect(graph.inferShapes() == [])
    #expect(Self.type(of: "a", in: graph) == "f32[N,4]")
    // Of what nothing else is known, the older statement is all there is.
    #expect(Self.type(of: "c", in: graph) == "f32[7]")
    let once = graph.text()
    #expect(graph.inferShapes() == [] && graph.text() == once)
  }

  @Test func negativeExtentsMeanOpenOnes() throws {
    var graph = try parseGraph(
      "graph opset 17 { input %x : f32[-1,3] %y = Relu(%x) output %y }")
    graph.inferShapes()
    #expect(Self.type(of: "y", in: graph) == "f32[?,3]")
    #expect(graph.shape(of: graph.inputs[0]) == [.known(-1), .known(3)])
  }

  @Test func bindingsReplaceNames() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[N,3,H,?] input %w : f32[8,3,1,1]
        %y = Conv(%x,%w) {strides=[2,2]} : f32[N,8,P,Q] output %y
      }
      """)
    let y = graph.outputs[0]
    let bound = ShapeInference.infer(graph, bindings: ["N": 2, "H": 9, "P": 5])
    #expect(bound.conflicts == [])
    #expect(bound.shape(of: y) == [.known(2), .known(8), .known(5), .symbol("Q")])
    let shaped = ShapeInference.infer(graph, inputShapes: ["x": [4, 3, 10, 11]])
    #expect(shaped.shape(of: y)?.counts == [4, 8, 5, 6])
    #expect(graph.shape(of: y)?.first == .symbol("N"))
  }

  @Test func branchesAgreeOrStayOpen() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %c : bool[] input %x : f32[N,4,1] const %k : i64[1] = splat 2
        %y, %z = If(%c) {
          then_branch = graph { %p = Relu(%x) %q = Squeeze(%x,%k) output %p, %q },
          else_branch = graph { %p = Abs(%x) output %p, %p }
        }
        const %true : bool[] = splat true
        %w = If(%true) {
          then_branch = graph { %r = Shape(%x) %s = Reshape(%x,%r) output %s },
          else_branch = graph { %r = Unheard() output %r }
        }
        output %y, %z, %w
      }
      """)
    let inference = ShapeInference.infer(graph)
    let found = graph.outputs.map { summary(inference.types[$0]) }
    #expect(found == ["f32[N,4,1]", "f32[*]", "f32[N,4,1]"])
  }

  @Test func loopsAndScansTakeWhatTheirBodiesYield() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %m : i64[] input %c : bool[] input %x : f32[N,4] input %s : f32[T,5]
        %last, %all = Loop(%m,%c,%x) {
          body = graph {
            input %i : i64[] input %go : bool[] input %v
            %w = Concat(%v,%v) {axis=0} : f32[?,4] output %go, %w, %x
          }
        }
        %state, %scanned = Scan(%x,%s) {
          num_scan_inputs = 1, scan_output_axes = [1],
          body = graph {
            input %a : f32[N,4] input %b : f32[5] %d = Relu(%a) %f = Relu(%b) output %d, %f
          }
        }
        output %last, %all, %state, %scanned
      }
      """)
    let inference = ShapeInference.infer(graph)
    let found = graph.outputs.map { summary(inference.types[$0]) }
    #expect(found == ["f32[?,4]", "f32[?,N,4]", "f32[N,4]", "f32[5,T]"])
  }

  @Test func deepBodiesAreLeftAlone() throws {
    var body = "%r = Relu(%x) output %r"
    for _ in 0..<40 {
      body = """
        %r = If(%c) {
          then_branch = graph { \(body) }, else_branch = graph { %q = Relu(%x) output %q }
        } output %r
        """
    }
    let graph = try parseGraph("graph opset 17 { input %c : bool[] input %x : f32[3] \(body) }")
    #expect(summary(ShapeInference.infer(graph).types[graph.outputs[0]]) == "?")
  }

  @Test func conflictsReadWell() throws {
    var graph = try parseGraph(
      "graph opset 17 { input %x : f32[2] %y = Relu(%x) : f32[3] output %y }")
    #expect(
      graph.inferShapes().map(\.description)
        == ["%y is declared f32[3] but n0 (Relu) yields f32[2]"])
  }
}
