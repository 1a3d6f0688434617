internal import IR

/// Folds a per-channel step, such as DEAR's gate, a layer scale or a normalisation of the data, into a
/// layer further away.
///
/// ```
/// before: %2 = Mul(%1, %gate)  %3 = GlobalAveragePool(%2)  %4 = Flatten(%3)  %5 = Gemm(%4, %w)
/// after:                       %3 = GlobalAveragePool(%1)  %4 = Flatten(%3)  %5 = Gemm(%4, %w')
/// ```
///
/// Legal cases, for Mul, Div, Add or Sub by stored finite numbers along one axis or for all elements,
/// and BatchNormalization in inference:
/// 1. *Backwards*, for factors alone: everything from a layer to the step has one reader and keeps
///    channels apart, and commutes with the factors: averages and copies always; Relu, LeakyRelu and
///    maxima only with factors ≥ 0. One factor for all elements also commutes with changes of layout
///    and a product of two computed matrices.
/// 2. *Forwards*, factors alone: the same from the step to the layers whose data it is. Padding stays
///    zero under any factor, so padded windows are no obstacle.
/// 3. *Forwards*, with a summand: nothing but layout, averages that leave padding out, and maxima with
///    factors ≥ 0 may stand between, no window of the layer may touch padding, and the layer must
///    take a bias, which gains the summands times the weights.
///
/// Several layers may follow the step directly if the file does not grow. Weights that other nodes
/// read too are left alone. Products and sums are taken in double precision and rounded once.
enum GateFolding {
  static let name = "fold-gates"
  static let backwards = RewriteRule(
    pass: name, number: 1, title: "fold a gate into the layer before")
  static let forwards = RewriteRule(
    pass: name, number: 2, title: "fold a gate into the layer behind")
  static let shifting = RewriteRule(
    pass: name, number: 3, title: "fold per-channel arithmetic into the layer behind")

  static let pass = Pass(
    name: name, summary: "Fold per-channel steps into layers further away.",
    rules: [backwards, forwards, shifting], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    let axes = AxisTable(rewriter.graph)
    // The layer that takes the step has a weight for each slot.
    let extents = 0...min(rewriter.graph.storedByteCount, AxisTable.plausibleExtents.upperBound)
    for node in rewriter.graph.nodeIDs {
      guard rewriter.graph.contains(node),
        let step = DistantStep.readings(of: node, extents: extents, in: rewriter.graph)
          .first(where: { $0.foldBackwards(&rewriter) || $0.foldForwards(&rewriter, axes) }),
        rewriter.redirect(step.result, to: step.data)
      else { continue }
      rewriter.remove(node)
    }
  }
}

/// A node that multiplies each slot of one axis by a stored number and adds another.
struct DistantStep {
  let node: NodeID
  let data: ValueID
  let result: ValueID
  let axis: Int
  let affine: ChannelAffine

  /// The ways to read `node` as such a step: one number for all elements may stand for any axis.
  static func readings(
    of node: NodeID, extents: ClosedRange<Int>, in graph: Graph
  ) -> [DistantStep] {
    let row = graph.nodes[node]
    let kinds: [OperatorKind?] = [.mul, .div, .add, .sub, .batchNormalization]
    guard kinds.contains(row.op.kind), let result = row.output(0), !graph.isOutput(result),
      let data = row.inputs.compactMap({ $0 }).first(where: { graph.constant($0) == nil }),
      let shape = graph.shape(of: data),
      !graph.isCapturedByBodies(result)
    else { return [] }
    return axes(of: row, data: data, graph).compactMap { axis in
      guard let extent = shape[axis].count, extents.contains(extent),
        let affine = ChannelAffine(
          node, of: data, axis: axis, extent: extent, rank: shape.count, in: graph)
      else { return nil }
      return DistantStep(node: node, data: data, result: result, axis: axis, affine: affine)
    }
  }

  /// The axes of the data that the stored operands may be seen to run along.
  private static func axes(of row: Node, data: ValueID, _ graph: Graph) -> [Int] {
    guard let rank = graph.rank(of: data), rank >= 2 else { return [] }
    guard row.op.kind != .batchNormalization else { return [1] }
    guard let other = row.inputs.compactMap({ $0 }).first(where: { $0 != data }),
      let stored = graph.constant(other), stored.shape.count <= rank
    else { return [] }
    let wide = stored.shape.indices.filter { stored.shape[$0] != 1 }
    guard let axis = wide.first else { return [1] + (0..<rank).filter { $0 != 1 } }
    return wide.count == 1 ? [axis + rank - stored.shape.count] : []
  }

  private var areNonNegative: Bool { affine.scale.allSatisfy { $0 >= 0 } }
  private var isUniform: Bool { affine.scale.allSatisfy { $0 == affine.scale.first } }

  func foldBackwards(_ rewriter: inout Rewriter) -> Bool {
    guard !affine.isShifted else { return false }
    let graph = rewriter.graph
    var (value, passed) = (data, [data])
    while graph.values[value].uses.count == 1, let producer = graph.producer(of: value) {
      if let layer = LinearLayer(computing: value, in: graph) {
        guard install(in: layer, &rewriter) else { return false }
        rewriter.note(rescaled: passed)
        return true
      }
      guard commutes(producer, graph) || isUniform && movesElements(producer, graph),
        let source = graph.nodes[producer].input(0)
      else { return false }
      value = source
      passed.append(source)
    }
    return false
  }

  private func install(in layer: LinearLayer, _ rewriter: inout Rewriter) -> Bool {
    let graph = rewriter.graph
    let fits = layer.axis == axis && layer.extent == affine.scale.count
    guard fits || isUniform, let factor = affine.scale.first,
      graph.values[layer.weight].uses.count == 1
    else { return false }
    let factors = fits ? affine.scale : Array(repeating: factor, count: layer.extent)
    guard let weights = layer.scaledWeights(factors, in: graph) else { return false }
    let detail = "\(factors.count) factors into \(rewriter.label(layer.node))"
    let zeros = Array(repeating: 0.0, count: factors.count)
    let bias = layer.bias(scaledBy: factors, shiftedBy: zeros, in: graph)
    let stored = layer.biasOperand.flatMap { old in bias.map { rewriter.store($0, over: old) } }
    rewriter.apply(GateFolding.backwards, to: rewriter.label(node), detail) {
      $0.replaceConstant(layer.weight, with: weights)
      layer.install(weights: layer.weight, bias: stored, in: &$0)
    }
    return true
  }

  /// Whether `node` maps every slot of the axis on its own and commutes with the step.
  func commutes(_ node: NodeID, _ graph: Graph) -> Bool {
    // Pooling mixes the slots of every axis but batch and channels.
    switch graph.nodes[node].op.kind {
    case .identity: true
    case .relu, .leakyRelu: areNonNegative && !affine.isShifted
    case .globalAveragePool: axis == 1
    case .averagePool: axis == 1 && (!affine.isShifted || leavesPaddingOut(node, graph))
    case .globalMaxPool: axis == 1 && areNonNegative
    case .maxPool: axis == 1 && areNonNegative && graph.nodes[node].outputs.count == 1
    default: false
    }
  }

  /// Whether an average is one of data alone; runtimes disagree about windows that stick out.
  private func leavesPaddingOut(_ node: NodeID, _ graph: Graph) -> Bool {
    guard let view = PoolView(node, in: graph), let shape = graph.shape(of: view.data) else {
      return false
    }
    return !view.mayTouchPadding(spatial: Array(shape.dropFirst(2)))
  }

  /// Whether `node` makes every element from elements of its first operand by moving, or weighting
  /// and adding, them.
  private func movesElements(_ node: NodeID, _ graph: Graph) -> Bool {
    switch graph.nodes[node].op.kind {
    case .reshape, .flatten, .squeeze, .unsqueeze, .transpose: true
    case .matMul: graph.constant(graph.nodes[node].input(1)) == nil
    default: false
    }
  }
}
