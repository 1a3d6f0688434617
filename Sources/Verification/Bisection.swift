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

  /// Compares all values that `before` and `after` have in common.
  ///
  /// - Returns: Where they part first; nil if nowhere.
  /// - Throws: `ExecutionError` if either model cannot be run on `inputs`.
  public static func run(
    _ before: Model, _ after: Model, on inputs: TrialInputs, _ tolerance: Tolerance
  ) throws(ExecutionError) -> Parting? {
    let common = commonValues(before.graph, after.graph)
    let (first, second) = (exposing(common, in: before), exposing(common, in: after))
    guard let tensors = inputs.tensors(for: before.graph) else {
      throw ExecutionError(mismatch: "there are no inputs to compare the models on")
    }
    let (expected, found) = (
      try Session(first).run(tensors).suffix(common.count),
      try Session(second).run(tensors).suffix(common.count)
    )
    var last: String?
    for (name, (own, other)) in zip(common, zip(expected, found)) where own.shape == other.shape {
      let difference = OutputDifference(name, own, other)
      let node = before.graph.maker(of: name)
      if !difference.passes(tolerance) {
        return Parting(
          node: node.map(before.graph.label) ?? name,
          operatorType: node.map { before.graph.nodes[$0].op.type } ?? "", difference: difference,
          lastAgreeing: last)
      }
      last = node.map(before.graph.label)
    }
    return nil
  }

  private static func commonValues(_ before: Graph, _ after: Graph) -> [String] {
    let names = Set(after.computedNames.map(ExactName.init))
    return before.computedNames.filter { names.contains(ExactName($0)) }
  }

  private static func exposing(_ names: [String], in model: Model) -> Model {
    var model = model
    let places = Dictionary(
      model.graph.valueIDs.map { (ExactName(model.graph.values[$0].name), $0) }
    ) { first, _ in first }
    for name in names {
      if let value = places[ExactName(name)] { model.graph.addOutput(value) }
    }
    return model
  }
}

extension Graph {
  /// The names of what nodes compute, in order.
  fileprivate var computedNames: [String] {
    nodeIDs.flatMap { nodes[$0].outputs.compactMap { $0.map { values[$0].name } } }
  }

  fileprivate func maker(of name: String) -> NodeID? {
    nodeIDs.first { node in
      nodes[node].outputs.contains { $0.map { values[$0].name == name } ?? false }
    }
  }
}
