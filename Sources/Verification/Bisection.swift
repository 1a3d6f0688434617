public import Executor
public import IR

/// Finds where two models part.
///
/// Values that both models have by the same name and shape are compared in the order of the model before; the
/// first that is too far away names the node that is at fault, or the first behind it that both have.
public enum Bisection {
  /// Where models part.
  public struct Parting: Sendable {
    /// The node before that computes the value.
    public let node: String
    /// Its operator.
    public let operatorType: String
    /// How far the value is away.
    public let difference: OutputDifference
    /// The last node before it whose value is near enough; nil if there is none.
    public let lastAgreeing: String?
  }

  /// Compares all values that `before` and `after` have in common for the inputs `tensors`, until they part.
  ///
  /// - Returns: Where they part first; nil if nowhere.
  /// - Throws: `ExecutionError` if either model cannot be run on `tensors`.
  public static func run(
    _ before: Model, _ after: Model, on tensors: [Constant], _ tolerance: Tolerance,
    threads: Int? = nil
  ) throws(ExecutionError) -> Parting? {
    let common = commonValues(before.graph, after.graph)
    let makers = before.graph.makers
    var last: String?
    for places in common.sweeps(before.graph, after.graph, shapes: tensors.map(\.shape)) {
      let sweep = try ValueSweep(before, after, common[places], threads: threads)
      for (value, (own, other)) in zip(common[places], try sweep.run(tensors))
      where own.shape == other.shape {
        let difference = OutputDifference(value.before, own, other)
        let node = makers[ExactName(value.before)]
        guard difference.passes(tolerance) else {
          return Parting(
            node: node.map(before.graph.label) ?? value.before,
            operatorType: node.map { before.graph.nodes[$0].op.type } ?? "",
            difference: difference, lastAgreeing: last)
        }
        last = node.map(before.graph.label)
      }
    }
    return nil
  }

  private static func commonValues(_ before: Graph, _ after: Graph) -> [SharedValue] {
    let names = after.makers
    return before.computedNames.filter { names[ExactName($0)] != nil }
      .map { SharedValue(before: $0, after: $0) }
  }
}

extension Graph {
  /// The names of what nodes compute, in order.
  fileprivate var computedNames: [String] {
    nodeIDs.flatMap { nodes[$0].outputs.compactMap { $0.map { values[$0].name } } }
  }

  /// The node that computes each value, by the value's name.
  fileprivate var makers: [ExactName: NodeID] {
    var makers: [ExactName: NodeID] = [:]
    for node in nodeIDs {
      for case let result? in nodes[node].outputs {
        makers[ExactName(values[result].name)] = node
      }
    }
    return makers
  }
}
