/// Reads a ConvInteger or QLinearConv node.
public struct QuantizedConvolutionView: WindowedView {
  /// What is convolved, `[N, C, spatial...]`.
  public let data: ValueID
  /// The filters: `[M, C/groups, kernel...]`.
  public let weight: ValueID
  /// The number of independent blocks the channels are divided into.
  public let groups: Int
  /// The window.
  public let window: SlidingWindow

  /// Reads `node`, or returns nil if it is something else, malformed, or its filters' shape is unknown.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    let isLinear = row.op.kind == .qLinearConv
    guard isLinear || row.op.kind == .convInteger, let data = row.input(0),
      let weight = row.input(isLinear ? 3 : 1), let shape = graph.shape(of: weight),
      let kernel = Shape(shape.dropFirst(2)).counts, !kernel.isEmpty,
      let groups = graph.attribute(node, "group", default: 1), groups > 0,
      shape[0].count.map({ $0 % groups == 0 }) ?? true,
      let stated = graph.attribute(node, "kernel_shape", default: kernel), stated == kernel,
      let window = SlidingWindow(node, in: graph, spatialRank: kernel.count, kernel: kernel)
    else { return nil }
    self.data = data
    self.weight = weight
    self.groups = groups
    self.window = window
  }
}
