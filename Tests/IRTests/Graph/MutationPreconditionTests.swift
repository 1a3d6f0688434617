import IR
import TestSupport
import Testing

/// What the verbs refuse, each tried in a process of its own.
@Suite struct MutationPreconditionTests {
  enum Misuse: String, CaseIterable, Codable, Sendable {
    case removeNodeThatIsRead, removeNodeThatIsAnOutput, removeNodeTwice
    case removeConstantThatIsRead, removeConstantTwice, removeInput
    case replaceUsesWithItself, replaceUsesWithRemovedValue
    case replaceInputWithRemovedValue, replaceInputOfRemovedNode, replaceInputBeyondTheLast
    case insertReadingRemovedValue, insertCapturingRemovedValue, insertBeforeRemovedNode
    case outputRemovedValue
    case transferFromValueThatIsNoOutput, transferFromInput, transferToInput
    case transferToOutput, transferToItself
    case renameOutput, renameInput
    case listResultAsInput, unlistRequiredInput
    case replaceElementsOfInput
    case none
  }

  @Test(arguments: Misuse.allCases.filter { $0 != .none }) func stops(_ misuse: Misuse) async {
    await #expect(processExitsWith: .failure) { [misuse] in
      try MutationPreconditionTests.perform(misuse)
    }
  }

  /// Without it, a mistake in the graph itself would pass for a refusal.
  @Test func theGraphItselfIsFine() async {
    await #expect(processExitsWith: .success) { try MutationPreconditionTests.perform(.none) }
  }

  static func perform(_ misuse: Misuse) throws {
    var graph = try parseGraph(
      """
      graph opset 17 {
        input %x
        input const %listed = f32[] splat 1.0
        const %w = f32[] splat 1.0
        const %gone = f32[] splat 1.0
        %y = Add(%x, %w)
        %z = Relu(%y)
        %removed = Abs(%y)
        output %z, %x
      }
      """)
    let values = Dictionary(
      uniqueKeysWithValues: graph.valueIDs.map { (graph.values[$0].name, $0) })
    func value(_ name: String) throws -> ValueID { try #require(values[name]) }
    let (x, w, y, z) = (try value("x"), try value("w"), try value("y"), try value("z"))
    let (listed, gone) = (try value("listed"), try value("gone"))
    let (add, relu, abs) = (graph.nodeIDs[0], graph.nodeIDs[1], graph.nodeIDs[2])
    graph.remove(abs)
    graph.removeConstant(gone)
    var draft = NodeDraft(Operator(.relu), inputs: [y], origin: .program)

    switch misuse {
    case .removeNodeThatIsRead: graph.remove(add)
    case .removeNodeThatIsAnOutput: graph.remove(relu)
    case .removeNodeTwice: graph.remove(abs)
    case .removeConstantThatIsRead: graph.removeConstant(w)
    case .removeConstantTwice: graph.removeConstant(gone)
    case .removeInput: graph.removeConstant(x)
    case .replaceUsesWithItself: graph.replaceUses(of: y, with: y)
    case .replaceUsesWithRemovedValue: graph.replaceUses(of: y, with: gone)
    case .replaceInputWithRemovedValue: graph.replaceInput(of: relu, at: 0, with: gone)
    case .replaceInputOfRemovedNode: graph.replaceInput(of: abs, at: 0, with: x)
    case .replaceInputBeyondTheLast: graph.replaceInput(of: relu, at: 1, with: x)
    case .insertReadingRemovedValue:
      draft.inputs = [gone]
      graph.insert(draft, results: [])
    case .insertCapturingRemovedValue:
      draft.captures = [gone]
      graph.insert(draft, results: [])
    case .insertBeforeRemovedNode: graph.insert(draft, results: [], before: abs)
    case .outputRemovedValue: graph.addOutput(gone)
    case .transferFromValueThatIsNoOutput: graph.transferOutputs(of: w, to: y, retiring: "old")
    case .transferFromInput: graph.transferOutputs(of: x, to: y, retiring: "old")
    case .transferToInput: graph.transferOutputs(of: z, to: x, retiring: "old")
    case .transferToOutput:
      graph.addOutput(y)
      graph.transferOutputs(of: z, to: y, retiring: "old")
    case .transferToItself: graph.transferOutputs(of: z, to: z, retiring: "old")
    case .renameOutput: graph.rename(z, to: "new")
    case .renameInput: graph.rename(listed, to: "new")
    case .listResultAsInput: graph.listAsInput(y, declaring: nil)
    case .unlistRequiredInput: graph.unlistInputs([x])
    case .replaceElementsOfInput:
      graph.replaceConstant(x, with: Constant([Float(1)], shape: []))
    case .none: graph.transferOutputs(of: z, to: y, retiring: "old")
    }
  }
}
