internal import IR

/// A node that multiplies every channel of its data by a number and adds another.
struct ChannelAffine {
  /// One factor per channel.
  let scale: [Double]
  /// One summand per channel.
  let shift: [Double]
  /// The constants it reads, which tell whether two nodes do the same.
  let parameters: [ValueID]

  var isShifted: Bool { shift.contains { $0 != 0 } }

  /// Reads `node` as an affine map along `axis` of `data`, which has `extent` channels.
  ///
  /// Nil unless all parameters are stored floats and, aligned from the right, run along that axis
  /// alone. Numbers that are not finite are refused: folding them would change NaN patterns.
  init?(_ node: NodeID, of data: ValueID, axis: Int, extent: Int, rank: Int, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.output(0) != nil, let kind = row.op.kind else { return nil }
    let reader = ParameterReader(graph: graph, axis: axis, extent: extent, rank: rank)
    guard let numbers = reader.numbers(of: node, kind: kind, data: data) else { return nil }
    (scale, shift) = numbers
    guard (scale + shift).allSatisfy(\.isFinite) else { return nil }
    parameters = row.inputs.compactMap { $0 }.filter { $0 != data }
  }
}

/// Reads the numbers of an affine node along one axis.
private struct ParameterReader {
  let graph: Graph
  let axis: Int
  let extent: Int
  let rank: Int

  func numbers(
    of node: NodeID, kind: OperatorKind, data: ValueID
  ) -> (scale: [Double], shift: [Double])? {
    if kind == .batchNormalization { return batchNormalization(node, data: data) }
    let row = graph.nodes[node]
    guard row.inputs.count == 2, let left = row.inputs[0], let right = row.inputs[1],
      left != right, left == data || right == data,
      let other = channels(left == data ? right : left)
    else { return nil }
    let ones = Array(repeating: 1.0, count: extent)
    let zeros = Array(repeating: 0.0, count: extent)
    switch kind {
    case .mul: return (other, zeros)
    case .add: return (ones, other)
    case .sub: return left == data ? (ones, other.map { -$0 }) : (ones.map { -$0 }, other)
    case .div: return left == data ? (other.map { 1 / $0 }, zeros) : nil
    default: return nil
    }
  }

  private func batchNormalization(
    _ node: NodeID, data: ValueID
  ) -> (scale: [Double], shift: [Double])? {
    guard axis == 1, let view = BatchNormalizationView(node, in: graph), view.isInference,
      view.data == data, let gamma = vector(view.scale), let beta = vector(view.bias),
      let mean = vector(view.mean), let variance = vector(view.variance)
    else { return nil }
    let scale = zip(gamma, variance).map { $0 / ($1 + Double(view.epsilon)).squareRoot() }
    let shift = extentRange.map { beta[$0] - mean[$0] * scale[$0] }
    return (scale, shift)
  }

  private var extentRange: Range<Int> { 0..<extent }

  private func vector(_ value: ValueID) -> [Double]? {
    guard let constant = graph.constant(value), constant.shape == [extent] else { return nil }
    return constant.doubles
  }

  /// The elements of a stored operand that broadcasts along every axis but `axis`.
  private func channels(_ value: ValueID) -> [Double]? {
    guard let constant = graph.constant(value), constant.shape.count <= rank,
      constant.count == 1 || constant.count == extent, let elements = constant.doubles
    else { return nil }
    if constant.count == 1 { return Array(repeating: elements[0], count: extent) }
    let position = axis - (rank - constant.shape.count)
    guard position >= 0, constant.shape[position] == extent else { return nil }
    return elements
  }
}
