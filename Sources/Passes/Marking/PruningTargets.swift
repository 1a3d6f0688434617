public import IR

/// Why channels of a value cannot be closed as asked.
public struct TargetError: Error, Hashable, Sendable {
  /// What is wrong, and with which value.
  public let message: String
  /// What the user can do.
  public let hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}

extension Graph {
  /// The value that is pooled over all positions last before the network's answer, and the axis of
  /// its channels.
  ///
  /// - Throws: `TargetError` if there is none, or several.
  public func defaultPruningTarget() throws(TargetError) -> (value: String, axis: Int) {
    let found = nodeIDs.compactMap(finalPooling)
    guard let first = found.first, found.count == 1 else {
      let names = found.map { "'\(values[$0.value].name)'" }.joined(separator: ", ")
      throw TargetError(
        found.isEmpty
          ? "the model has no feature map that is pooled over all positions at the end"
          : "several feature maps are pooled over all positions at the end: \(names)",
        hint: "Name the value whose channels are meant with --target.")
    }
    return (values[first.value].name, first.axis)
  }

  /// Checks that the channels of `value` on `axis` can be closed, and returns how many there are.
  ///
  /// - Throws: `TargetError` that says why not.
  public func channelCount(of name: String, axis: Int) throws(TargetError) -> Int {
    guard let value = valueIDs.first(where: { hasName($0, name) }) else {
      throw TargetError(
        "the model has no value called '\(name)'",
        hint: "dearc inspect --text shows what its values are called.")
    }
    let row = values[value]
    guard row.producer != nil else {
      throw TargetError("'\(name)' is not computed by the model, so it has no channels to close")
    }
    guard !isOutput(value) else {
      throw TargetError("'\(name)' is an output of the model, which never changes")
    }
    guard let shape = row.shape, axis < shape.count, let count = shape[axis].count,
      [.float16, .bfloat16, .float32, .float64].contains(row.elementType)
    else {
      throw TargetError(
        "'\(name)' is \(row.type.map { "\($0)" } ?? "of unknown type"); expected floats with a known "
          + "number of channels on axis \(axis)")
    }
    return count
  }

  /// The data of a pooling over all positions behind which no feature map follows.
  private func finalPooling(_ node: NodeID) -> (value: ValueID, axis: Int)? {
    guard let data = nodes[node].input(0), let rank = rank(of: data), rank >= 3,
      let axis = channelAxis(ofPooling: node, rank: rank), !leadsToFeatureMap(node)
    else { return nil }
    return (data, axis)
  }

  /// The axis that a pooling over all positions leaves, besides the batch.
  private func channelAxis(ofPooling node: NodeID, rank: Int) -> Int? {
    switch nodes[node].op.kind {
    case .globalAveragePool, .globalMaxPool: return 1
    case .reduceMean, .reduceMax:
      guard let axes = ReductionView(node, in: self)?.axes else { return nil }
      let left = (1..<rank).filter { !axes.contains($0) }
      return !axes.contains(0) && left.count == 1 ? left[0] : nil
    default: return nil
    }
  }

  /// Whether something with positions is computed from the result, as in a squeeze-and-excite.
  private func leadsToFeatureMap(_ node: NodeID) -> Bool {
    var seen: Set<NodeID> = [node]
    var pending = [node]
    while let next = pending.popLast() {
      for case let output? in nodes[next].outputs {
        if next != node, hasPositions(output) { return true }
        for case let reader? in values[output].uses.map(\.node) where seen.insert(reader).inserted {
          pending.append(reader)
        }
      }
    }
    return false
  }

  private func hasPositions(_ value: ValueID) -> Bool {
    guard let shape = shape(of: value), shape.count >= 3 else { return false }
    return shape[2...].contains { $0 != .known(1) }
  }
}
