internal import IR

/// Folds per-channel scaling and shifting into the layer before it.
///
/// ```
/// before: %2 = Conv(%1, %w)                      after: %3 = Conv(%1, %w', %b')
///         %3 = BatchNormalization(%2, %g, %b, %m, %v)
/// ```
///
/// Legal cases, for a Conv, ConvTranspose, Gemm or MatMul with stored weights, or a MatMul and the Add
/// of its bias, whose result has this one reader and is not an output of the graph:
/// 1. BatchNormalization in inference, normalising the layer's channel axis.
/// 2. Mul, Div, Add or Sub by a stored tensor that, aligned from the right, runs along the layer's
///    channel axis alone or is a single number.
///
/// A MatMul alone takes no shift, and from rank 3 on its channel axis is not the one that
/// BatchNormalization normalises. Shared weights fold only where every layer that reads them is
/// followed by the same parameters: otherwise the file would grow.
///
/// Runs after identities are gone, which would hide a reader, and before gates are folded, which
/// look for what is left. Products are taken in double precision and rounded once.
enum AffineFolding {
  static let name = "fold-affine"
  static let batchNormalization = RewriteRule(
    pass: name, number: 1, title: "fold BatchNormalization into the layer before")
  static let arithmetic = RewriteRule(
    pass: name, number: 2, title: "fold per-channel arithmetic into the layer before")

  static let pass = Pass(
    name: name, summary: "Fold BatchNormalization and per-channel arithmetic into layers before.",
    rules: [batchNormalization, arithmetic], run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    var folded = FoldedWeights()
    for node in rewriter.graph.nodeIDs {
      while let fold = Fold(node, &rewriter) { fold.apply(&rewriter, &folded) }
    }
  }

  /// Weights that were folded for one layer and serve others that share them.
  private struct FoldedWeights {
    private(set) var known: [Key: ValueID] = [:]
    /// Weights that a layer yet to be folded will read: what folds next makes others of its own.
    private(set) var reserved: Set<ValueID> = []

    struct Key: Hashable {
      let weight: ValueID
      let orientation: LinearLayer.Orientation
      let scale: [Double]
    }

    mutating func note(_ weights: ValueID, for key: Key) {
      known[key] = weights
      reserved.insert(weights)
    }
  }

  /// A layer and the affine node behind it.
  private struct Fold {
    let layer: LinearLayer
    let reader: NodeID
    let affine: ChannelAffine

    /// Nil unless a legal case applies; records why a likely one does not.
    init?(_ node: NodeID, _ rewriter: inout Rewriter) {
      let graph = rewriter.graph
      guard let layer = LinearLayer(node, in: graph),
        let reader = graph.soleReader(of: layer.result)?.node,
        let affine = ChannelAffine(
          reader, of: layer.result, axis: layer.axis, extent: layer.extent, rank: layer.rank,
          in: graph)
      else { return nil }
      let subject = rewriter.label(reader)
      guard layer.takesShift || !affine.isShifted else {
        rewriter.refuse(name, subject, because: "MatMul takes no bias")
        return nil
      }
      guard sharersAgree(layer, reader, affine, graph) else {
        rewriter.refuse(name, subject, because: "the weights before it are shared")
        return nil
      }
      self.layer = layer
      self.reader = reader
      self.affine = affine
    }

    func apply(_ rewriter: inout Rewriter, _ folded: inout FoldedWeights) {
      let isShared = rewriter.graph.values[layer.weight].uses.count > 1
      let key = FoldedWeights.Key(
        weight: layer.weight, orientation: layer.orientation, scale: affine.scale)
      let weights = folded.known[key] ?? foldedWeights(&rewriter, reserved: folded.reserved)
      if isShared { folded.note(weights, for: key) }
      let bias = foldedBias(&rewriter)
      let isNormalization = rewriter.graph.nodes[reader].op.kind == .batchNormalization
      let subject = rewriter.label(reader)
      let detail =
        "\(rewriter.graph.nodes[reader].op.type) into \(rewriter.label(layer.node))"
      rewriter.apply(isNormalization ? batchNormalization : arithmetic, to: subject, detail) {
        layer.install(weights: weights, bias: bias, in: &$0)
      }
      rewriter.bypass(reader, with: layer.result)
    }

    private func foldedWeights(
      _ rewriter: inout Rewriter, reserved: Set<ValueID>
    ) -> ValueID {
      guard affine.scale.contains(where: { $0 != 1 }),
        let scaled = layer.scaledWeights(affine.scale, in: rewriter.graph)
      else { return layer.weight }
      return reserved.contains(layer.weight)
        ? rewriter.storeBeside(scaled, layer.weight) : rewriter.store(scaled, over: layer.weight)
    }

    private func foldedBias(_ rewriter: inout Rewriter) -> ValueID? {
      guard
        let shifted = layer.bias(
          scaledBy: affine.scale, shiftedBy: affine.shift, in: rewriter.graph)
      else { return nil }
      if let old = layer.biasOperand { return rewriter.store(shifted, over: old) }
      return rewriter.addBias(shifted, of: layer.node)
    }
  }

  /// Whether every reader of the layer's weights is a layer followed by the same affine node.
  private static func sharersAgree(
    _ layer: LinearLayer, _ reader: NodeID, _ affine: ChannelAffine, _ graph: Graph
  ) -> Bool {
    let uses = graph.values[layer.weight].uses
    guard uses.count > 1 else { return true }
    return uses.allSatisfy { use in
      guard case .node(let node, input: 1) = use, let other = LinearLayer(node, in: graph),
        other.orientation == layer.orientation,
        let follower = graph.soleReader(of: other.result)?.node,
        graph.nodes[follower].op == graph.nodes[reader].op,
        let twin = ChannelAffine(
          follower, of: other.result, axis: other.axis, extent: other.extent, rank: other.rank,
          in: graph)
      else { return false }
      return twin.parameters == affine.parameters && twin.scale == affine.scale
    }
  }
}
