internal import IR

// The side of a layer from which its data come: what folding per-channel steps into the layer behind
// them changes.

extension LinearLayer {
  /// How input channels index stored weights and data.
  struct InputForm {
    /// The axis of the data that input channels index.
    let dataAxis: Int
    /// The number of input channels.
    let extent: Int
    /// The axis of the weights that input channels index.
    fileprivate let weightAxis: Int
    /// The groups that output channels, the leading axis, are divided into.
    fileprivate var groups = 1
    /// What the products are multiplied by.
    fileprivate var scale = 1.0
  }

  /// How input channels are indexed; nil if the data do not fit the weights.
  func inputForm(in graph: Graph) -> InputForm? {
    guard let shape = graph.constant(weight)?.shape else { return nil }
    switch kind {
    case .conv:
      guard let groups = ConvolutionView(node, in: graph)?.groups else { return nil }
      let (extent, overflow) = shape[1].multipliedReportingOverflow(by: groups)
      guard !overflow, shape[0] % groups == 0 else { return nil }
      return InputForm(dataAxis: 1, extent: extent, weightAxis: 1, groups: groups)
    case .convTranspose: return InputForm(dataAxis: 1, extent: shape[0], weightAxis: 0)
    case .gemm:
      guard let view = GemmView(node, in: graph) else { return nil }
      let axis = view.transB ? 1 : 0
      return InputForm(
        dataAxis: view.transA ? 0 : 1, extent: shape[axis], weightAxis: axis,
        scale: Double(view.alpha))
    case .matMul: return InputForm(dataAxis: axis, extent: shape[0], weightAxis: 0)
    default: return nil
    }
  }

  /// Whether every output sees all of its window, so that a shift of the data is one of the outputs.
  func seesWholeWindows(in graph: Graph) -> Bool {
    guard kind == .conv || kind == .convTranspose else { return true }
    guard let view = ConvolutionView(node, in: graph), let shape = graph.shape(of: view.data) else {
      return false
    }
    return !view.mayTouchPadding(spatial: Array(shape.dropFirst(2)))
  }

  /// The weights with each input channel's multiplied by its factor.
  func weights(scalingInputs factors: [Double], in graph: Graph) -> Constant? {
    guard let form = inputForm(in: graph), let stored = graph.constant(weight) else { return nil }
    guard form.groups > 1 else { return stored.scaled(by: factors, along: form.weightAxis) }
    return stored.scaled(by: factors, alongGroups: form.groups, of: form.weightAxis)
  }

  /// What each output channel gains where every input channel gains its number.
  ///
  /// - Precondition: `seesWholeWindows`.
  func sums(of shift: [Double], in graph: Graph) -> [Double]? {
    guard let form = inputForm(in: graph), let stored = graph.constant(weight),
      let weights = stored.doubles, stored.shape.count >= 2, orientation.groups == 1
    else { return nil }
    var sums = Array(repeating: 0.0, count: extent)
    let inner = stored.shape[2...].reduce(1, *)
    for row in 0..<stored.shape[0] {
      let first = row / (stored.shape[0] / form.groups) * stored.shape[1]
      for column in 0..<stored.shape[1] {
        let start = (row * stored.shape[1] + column) * inner
        let sum = weights[start..<start + inner].reduce(0, +)
        let isRowOutput = form.weightAxis == 1
        sums[isRowOutput ? row : column] += sum * shift[isRowOutput ? first + column : row]
      }
    }
    return sums.map { $0 * form.scale }
  }
}
