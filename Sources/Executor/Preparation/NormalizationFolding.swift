import IR

/// Puts a normalisation into the convolution before it.
///
/// ```
/// before: %1 = Conv(%x, %w, %b)  %2 = BatchNormalization(%1, scale, shift, mean, variance)
/// after:  %2 = Conv(%x, %w·s, (%b − mean)·s + shift)   where s = scale / √(variance + ε)
/// ```
///
/// Products are taken in double precision and rounded once. The convolution's weights and the statistics have to be
/// stored, and nobody else may read what the convolution makes.
enum NormalizationFolding {
  static func run(on graph: inout Graph) {
    for node in graph.nodeIDs where graph.nodes[node].op.kind == .batchNormalization {
      guard let fold = Fold(node, in: graph) else { continue }
      let name = graph.values[fold.result].name
      let weight = graph.addConstant(name + " weight", fold.weight)
      let bias = graph.addConstant(name + " bias", fold.bias)
      graph.setInputs(of: fold.layer, to: [graph.nodes[fold.layer].input(0), weight, bias])
      graph.replaceUses(of: fold.result, with: fold.product)
      graph.remove(node)
    }
  }

  private struct Fold {
    let layer: NodeID
    let product: ValueID
    let result: ValueID
    let weight: Constant
    let bias: Constant

    init?(_ node: NodeID, in graph: Graph) {
      guard let view = BatchNormalizationView(node, in: graph), view.isInference,
        let layer = graph.producer(of: view.data), graph.nodes[layer].op.kind == .conv,
        graph.soleReader(of: view.data) != nil,
        let result = graph.nodes[node].output(0), !graph.isOutput(result),
        graph.nodes[node].outputs.dropFirst().allSatisfy({ $0 == nil }),
        let weights = graph.constant(graph.nodes[layer].input(1)),
        let elements = weights.elements(as: Float.self), let channels = weights.shape.first,
        channels > 0
      else { return nil }
      func numbers(_ value: ValueID?) -> [Double]? {
        let list = graph.constant(value)?.elements(as: Float.self)?.map(Double.init)
        return list?.count == channels ? list : nil
      }
      let old = graph.nodes[layer].input(2)
      guard let scale = numbers(view.scale), let shift = numbers(view.bias),
        let mean = numbers(view.mean), let variance = numbers(view.variance),
        let bias = old == nil ? Array(repeating: 0, count: channels) : numbers(old)
      else { return nil }
      let factors = (0..<channels).map {
        scale[$0] / (variance[$0] + Double(view.epsilon)).squareRoot()
      }
      let row = elements.count / channels
      let scaled = elements.indices.map { Float(Double(elements[$0]) * factors[$0 / row]) }
      let shifted = (0..<channels).map { Float((bias[$0] - mean[$0]) * factors[$0] + shift[$0]) }
      (self.layer, product, self.result) = (layer, view.data, result)
      weight = Constant(scaled, shape: weights.shape)
      self.bias = Constant(shifted, shape: [channels])
    }
  }
}
