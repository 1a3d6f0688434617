// What values take while a graph runs.

extension ShapeInference {
  /// The most bytes that computed values and inputs take together, each from where it is made to where it is
  /// last read, with the nodes run in the graph's order; nil where an extent is not known.
  ///
  /// Runtimes that reuse memory as soon as they can need about that much. Values in bodies are left out.
  func peakActivationBytes(of graph: Graph) -> Int? {
    var deaths: [NodeID?: [ValueID]] = [:]
    let last = lastReaders(in: graph)
    var alive = 0
    for input in graph.requiredInputs {
      guard let bytes = byteCount(of: input) else { return nil }
      alive += bytes
      if let reader = last[input] { deaths[reader, default: []].append(input) }
    }
    var peak = alive
    for node in graph.nodeIDs {
      for case let result? in graph.nodes[node].outputs {
        guard let bytes = byteCount(of: result), !alive.addingReportingOverflow(bytes).overflow
        else { return nil }
        alive += bytes
        deaths[last[result] ?? node, default: []].append(result)
      }
      peak = max(peak, alive)
      for value in deaths[node] ?? [] { alive -= byteCount(of: value) ?? 0 }
    }
    return peak
  }

  /// The bytes of what `node` makes, or nil where an extent is not known.
  func resultBytes(of node: NodeID, in graph: Graph) -> Int? {
    graph.nodes[node].outputs.compactMap { $0 }.reduce(0) { total, result in
      guard let total, let bytes = byteCount(of: result) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(bytes)
      return overflow ? nil : sum
    }
  }

  private func byteCount(of value: ValueID) -> Int? {
    guard let tensor = types[value]?.tensor, let count = tensor.shape?.product.count else {
      return nil
    }
    return tensor.elementType?.byteCount(of: count)
  }

  /// The node that reads each value last, in the graph's order; nil within for what the caller receives.
  private func lastReaders(in graph: Graph) -> [ValueID: NodeID?] {
    var last: [ValueID: NodeID?] = [:]
    for node in graph.nodeIDs {
      let row = graph.nodes[node]
      for case let value? in row.inputs + row.captures { last[value] = .some(node) }
    }
    for output in graph.outputs { last[output] = .some(nil) }
    return last
  }
}
