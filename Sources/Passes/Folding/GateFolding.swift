internal import IR

/// Folds a per-channel factor, such as DEAR's gate or a layer scale, into a layer further away.
///
/// ```
/// before: %2 = Mul(%1, %gate)  %3 = GlobalAveragePool(%2)  %4 = Flatten(%3)  %5 = Gemm(%4, %w)
/// after:                       %3 = GlobalAveragePool(%1)  %4 = Flatten(%3)  %5 = Gemm(%4, %w')
/// ```
///
/// Legal cases, for a Mul or Div by stored finite numbers along one axis:
/// 1. *Backwards*: everything from a layer to the gate has one reader and keeps channels apart, and
///    commutes with the factors: averages and copies always; Relu, LeakyRelu and maxima only
///    with factors ≥ 0.
/// 2. *Forwards*: the same from the gate to a layer whose data it is. Padding stays zero under any
///    factor, so padded windows are no obstacle.
///
/// Weights that other nodes read too are left alone.
enum GateFolding {
  static let name = "fold-gates"
  static let backwards = RewriteRule(
    pass: name, number: 1, title: "fold a gate into the layer before")
  static let forwards = RewriteRule(
    pass: name, number: 2, title: "fold a gate into the layer behind")

  static let pass = Pass(
    name: name, summary: "Fold per-channel factors into layers further away.",
    rules: [backwards, forwards], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    let axes = AxisTable(rewriter.graph)
    for node in rewriter.graph.nodeIDs {
      guard rewriter.graph.contains(node), let gate = Gate(node, in: rewriter.graph) else {
        continue
      }
      let folds = gate.foldBackwards(&rewriter) || gate.foldForwards(&rewriter, axes)
      if folds, let result = rewriter.graph.nodes[node].output(0),
        rewriter.redirect(result, to: gate.data)
      {
        rewriter.remove(node)
      }
    }
  }
}

/// A node that multiplies each slot of one axis by a stored number.
private struct Gate {
  let node: NodeID
  let data: ValueID
  let result: ValueID
  let axis: Int
  let factors: [Double]

  init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .mul || row.op.kind == .div, row.inputs.count == 2,
      let left = row.inputs[0], let right = row.inputs[1], let result = row.output(0),
      !graph.isOutput(result)
    else { return nil }
    let data = graph.constant(left) == nil ? left : right
    guard let shape = graph.shape(of: data), let axis = Self.axis(of: row, data: data, graph),
      let extent = shape[axis].count, AxisTable.plausibleExtents.contains(extent),
      let affine = ChannelAffine(
        node, of: data, axis: axis, extent: extent, rank: shape.count, in: graph)
    else { return nil }
    self.node = node
    self.data = data
    self.result = result
    self.axis = axis
    factors = affine.scale
  }

  /// The axis of the data that the stored operand runs along; 1 if it is a single number.
  private static func axis(of row: Node, data: ValueID, _ graph: Graph) -> Int? {
    guard let other = row.inputs.compactMap({ $0 }).first(where: { $0 != data }),
      let stored = graph.constant(other), let rank = graph.rank(of: data), rank >= 2,
      stored.shape.count <= rank
    else { return nil }
    let wide = stored.shape.indices.filter { stored.shape[$0] != 1 }
    guard wide.count <= 1 else { return nil }
    return wide.first.map { $0 + rank - stored.shape.count } ?? 1
  }

  private var areNonNegative: Bool { factors.allSatisfy { $0 >= 0 } }

  func foldBackwards(_ rewriter: inout Rewriter) -> Bool {
    let graph = rewriter.graph
    var value = data
    while graph.values[value].uses.count == 1, let producer = graph.producer(of: value) {
      if let layer = LinearLayer(producer, in: graph), layer.result == value {
        guard layer.axis == axis, layer.extent == factors.count,
          graph.values[layer.weight].uses.count == 1
        else { return false }
        install(in: layer, &rewriter)
        return true
      }
      guard keepsAxes(producer, graph), let source = graph.nodes[producer].input(0) else {
        return false
      }
      value = source
    }
    return false
  }

  private func install(in layer: LinearLayer, _ rewriter: inout Rewriter) {
    let graph = rewriter.graph
    guard let weights = layer.scaledWeights(factors, in: graph) else { return }
    let detail = "\(factors.count) factors into \(rewriter.label(layer.node))"
    let bias = layer.biasOperand.flatMap { old in
      layer.scaledBias(factors, in: graph).map { (old, $0) }
    }
    let stored = bias.map { rewriter.store($1, over: $0) }
    rewriter.apply(GateFolding.backwards, to: rewriter.label(node), detail) {
      $0.replaceConstant(layer.weight, with: weights)
      layer.install(weights: layer.weight, bias: stored, in: &$0)
    }
  }

  /// Whether `node` maps every slot of the axis on its own and commutes with the factors.
  private func keepsAxes(_ node: NodeID, _ graph: Graph) -> Bool {
    // Pooling mixes the slots of every axis but batch and channels.
    switch graph.nodes[node].op.kind {
    case .identity: true
    case .averagePool, .globalAveragePool: axis == 1
    case .relu, .leakyRelu: areNonNegative
    case .globalMaxPool: axis == 1 && areNonNegative
    case .maxPool: axis == 1 && areNonNegative && graph.nodes[node].outputs.count == 1
    default: false
    }
  }

  /// `axes` may be older than the graph: folding gives no value another shape.
  func foldForwards(_ rewriter: inout Rewriter, _ axes: AxisTable) -> Bool {
    let graph = rewriter.graph
    guard var place = axes.id(of: result, axis: axis) else { return false }
    var value = result
    var factors = self.factors
    while let reader = graph.soleReader(of: value)?.node {
      let links = ChannelRules.links(of: reader, in: graph, axes: axes)
      if let layer = links.firstLinear, layer.data.axis == place {
        return install(factors, in: layer, of: reader, &rewriter)
      }
      guard isTransparent(reader, graph), let next = graph.nodes[reader].output(0),
        let step = Self.step(factors, on: place, through: links)
      else { return false }
      (place, factors) = step
      value = next
    }
    return false
  }

  private func isTransparent(_ node: NodeID, _ graph: Graph) -> Bool {
    switch graph.nodes[node].op.kind {
    case .reshape, .flatten, .squeeze, .unsqueeze, .transpose, .reduceMean: true
    default: keepsAxes(node, graph)
    }
  }

  /// Where the slots of an axis are behind a node, and the factor of each of them.
  private static func step(
    _ factors: [Double], on axis: AxisID, through links: [AxisLink]
  ) -> (AxisID, [Double])? {
    for link in links {
      switch link {
      case .aligned(let link) where link.inputs.first?.axis == axis:
        return (link.output.axis, factors)
      case .regrouped(let regrouping):
        guard let member = regrouping.inputs.first(where: { $0.place.axis == axis }),
          let output = regrouping.outputs.first(where: {
            $0.factors.clamped(to: member.factors) == member.factors
          })
        else { continue }
        let keys = regrouping.coordinates(of: output.factors, onto: member.factors)
        return (output.place.axis, keys.map { factors[$0] })
      default: continue
      }
    }
    return nil
  }

  private func install(
    _ factors: [Double], in link: LinearLink, of reader: NodeID, _ rewriter: inout Rewriter
  ) -> Bool {
    let graph = rewriter.graph
    guard link.groups == 1, let input = link.weightInput.input,
      let weight = graph.nodes[reader].input(input), graph.values[weight].uses.count == 1,
      let scaled = graph.constant(weight)?.scaled(
        by: factors, along: link.weightInput.position)
    else { return false }
    let detail = "\(factors.count) factors into \(rewriter.label(reader))"
    rewriter.apply(GateFolding.forwards, to: rewriter.label(node), detail) {
      $0.replaceConstant(weight, with: scaled)
    }
    return true
  }
}
