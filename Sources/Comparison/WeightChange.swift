internal import Glibc
public import IR
public import Passes

/// A stored operand that two models have, and that differs between them.
///
/// What is compared is folded as far as dearc folds, so that a normalisation in one model and its product
/// with a layer in the other are no difference, and of layers that lost channels what is left.
public struct WeightChange: Sendable {
  /// The operand's name after, or before if the graph after has it folded.
  public let name: String
  /// The node after.
  public let node: NodeID
  /// How far the elements are from what they were; nil if they are no floats, or not as many.
  public let difference: WeightDifference?

  /// Whether nothing differs but the last digits, as where tools fold in different orders.
  public var isRounding: Bool { difference.map { $0.relative <= 1e-6 } ?? false }

  /// Every difference between nodes of `pairs`, of which `layers` were compared already; other extents are
  /// one unless the model is narrowed.
  static func all(
    of pairs: [NodeID: NodeID], _ before: NormalForm, _ after: NormalForm,
    _ layers: [ChannelCorrespondence.Layer], isNarrowed: Bool
  ) -> [WeightChange] {
    let compared = Dictionary(layers.map { ($0.after, $0) }) { first, _ in first }
    return after.graph.nodeIDs.flatMap { node -> [WeightChange] in
      guard let other = pairs[node] else { return [] }
      let (old, new) = (before.graph.nodes[other].inputs, after.graph.nodes[node].inputs)
      let layer = compared[node].flatMap { change(of: $0, after) }
      return (layer.map { [$0] } ?? [])
        + zip(old, new).enumerated().compactMap { operand, values in
          if operand < 2, compared[node] != nil { return nil }
          return change(node, values.0, values.1, before.graph, after, isNarrowed)
        }
    }
  }

  private static func change(
    of layer: ChannelCorrespondence.Layer, _ after: NormalForm
  ) -> WeightChange? {
    guard let difference = layer.difference, !difference.isZero else { return nil }
    let weight = after.graph.nodes[layer.after].inputs.compactMap { $0 }
      .first { after.graph.constant($0) != nil }
    return WeightChange(
      name: weight.map { after.name(of: $0) } ?? "", node: after.representative(of: layer.after),
      difference: difference)
  }

  private static func change(
    _ node: NodeID, _ old: ValueID?, _ new: ValueID?, _ before: Graph, _ after: NormalForm,
    _ isNarrowed: Bool
  ) -> WeightChange? {
    guard let new, let first = before.constant(old), let second = after.graph.constant(new),
      // Where channels are gone, other extents say nothing new.
      first.shape == second.shape || !isNarrowed,
      first.shape != second.shape || !first.hasEqualElements(second)
    else { return nil }
    return WeightChange(
      name: after.name(of: new), node: after.representative(of: node),
      difference: first.shape == second.shape ? second.difference(from: first) : nil)
  }
}

extension NormalForm {
  /// The name by which users know a stored operand.
  fileprivate func name(of value: ValueID) -> String {
    original.contains(value) ? original.values[value].name : graph.values[value].name
  }
}

extension Constant {
  fileprivate func hasEqualElements(_ other: Constant) -> Bool {
    guard elementType == other.elementType, let payload, let theirs = other.payload else {
      return elementType == other.elementType && contentHash == other.contentHash
    }
    guard payload.count == theirs.count, payload.count > 0 else {
      return payload.count == theirs.count
    }
    return unsafe payload.withBytes { own in
      unsafe theirs.withBytes { other in
        guard let left = own.baseAddress, let right = other.baseAddress else { return false }
        return unsafe memcmp(left, right, own.count) == 0
      }
    }
  }

  fileprivate func difference(from other: Constant) -> WeightDifference? {
    guard let own = inSinglePrecision?.elements(as: Float.self),
      let theirs = other.inSinglePrecision?.elements(as: Float.self)
    else { return nil }
    var difference = WeightDifference()
    for (before, after) in zip(theirs, own) { difference.add(before: before, after: after) }
    return difference
  }
}
