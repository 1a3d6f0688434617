internal import IR

/// A convolution or matrix product whose weights are stored, as folding sees it.
struct LinearLayer {
  let node: NodeID
  let result: ValueID
  /// The rank of the result and the axis of its output channels.
  let rank: Int
  let axis: Int
  /// The number of output channels.
  let extent: Int
  let weight: ValueID
  /// How output channels index the weights.
  let orientation: Orientation
  private let bias: ValueID?
  private let biasScale: Double
  private let kind: OperatorKind

  /// How output channels index stored weights; tied weights may be read in several ways.
  struct Orientation: Hashable {
    /// The axis of the weights that output channels index.
    var axis = 0
    /// For a transposed convolution, the groups that share that axis.
    var groups = 1
  }

  /// Nil unless `node` is such a layer whose weights and bias are stored densely as 32- or 64-bit
  /// floats.
  init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard let result = row.output(0), let kind = row.op.kind, let weight = row.input(1),
      let stored = graph.constant(weight), stored.hasDenseFloats,
      let form = Form(node, kind: kind, weight: stored, in: graph)
    else { return nil }
    self.node = node
    self.result = result
    self.weight = weight
    self.kind = kind
    (rank, axis, orientation) = (form.rank, form.axis, form.orientation)
    let (extent, overflow) = stored.shape[orientation.axis].multipliedReportingOverflow(
      by: orientation.groups)
    guard !overflow, extent <= Swift.max(stored.count, 0) else { return nil }
    self.extent = extent
    bias = kind == .matMul ? nil : row.input(2)
    biasScale = form.biasScale
    if let bias {
      guard let constant = graph.constant(bias), constant.hasDenseFloats,
        constant.elementType == stored.elementType,
        constant.count == extent || constant.count == 1,
        (constant.shape.last ?? 1) == constant.count
      else { return nil }
    }
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

  /// Whether the layer can add a number to each output channel.
  var takesShift: Bool { kind != .matMul }

  /// The weights with each output channel's multiplied by its factor.
  func scaledWeights(_ scale: [Double], in graph: Graph) -> Constant? {
    guard let stored = graph.constant(weight) else { return nil }
    let (axis, groups) = (orientation.axis, orientation.groups)
    guard groups > 1 else { return stored.scaled(by: scale, along: axis) }
    return stored.scaled(by: scale, alongGroups: groups, of: axis)
  }

  /// The bias with each channel's number multiplied by its factor; nil if there is none.
  func scaledBias(_ scale: [Double], in graph: Graph) -> Constant? {
    guard let stored = graph.constant(weight), let old = graph.constant(bias)?.doubles else {
      return nil
    }
    let numbers = (0..<extent).map { biasScale * old[old.count == 1 ? 0 : $0] * scale[$0] }
    return Constant(rounding: numbers, like: stored, shape: [extent])
  }

  /// The bias after scaling and shifting; nil if there is none and none is needed.
  func shiftedBias(_ affine: ChannelAffine, in graph: Graph) -> Constant? {
    guard let stored = graph.constant(weight) else { return nil }
    let old = graph.constant(bias)?.doubles
    guard old != nil || affine.isShifted else { return nil }
    let numbers = (0..<extent).map { channel in
      let base = old.map { biasScale * $0[$0.count == 1 ? 0 : channel] } ?? 0
      return base * affine.scale[channel] + affine.shift[channel]
    }
    return Constant(rounding: numbers, like: stored, shape: [extent])
  }

  /// Makes the node read `weights` and `bias`, the latter unscaled.
  func install(weights: ValueID, bias: ValueID?, in graph: inout Graph) {
    graph.replaceInput(of: node, at: 1, with: weights)
    guard let bias else { return }
    graph.setInputs(of: node, to: Array(graph.nodes[node].inputs.prefix(2)) + [bias])
    if kind == .gemm {
      graph.setAttributes(
        of: node, to: graph.nodes[node].attributes.filter { $0.name != "beta" })
    }
  }

  var biasOperand: ValueID? { bias }
}

extension Constant {
  /// Whether folding can compute with the elements.
  fileprivate var hasDenseFloats: Bool {
    payload != nil && [.float32, .float64].contains(elementType)
  }
}
