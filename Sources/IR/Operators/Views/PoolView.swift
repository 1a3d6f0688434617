/// Reads a MaxPool, AveragePool or LpPool node.
public struct PoolView: WindowedView {
  /// What is pooled, `[N, C, spatial...]`.
  public let data: ValueID
  /// The window; its kernel is always known.
  public let window: SlidingWindow
  /// Whether a last window that only partly fits counts.
  public let ceilMode: Bool
  /// Whether an average counts padding as zeros.
  public let countIncludePad: Bool

  /// Reads `node`, or returns nil if it is no pooling or is malformed.
  public init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard row.op.kind == .maxPool || row.op.kind == .averagePool || row.op.kind == .lpPool,
      let data = row.input(0), let kernel = graph.attribute(node, "kernel_shape", default: [Int]()),
      !kernel.isEmpty,
      let window = SlidingWindow(node, in: graph, spatialRank: kernel.count, kernel: kernel),
      graph.rank(of: data).map({ $0 - 2 == kernel.count }) ?? true,
      let ceilMode = graph.attribute(node, "ceil_mode", default: false),
      let countIncludePad = graph.attribute(node, "count_include_pad", default: false)
    else { return nil }
    self.data = data
    self.window = window
    self.ceilMode = ceilMode
    self.countIncludePad = countIncludePad
  }

  /// The number of window positions along a spatial axis.
  ///
  /// Runtimes disagree about what SAME means for a dilated window.
  public func positions(_ axis: Int, extent: Dimension) -> Dimension {
    isAmbiguous ? .unknown : window.positions(axis, extent: extent, roundingUp: ceilMode)
  }

  private var isAmbiguous: Bool {
    window.autoPad.isSame && window.dilations.contains { $0 > 1 }
  }

  /// Whether a window may reach outside data with the given `spatial` extents.
  ///
  /// Data shorter than the window have no position for it; that some runtimes find one all the same
  /// is outside of ONNX.
  public func mayTouchPadding(spatial: [Dimension]) -> Bool {
    guard spatial.count == window.rank, !isAmbiguous else { return true }
    return spatial.indices.contains { axis in
      window.mayTouchPadding(axis, extent: spatial[axis])
        || mayOverhang(axis, extent: spatial[axis])
    }
  }

  /// Whether a window may hold no element of data with the given `spatial` extents.
  public func mayLieWhollyInPadding(spatial: [Dimension]) -> Bool {
    guard spatial.count == window.rank, !isAmbiguous else { return true }
    return spatial.indices.contains { mayMissData($0, extent: spatial[$0]) }
  }

  /// Whether rounding up may add a last window that sticks out at the end.
  private func mayOverhang(_ axis: Int, extent: Dimension) -> Bool {
    let stride = window.strides[axis]
    guard ceilMode, stride > 1, !window.autoPad.isSame else { return false }
    guard let extent = extent.count, extent <= SlidingWindow.extentLimit,
      let span = window.span(axis)
    else { return true }
    let room = extent + window.pads[axis] + window.pads[axis + window.rank] - span
    return room < 0 || room % stride != 0
  }

  private func mayMissData(_ axis: Int, extent: Dimension) -> Bool {
    let overhangs = mayOverhang(axis, extent: extent)
    guard let span = window.span(axis) else { return true }
    guard overhangs || window.mayTouchPadding(axis, extent: extent) else { return false }
    // Between elements of a dilated window there is room for data as short as the gap.
    let gap = window.dilations[axis]
    guard gap == 1 || (extent.count.map { $0 >= gap } ?? false) else { return true }
    if window.autoPad.isSame { return false }
    let overhang = overhangs ? window.strides[axis] - 1 : 0
    return window.pads[axis] >= span || window.pads[axis + window.rank] + overhang >= span
  }
}
