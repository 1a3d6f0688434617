internal import IR

/// A convolution or matrix product whose weights are stored, as folding sees it.
///
/// A MatMul has no bias; where all that follows it is an Add of stored numbers per output channel,
/// both together are the layer, as exporters write one on data of rank 3 and more.
struct LinearLayer {
  let node: NodeID
  /// What the layer computes, its bias included.
  let result: ValueID
  /// The rank of the result and the axis of its output channels.
  let rank: Int
  let axis: Int
  /// The number of output channels.
  let extent: Int
  let weight: ValueID
  /// How output channels index the weights.
  let orientation: Orientation
  let kind: OperatorKind
  private let bias: Bias?
  private let biasScale: Double

  /// How output channels index stored weights; tied weights may be read in several ways.
  struct Orientation: Hashable {
    /// The axis of the weights that output channels index.
    var axis = 0
    /// For a transposed convolution, the groups that share that axis.
    var groups = 1
  }

  /// Where stored numbers per output channel, or one for all, are added.
  private struct Bias {
    let node: NodeID
    let input: Int
    let value: ValueID
  }

  /// Nil unless `node` is such a layer whose weights and bias are stored densely as 32- or 64-bit
  /// floats.
  init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard let product = row.output(0), let kind = row.op.kind, let weight = row.input(1),
      let stored = graph.constant(weight), stored.hasDenseFloats,
      let form = Form(node, kind: kind, weight: stored, in: graph)
    else { return nil }
    self.node = node
    self.weight = weight
    self.kind = kind
    (rank, axis, orientation) = (form.rank, form.axis, form.orientation)
    let (extent, overflow) = stored.shape[orientation.axis].multipliedReportingOverflow(
      by: orientation.groups)
    guard !overflow, extent <= Swift.max(stored.count, 0) else { return nil }
    self.extent = extent
    biasScale = form.biasScale
    if kind == .matMul {
      let sum = Self.sum(with: product, extent: extent, rank: form.rank, like: stored, in: graph)
      bias = sum?.bias
      result = sum?.result ?? product
    } else {
      bias = row.input(2).map { Bias(node: node, input: 2, value: $0) }
      result = product
      guard bias.map({ Self.isPlain($0.value, extent, like: stored, in: graph) }) ?? true else {
        return nil
      }
    }
  }

  /// The layer that computes `value`, if one does.
  init?(computing value: ValueID, in graph: Graph) {
    guard let producer = graph.producer(of: value) else { return nil }
    let products = graph.nodes[producer].inputs.compactMap { $0.flatMap(graph.producer) }
    let layers = ([producer] + products).compactMap { LinearLayer($0, in: graph) }
    guard let layer = layers.first(where: { $0.result == value }) else { return nil }
    self = layer
  }

  /// What depends on the operator.
  private struct Form {
    var rank: Int
    var axis = 1
    var orientation = Orientation()
    var biasScale = 1.0

    init?(_ node: NodeID, kind: OperatorKind, weight: Constant, in graph: Graph) {
      rank = weight.shape.count
      switch kind {
      case .conv:
        guard ConvolutionView(node, in: graph) != nil, rank >= 3 else { return nil }
      case .convTranspose:
        guard let view = ConvolutionView(node, in: graph), rank >= 3 else { return nil }
        orientation = Orientation(axis: 1, groups: view.groups)
      case .gemm:
        guard let view = GemmView(node, in: graph), rank == 2 else { return nil }
        orientation.axis = view.transB ? 0 : 1
        biasScale = Double(view.beta)
      case .matMul:
        guard rank == 2, let left = graph.nodes[node].input(0),
          let leftRank = graph.rank(of: left), leftRank >= 2
        else { return nil }
        (rank, axis, orientation.axis) = (leftRank, leftRank - 1, 1)
      default: return nil
      }
    }
  }

  /// The Add that alone reads `product`, if it adds a bias.
  private static func sum(
    with product: ValueID, extent: Int, rank: Int, like weight: Constant, in graph: Graph
  ) -> (bias: Bias, result: ValueID)? {
    guard let (reader, input) = graph.soleReader(of: product),
      graph.nodes[reader].op.kind == .add, graph.nodes[reader].inputs.count == 2,
      let result = graph.nodes[reader].output(0), let value = graph.nodes[reader].input(1 - input),
      let stored = graph.constant(value), stored.shape.count <= rank,
      isPlain(value, extent, like: weight, in: graph)
    else { return nil }
    return (Bias(node: reader, input: 1 - input, value: value), result)
  }

  /// Whether `value` is stored like the weights and has one number per output channel, or one only.
  private static func isPlain(
    _ value: ValueID, _ extent: Int, like weight: Constant, in graph: Graph
  ) -> Bool {
    guard let stored = graph.constant(value), stored.hasDenseFloats,
      stored.elementType == weight.elementType
    else { return false }
    return (stored.count == extent || stored.count == 1) && (stored.shape.last ?? 1) == stored.count
  }

  /// Whether the layer can add a number to each output channel.
  var takesShift: Bool { kind != .matMul || bias != nil }

  /// The weights with each output channel's multiplied by its factor.
  func scaledWeights(_ scale: [Double], in graph: Graph) -> Constant? {
    guard let stored = graph.constant(weight) else { return nil }
    let (axis, groups) = (orientation.axis, orientation.groups)
    guard groups > 1 else { return stored.scaled(by: scale, along: axis) }
    return stored.scaled(by: scale, alongGroups: groups, of: axis)
  }

  /// The bias with each channel's number multiplied by its factor and the shift added; nil if there
  /// is none and none is needed.
  func bias(
    scaledBy scale: [Double], shiftedBy shift: [Double], in graph: Graph
  ) -> Constant? {
    guard let stored = graph.constant(weight) else { return nil }
    let old = biasNumbers(in: graph)
    guard old != nil || shift.contains(where: { $0 != 0 }) else { return nil }
    let numbers = (0..<extent).map { (old?[$0] ?? 0) * scale[$0] + shift[$0] }
    return Constant(rounding: numbers, like: stored, shape: [extent])
  }

  /// What is added to each output channel; nil if the layer has no bias.
  func biasNumbers(in graph: Graph) -> [Double]? {
    guard let old = graph.constant(bias?.value)?.doubles else { return nil }
    return (0..<extent).map { biasScale * old[old.count == 1 ? 0 : $0] }
  }

  /// Makes the layer read `weights` and `bias`, the latter unscaled.
  ///
  /// - Precondition: `takesShift` if there is a bias.
  func install(weights: ValueID, bias new: ValueID?, in graph: inout Graph) {
    graph.replaceInput(of: node, at: 1, with: weights)
    guard let new else { return }
    if let bias, bias.node != node {
      graph.replaceInput(of: bias.node, at: bias.input, with: new)
      return
    }
    graph.setInputs(of: node, to: Array(graph.nodes[node].inputs.prefix(2)) + [new])
    if kind == .gemm {
      graph.setAttributes(
        of: node, to: graph.nodes[node].attributes.filter { $0.name != "beta" })
    }
  }

  var biasOperand: ValueID? { bias?.value }
}

extension Constant {
  /// Whether folding can compute with the elements.
  fileprivate var hasDenseFloats: Bool {
    payload != nil && [.float32, .float64].contains(elementType)
  }
}
