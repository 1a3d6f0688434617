import TestSupport
import Testing

@testable import IR

/// Graphs that no text describes, broken behind the verbs' back.
@Suite struct VerifierCorruptionTests {
  struct Corruption: CustomTestStringConvertible, Sendable {
    let rule: Rule
    let name: String
    let apply: @Sendable (inout Graph) -> Void

    init(_ rule: Rule, _ name: String, _ apply: @escaping @Sendable (inout Graph) -> Void) {
      self.rule = rule
      self.name = name
      self.apply = apply
    }

    var testDescription: String { "\(rule.rawValue): \(name)" }
  }

  static let x = ValueID(index: 0)
  static let w = ValueID(index: 1)
  static let y = ValueID(index: 2)
  static let z = ValueID(index: 3)
  static let unread = ValueID(index: 4)
  static let foreign = ValueID(index: 99)
  static let (add, relu, spare) = (NodeID(index: 0), NodeID(index: 1), NodeID(index: 2))

  static func graph() throws -> Graph {
    try parseGraph(
      """
      graph opset 17 {
        input %x
        const %w = f32[] splat 1.0
        %y = Add(%x, %w)
        %z = Relu(%y)
        %unread = Abs(%y)
        output %z
      }
      """)
  }

  static let corruptions = [
    Corruption(.nodeOrder, "a link leads back") { $0.order.links[relu].next = add },
    Corruption(.nodeOrder, "a link is missing") { $0.order.links[add].next = nil },
    Corruption(.nodeOrder, "links disagree") { $0.order.links[relu].previous = nil },
    Corruption(.nodeOrder, "a link leaves the table") {
      $0.order.links[spare].next = NodeID(index: 9)
    },
    Corruption(.nodeOrder, "a node is not linked") { $0.order.links[spare].isPresent = false },
    Corruption(.nodeOrder, "a linked node has no row") {
      $0.order.insert(NodeID(index: 3), before: nil)
    },
    Corruption(.existingValue, "operand") { $0.nodes[spare].inputs.append(foreign) },
    Corruption(.existingValue, "capture") { $0.nodes[spare].captures.append(foreign) },
    Corruption(.existingValue, "output") { $0.outputs.append(foreign) },
    Corruption(.existingValue, "input") { $0.inputs.append(foreign) },
    Corruption(.removedValue, "operand") { $0.isRemoved[w] = true },
    Corruption(.removedValue, "result and output") { $0.isRemoved[z] = true },
    Corruption(.removedValue, "input") { $0.isRemoved[x] = true },
    Corruption(.definition, "another node") { $0.values[z].definition = .node(spare, output: 0) },
    Corruption(.definition, "another result") { $0.values[z].definition = .node(relu, output: 1) },
    Corruption(.definition, "a node without a row") {
      $0.values[z].definition = .node(NodeID(index: 9), output: 0)
    },
    Corruption(.definition, "a removed node") { $0.order.remove(spare) },
    Corruption(.definition, "an input") { $0.values[z].definition = .input },
    Corruption(.missingUse, "operand") { $0.values[w].uses = [] },
    Corruption(.missingUse, "one of two") { _ = $0.values[y].uses.remove(.node(relu, input: 0)) },
    Corruption(.missingUse, "capture") { $0.nodes[spare].captures.append(x) },
    Corruption(.staleUse, "another operand") { $0.values[w].uses.append(.node(relu, input: 0)) },
    Corruption(.staleUse, "a removed node") {
      $0.order.remove(spare)
      $0.isRemoved[unread] = true
    },
    Corruption(.staleUse, "twice") { $0.values[w].uses.append(.node(add, input: 1)) },
    Corruption(.staleUse, "capture") { $0.values[w].uses.append(.capture(relu, index: 0)) },
    Corruption(.outputUse, "not recorded") { $0.values[z].uses = [] },
    Corruption(.outputUse, "no such output") { $0.values[z].uses.append(.output(index: 1)) },
    Corruption(.outputUse, "of another value") { $0.outputs[0] = unread },
    Corruption(.inputList, "not listed") { $0.inputs = [] },
    Corruption(.inputList, "listed twice") { $0.inputs.append(x) },
    Corruption(.inputList, "a result") { $0.inputs.append(y) },
  ]

  @Test(arguments: corruptions) func isFound(_ corruption: Corruption) throws {
    var graph = try Self.graph()
    #expect(graph.violations().isEmpty)
    corruption.apply(&graph)
    let rules = graph.violations().map(\.rule)
    #expect(rules.contains(corruption.rule), "\(rules)")
  }

  @Test func aBrokenGraphStillPrints() throws {
    for corruption in Self.corruptions where corruption.rule != .nodeOrder {
      var graph = try Self.graph()
      corruption.apply(&graph)
      #expect(graph.text().hasPrefix("graph opset 17 {"))
    }
  }

  @Test func violationsSayWhereAndWhat() throws {
    let graph = try parseGraph(
      """
      graph opset 17 {
        input %x : f32[N]
        input %c : bool[]
        const %w = f32[16] splat 0.5
        %y "out" = Conv(%x) name "first"
        %z = If(%c) {
          then_branch = graph { %a "x" = Relu(%y, %y) output %a },
          else_branch = graph { %b = Relu(%y) output %b }
        }
        %u "x" = my.domain::Block(%w)
        output %z
      }
      """)
    let text = graph.violations().map(\.description).joined(separator: "\n")
    expectGolden(text + "\n", "ir/violations")
  }
}
