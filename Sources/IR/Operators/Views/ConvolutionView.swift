/// Reads a Conv or ConvTranspose node.
public struct ConvolutionView: WindowedView {
  /// What is convolved, `[N, C, spatial...]`.
  public let data: ValueID
  /// The filters: `[M, C/groups, kernel...]`, or `[C, M/groups, kernel...]` if transposed.
  public let weight: ValueID
  /// One number per output channel.
  public let bias: ValueID?
  /// The number of independent blocks the channels are divided into.
  public let groups: Int
  /// The window.
  public let window: SlidingWindow
  /// Extra extent at the end of each axis of a transposed convolution.
  public let outputPadding: [Int]
  /// The spatial extents that a transposed convolution is asked for, if it states them.
  public let outputShape: [Int]?
  /// Whether this is ConvTranspose.
  public let isTransposed: Bool

  /// Reads `node`, or returns nil if it is no convolution, is malformed, or its rank is unknown.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .conv || row.op.kind == .convTranspose, let data = row.input(0),
      let weight = row.input(1), let groups = graph.attribute(node, "group", default: 1),
      groups > 0, let stated = graph.attribute(node, "kernel_shape", default: [Int]()),
      let outputShape = graph.attribute(node, "output_shape", default: [Int]())
    else { return nil }
    let filters = graph.shape(of: weight)
    let ranks = [
      stated.isEmpty ? nil : stated.count, filters.map { $0.count - 2 },
      graph.rank(of: data).map { $0 - 2 },
    ].compactMap { $0 }
    guard let rank = ranks.first, rank > 0, ranks.allSatisfy({ $0 == rank }) else { return nil }
    let stored = filters.flatMap { Shape($0.dropFirst(2)).counts }
    guard filters?[0].count.map({ $0 % groups == 0 }) ?? true,
      stated.isEmpty || stored == nil || stored == stated,
      let window = SlidingWindow(
        node, in: graph, spatialRank: rank, kernel: stated.isEmpty ? stored : stated),
      let outputPadding = graph.attribute(
        node, "output_padding", default: Array(repeating: 0, count: rank)),
      outputPadding.count == rank, outputShape.isEmpty || outputShape.count == rank,
      outputPadding.allSatisfy((0...SlidingWindow.parameterLimit).contains)
    else { return nil }
    self.data = data
    self.weight = weight
    self.bias = row.input(2)
    self.groups = groups
    self.window = window
    self.outputPadding = outputPadding
    self.outputShape = outputShape.isEmpty ? nil : outputShape
    isTransposed = row.op.kind == .convTranspose
  }

  /// Whether some output may lack part of its window because that lies outside the data.
  ///
  /// False only if it is impossible for data with the given `spatial` extents. A transposed
  /// convolution is exempt only if it treats every position by itself.
  public func mayTouchPadding(spatial: [Dimension]) -> Bool {
    guard spatial.count == window.rank else { return true }
    guard !isTransposed else { return !isPointwise }
    return spatial.indices.contains { window.mayTouchPadding($0, extent: spatial[$0]) }
  }

  /// Whether each output position depends on the one input position with the same coordinates.
  public var isPointwise: Bool {
    guard let kernel = window.kernel else { return false }
    return kernel.allSatisfy { $0 == 1 } && window.strides.allSatisfy { $0 == 1 }
      && window.pads.allSatisfy { $0 == 0 } && outputPadding.allSatisfy { $0 == 0 }
      && outputShape == nil
  }
}
