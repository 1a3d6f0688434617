public import Executor
public import IR

/// A value whose channels are measured.
public struct DissectionTarget: Hashable, Sendable {
  /// Its name.
  public let name: String
  /// What is observed of it.
  public let observation: RegionObservation

  /// The axis of its channels.
  public var axis: Int { observation.axis }
}

/// Why a value cannot be measured.
public struct DissectionTargetError: Error, Hashable, Sendable {
  /// What is wrong, and with which value.
  public let message: String
}

extension Graph {
  /// The value called `name`, to be measured.
  ///
  /// - Parameters:
  ///   - name: What it is called.
  ///   - grid: The map that its tokens make, if they are tokens.
  /// - Returns: the target, with the axis of its channels.
  /// - Throws: `DissectionTargetError` if there is none, or it is no feature map.
  public func dissectionTarget(
    _ name: String, grid: TokenGrid?
  ) throws(DissectionTargetError) -> DissectionTarget {
    guard let value = valueIDs.first(where: { ExactName(values[$0].name) == ExactName(name) })
    else {
      throw DissectionTargetError(message: "the model has no value called '\(name)'")
    }
    guard producer(of: value) != nil else {
      throw DissectionTargetError(message: "'\(name)' is not computed by the model")
    }
    switch shape(of: value)?.count {
    case 3: return DissectionTarget(value, name, axis: 2, grid)
    case 4: return DissectionTarget(value, name, axis: channelAxis(of: value), nil)
    default:
      throw DissectionTargetError(
        message:
          "'\(name)' is \(values[value].type.map { "\($0)" } ?? "of unknown type"), expected a feature "
          + "map of four axes, or tokens of three")
    }
  }

  /// Every feature map that a function was applied to, in order, for pictures of the given shape.
  ///
  /// Maps of a single position say nothing about regions and are left out.
  public func activationTargets(inputShapes: [String: [Int]]) -> [DissectionTarget] {
    let inference = ShapeInference.infer(self, inputShapes: inputShapes)
    return nodeIDs.compactMap { node in
      guard isActivation(node), let value = nodes[node].output(0),
        let shape = inference.shape(of: value), shape.count == 4
      else { return nil }
      let axis = channelAxis(of: value)
      let positions = axis == 1 ? shape[2...] : shape[1...2]
      guard positions.contains(where: { ($0.count ?? 2) > 1 }) else { return nil }
      return DissectionTarget(value, values[value].name, axis: axis, nil)
    }
  }

  /// Whether a node applies a function to every element, one that is written as several nodes included.
  private func isActivation(_ node: NodeID) -> Bool {
    switch nodes[node].op.kind {
    case .relu, .leakyRelu, .prelu, .elu, .selu, .celu, .gelu, .swish, .hardSwish, .mish, .softplus,
      .softsign, .tanh, .thresholdedRelu, .clip:
      return true
    case .sigmoid, .hardSigmoid: return !isFactor(node)
    case .mul: return isGatedByItself(node) || isExactGelu(node)
    default: return false
    }
  }

  /// Whether the result is only multiplied with something, as gates are.
  private func isFactor(_ node: NodeID) -> Bool {
    guard let value = nodes[node].output(0) else { return false }
    return values[value].uses.allSatisfy { $0.node.map { nodes[$0].op.kind == .mul } ?? false }
  }

  /// `x · sigmoid(x)`, or with a hard sigmoid.
  private func isGatedByItself(_ node: NodeID) -> Bool {
    [0, 1].contains { place in
      guard let gate = nodes[node].input(place).flatMap(producer(of:)),
        [.sigmoid, .hardSigmoid].contains(nodes[gate].op.kind)
      else { return false }
      return nodes[gate].input(0) == nodes[node].input(1 - place)
    }
  }

  /// The last product of `x · (1 + erf(x / √2)) / 2`.
  private func isExactGelu(_ node: NodeID) -> Bool {
    guard let value = nodes[node].output(0) else { return false }
    let isContinued = values[value].uses.contains { use in
      use.node.map { nodes[$0].op.kind == .mul && leadsFromErf($0, depth: 3) } ?? false
    }
    return leadsFromErf(node, depth: 3) && !isContinued
  }

  private func leadsFromErf(_ node: NodeID, depth: Int) -> Bool {
    if nodes[node].op.kind == .erf { return true }
    guard depth > 0, [.mul, .add].contains(nodes[node].op.kind) else { return false }
    return nodes[node].inputs.contains { input in
      input.flatMap(producer(of:)).map { leadsFromErf($0, depth: depth - 1) } ?? false
    }
  }

  /// The axis that indexes the channels of a feature map: 1, unless it comes out of a product over the last axis.
  private func channelAxis(of value: ValueID) -> Int {
    var value = value
    // Where each axis of the feature map is on the value that it is followed back to, through transpositions.
    var places = [0, 1, 2, 3]
    while let node = producer(of: value) {
      switch nodes[node].op.kind {
      case .matMul, .gemm, .layerNormalization: return places.firstIndex(of: 3) == 3 ? 3 : 1
      case .conv, .convTranspose, .batchNormalization, .instanceNormalization, .groupNormalization,
        .maxPool, .averagePool, .depthToSpace, .spaceToDepth:
        return places.firstIndex(of: 1) == 3 ? 3 : 1
      case .transpose:
        guard let order = TransposeView(node, in: self)?.permutation, order.count == 4 else {
          return 1
        }
        places = places.map { order[$0] }
      default: break
      }
      let data = nodes[node].inputs.compactMap { $0 }.first { input in
        constant(input) == nil && shape(of: input)?.count == 4
      }
      guard let data else { break }
      value = data
    }
    return places.firstIndex(of: 1) == 3 ? 3 : 1
  }
}

extension DissectionTarget {
  fileprivate init(_ value: ValueID, _ name: String, axis: Int, _ grid: TokenGrid?) {
    self.init(name: name, observation: RegionObservation(value, axis: axis, grid: grid))
  }

  /// Measures a value whose channels are known to be on `axis`.
  public init?(named name: String, axis: Int, grid: TokenGrid?, in graph: Graph) {
    guard
      let value = graph.valueIDs.first(where: {
        ExactName(graph.values[$0].name) == ExactName(name)
      })
    else { return nil }
    self.init(value, name, axis: axis, grid)
  }
}
