extension InferenceEngine {
  /// The extents that stored weights tell of the data they are for, by the names made up for them.
  var extentsReadByLayers: [Dimension: Int] {
    guard depth == 0 else { return [:] }
    var found: [Dimension: Int] = [:]
    for node in graph.nodeIDs {
      guard let (axis, count) = readChannels(of: node), let data = shape(node, 0),
        data.indices.contains(axis), data[axis].isInvented
      else { continue }
      found[data[axis]] = count
    }
    return found
  }

  /// The axis of the first operand that a layer's stored numbers index, and how many there are.
  private func readChannels(of node: NodeID) -> (axis: Int, count: Int)? {
    guard let weight = graph.constant(graph.nodes[node].input(1))?.shape else { return nil }
    switch graph.nodes[node].op.kind {
    case .conv:
      guard let view = ConvolutionView(node, in: graph), weight.count > 2 else { return nil }
      let (count, overflow) = weight[1].multipliedReportingOverflow(by: view.groups)
      return overflow ? nil : (1, count)
    case .convTranspose: return weight.count > 2 ? (1, weight[0]) : nil
    case .batchNormalization: return weight.count == 1 ? (1, weight[0]) : nil
    case .matMul:
      guard weight.count == 2, let rank = shape(node, 0)?.count, rank >= 2 else { return nil }
      return (rank - 1, weight[0])
    default: return nil
    }
  }
}
