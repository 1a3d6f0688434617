public import IR
public import Passes

/// A value that two models have in common.
public struct ValuePair: Sendable {
  /// Why the elements of both are not to be compared.
  public enum Obstacle: Hashable, Sendable {
    /// A factor or summand is applied before it in one model, and behind it in the other.
    case appliedElsewhere
    /// It is not known which of its channels are which.
    case unknownChannels
  }

  /// The value before.
  public let before: ValueID
  /// The value after.
  public let after: ValueID
  /// For each axis after what is known of its slots; empty if nothing is known of the rank.
  public let slots: [ChannelMap?]
  /// Why the elements of both are not to be compared; nil if they are.
  public let obstacle: Obstacle?
  /// The pairs without an obstacle, by number, that the value is made from without another in between.
  public let sources: [Int]
}

/// Finds the values that two models have in common.
///
/// What both nodes of a pair of the normal forms make is the same value, and the models as they were read have it
/// under the names that it has in the forms: a layer makes there what the last node that was folded into it made,
/// and has that name. This is not so, and the value is left out or has an obstacle, where
///
/// 1. a model lacks the name, as where a node was written anew;
/// 2. it is what a matrix product makes before its bias is added, which folding takes for one layer;
/// 3. one has another number of axes than the other, as where a node of a kind was put to another use;
/// 4. in one model alone a factor was folded into a layer further away, across the value;
/// 5. channels are gone or moved, and it is not known which.
///
/// Where one form alone has arithmetic with stored numbers right behind a node, such as pruning puts there to make
/// up for what is gone, its result stands for the node's.
struct ValueMatching {
  /// The values, in the order of the model before.
  private(set) var pairs: [ValuePair] = []

  private let before: NormalForm
  private let after: NormalForm
  private let correspondence: ChannelCorrespondence

  /// How many sources of a value are told apart, so that wide graphs stay cheap.
  private static let sourceLimit = 32

  init(
    _ before: NormalForm, _ after: NormalForm, _ matching: NodeMatching,
    _ correspondence: ChannelCorrespondence
  ) {
    self.before = before
    self.after = after
    self.correspondence = correspondence
    let (names, otherNames) = (before.original.computedFloats, after.original.computedFloats)
    let matched = Set(matching.pairs.values)
    var partners: [ValueID: ValuePair] = [:]
    for node in after.graph.nodeIDs {
      guard let other = matching.pairs[node] else { continue }
      let results = zip(before.graph.nodes[other].outputs, after.graph.nodes[node].outputs)
      for case (let first?, let second?) in results {
        let (first, second) = standIns(
          first, second, { matched.contains($0) }, { matching.pairs[$0] != nil })
        guard let old = names[ExactName(before.graph.values[first].name)],
          let new = otherNames[ExactName(after.graph.values[second].name)],
          !before.graph.lacksBias(first), !after.graph.lacksBias(second),
          before.graph.hasAsManyAxes(first, as: after.graph, second)
        else { continue }
        partners[old] = pair(old, new, first, second)
      }
    }
    list(partners)
  }

  private func pair(
    _ old: ValueID, _ new: ValueID, _ first: ValueID, _ second: ValueID
  ) -> ValuePair {
    let slots = correspondence.slots(of: second)
    let isFoldedOnce = before.rescaled.contains(first) != after.rescaled.contains(second)
    return ValuePair(
      before: old, after: new, slots: slots,
      obstacle: isFoldedOnce
        ? .appliedElsewhere : isKnown(slots, first, second) ? nil : .unknownChannels,
      sources: [])
  }

  /// Whether channels are known wherever their number differs.
  private func isKnown(_ slots: [ChannelMap?], _ first: ValueID, _ second: ValueID) -> Bool {
    guard let old = before.graph.shape(of: first), let new = after.graph.shape(of: second),
      old.count == new.count, slots.count == new.count
    else { return true }
    return slots.indices.allSatisfy { axis in
      guard let extent = old[axis].count, let extentAfter = new[axis].count, extent != extentAfter
      else { return true }
      return extentAfter < extent && slots[axis]?.extent == extent
        && slots[axis]?.slots.contains { $0.channel != nil } ?? false
    }
  }

  private func standIns(
    _ first: ValueID, _ second: ValueID, _ isInBoth: (NodeID) -> Bool,
    _ isInBothAfter: (NodeID) -> Bool
  ) -> (ValueID, ValueID) {
    let old = before.graph.end(ofArithmeticBehind: first, unless: isInBoth)
    let new = after.graph.end(ofArithmeticBehind: second, unless: isInBothAfter)
    return old != first && new != second ? (first, second) : (old, new)
  }

  /// Puts values in the order of the model before, with what they are made from.
  private mutating func list(_ partners: [ValueID: ValuePair]) {
    let graph = before.original
    var nearest: [ValueID: [Int]] = [:]
    for node in graph.nodeIDs {
      let operands = graph.nodes[node].inputs.compactMap { $0 } + graph.nodes[node].captures
      var seen: Set<Int> = []
      let sources = operands.flatMap { nearest[$0] ?? [] }.filter { seen.insert($0).inserted }
        .suffix(Self.sourceLimit)
      for case let result? in graph.nodes[node].outputs {
        nearest[result] = Array(sources)
        guard let found = partners[result] else { continue }
        if found.obstacle == nil { nearest[result] = [pairs.count] }
        pairs.append(
          ValuePair(
            before: found.before, after: found.after, slots: found.slots,
            obstacle: found.obstacle, sources: Array(sources)))
      }
    }
  }
}

extension Graph {
  /// The floats that nodes compute, by name.
  fileprivate var computedFloats: [ExactName: ValueID] {
    var named: [ExactName: ValueID] = [:]
    for node in nodeIDs {
      for case let result? in nodes[node].outputs
      where values[result].elementType?.isFloatingPoint ?? true {
        named[ExactName(values[result].name)] = result
      }
    }
    return named
  }

  /// Whether `value` is a matrix product to which all that reads it adds a stored bias.
  fileprivate func lacksBias(_ value: ValueID) -> Bool {
    guard let product = producer(of: value), nodes[product].op.kind == .matMul,
      let reader = soleReader(of: value)?.node, [.add, .sub].contains(nodes[reader].op.kind)
    else { return false }
    return nodes[reader].inputs.contains { constant($0) != nil }
  }

  fileprivate func hasAsManyAxes(_ value: ValueID, as other: Graph, _ partner: ValueID) -> Bool {
    guard let own = shape(of: value), let theirs = other.shape(of: partner) else { return true }
    return own.count == theirs.count
  }

  /// What the arithmetic with stored numbers makes that is all that reads `value`, unless it is in both graphs.
  fileprivate func end(
    ofArithmeticBehind value: ValueID, unless isInBoth: (NodeID) -> Bool
  ) -> ValueID {
    var end = value
    while let reader = soleReader(of: end)?.node, !isInBoth(reader),
      [.add, .sub, .mul, .div].contains(nodes[reader].op.kind),
      let result = nodes[reader].output(0),
      nodes[reader].inputs.allSatisfy({ $0 == end || $0.map { constant($0) != nil } ?? false })
    {
      end = result
    }
    return end
  }
}
