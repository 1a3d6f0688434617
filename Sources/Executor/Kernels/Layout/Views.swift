internal import COneDNN
import IR

// Operators that move elements, or only say that they lie otherwise.

extension Planner {
  /// Reshape, Flatten, Squeeze, Unsqueeze: the same elements in the same order.
  mutating func reshape(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let shape = reshaped(node, data.shape) else {
      throw ExecutionError(
        .invalidOperands, "data of shape \(data.shape) cannot have the shape asked for")
    }
    guard shape.product == data.count else {
      throw ExecutionError(
        .invalidOperands, "data of shape \(data.shape) cannot have shape \(shape)")
    }
    define(node, view(data, as: TensorInfo(data.elementType, shape)))
  }

  private func reshaped(_ node: NodeID, _ shape: [Int]) -> [Int]? {
    switch graph.nodes[node].op.kind {
    case .reshape:
      guard let view = ReshapeView(node, in: graph), let requested = view.requested else {
        return nil
      }
      return Self.resolved(requested.map(Int.init), shape, allowZero: view.allowZero)
    case .flatten:
      guard let axis = FlattenView(node, in: graph)?.axis else { return nil }
      return [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]
    case .squeeze:
      guard let view = SqueezeView(node, in: graph) else { return nil }
      let axes = view.areAxesStated ? view.axes : shape.indices.filter { shape[$0] == 1 }
      return shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
    default:
      guard let axes = UnsqueezeView(node, in: graph)?.axes else { return nil }
      var rest = shape[...]
      return (0..<shape.count + axes.count).map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 }
    }
  }

  private static func resolved(_ requested: [Int], _ shape: [Int], allowZero: Bool) -> [Int]? {
    var result = requested
    for (axis, extent) in requested.enumerated() where extent == 0 && !allowZero {
      guard shape.indices.contains(axis) else { return nil }
      result[axis] = shape[axis]
    }
    guard let open = result.firstIndex(of: -1) else { return result }
    let rest = result.enumerated().reduce(1) { $1.offset == open ? $0 : $0 * $1.element }
    guard rest > 0, shape.product % rest == 0 else { return nil }
    result[open] = shape.product / rest
    return result
  }

  mutating func transpose(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    guard let order = TransposeView(node, in: graph)?.permutation, order.count == data.shape.count
    else {
      throw ExecutionError(
        .invalidOperands, "its permutation does not fit data of shape \(data.shape)")
    }
    let view = StridedView(contiguous: data.shape).transposed(order)
    let moved = order.filter { data.shape[$0] != 1 }
    if data.info.layout == .plain, moved == moved.sorted() {
      return define(node, self.view(data, as: TensorInfo(data.elementType, view.shape)))
    }
    // Nothing is moved until somebody needs it moved: products of matrices read it as it is.
    if data.elementType == .float32, data.constant == nil, data.count > 0,
      (1...6).contains(order.count)
    {
      let layout = try data.info.descriptor.transposed(order)
      let info = TensorInfo(.float32, view.shape, .special(layout))
      return define(node, self.view(data, as: try info.simplified))
    }
    define(node, try strided(node, try plain(data), view))
  }

  mutating func slice(_ node: NodeID) throws(ExecutionError) {
    let operand = try operand(node, 0)
    if operand.info.layout != .plain, let slices = SliceView(node, in: graph)?.slices,
      slices.count == 1, let data = front(operand, slices[0].axis)
    {
      let range = slices[0].resolved(extent: data.shape[0])
      let taken = StridedView(contiguous: data.shape)
        .sliced(axis: 0, start: range.start, count: range.count, step: range.step)
      return define(node, try back(try strided(node, data, taken), to: slices[0].axis))
    }
    let data = try plain(operand)
    guard let slices = SliceView(node, in: graph)?.slices else {
      throw ExecutionError(.invalidOperands, "its bounds do not fit data of shape \(data.shape)")
    }
    let taken = slices.reduce(StridedView(contiguous: data.shape)) { view, slice in
      let range = slice.resolved(extent: view.shape[slice.axis])
      return view.sliced(
        axis: slice.axis, start: range.start, count: range.count, step: range.step)
    }
    define(node, try strided(node, data, taken))
  }

  mutating func expand(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let requested = ExpandView(node, in: graph)?.requested?.map(Int.init),
      let shape = StridedView.commonShape([data.shape, requested]),
      let view = StridedView(contiguous: data.shape).broadcast(to: shape)
    else {
      throw ExecutionError(.invalidOperands, "data of shape \(data.shape) does not expand so")
    }
    define(node, try strided(node, data, view))
  }

  mutating func tile(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let repeats = TileView(node, in: graph)?.repeats, repeats.count == data.shape.count else {
      throw ExecutionError(.invalidOperands, "its repeats do not fit data of shape \(data.shape)")
    }
    let steps = StridedView.rowMajor(data.shape)
    let view = StridedView(
      shape: zip(repeats, data.shape).flatMap { [$0, $1] }, strides: steps.flatMap { [0, $0] },
      offset: 0)
    let result = try strided(node, data, view)
    let shape = zip(repeats, data.shape).map { [$0, $1].product }
    define(node, self.view(result, as: TensorInfo(data.elementType, shape)))
  }

  /// Blocks of the spatial axes to channels or back, as six axes in another order.
  mutating func depthSpace(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let view = DepthSpaceView(node, in: graph), data.shape.count == 4 else {
      throw ExecutionError(
        .invalidOperands, "its attributes do not fit data of shape \(data.shape)")
    }
    let (n, c, h, w, b) = (
      data.shape[0], data.shape[1], data.shape[2], data.shape[3], view.blockSize
    )
    let isDepth = graph.nodes[node].op.kind == .depthToSpace
    guard b > 0, isDepth ? c % (b * b) == 0 : h % b == 0 && w % b == 0 else {
      throw ExecutionError(
        .invalidOperands, "blocks of \(b) do not fit data of shape \(data.shape)")
    }
    let (split, order, shape): ([Int], [Int], [Int])
    if !isDepth {
      (split, order) = ([n, c, h / b, b, w / b, b], [0, 3, 5, 1, 2, 4])
      shape = [n, c * b * b, h / b, w / b]
    } else if graph.attribute(node, "mode", default: "DCR") == "CRD" {
      (split, order) = ([n, c / (b * b), b, b, h, w], [0, 1, 4, 2, 5, 3])
      shape = [n, c / (b * b), h * b, w * b]
    } else {
      (split, order) = ([n, b, b, c / (b * b), h, w], [0, 3, 4, 1, 5, 2])
      shape = [n, c / (b * b), h * b, w * b]
    }
    let moved = try strided(node, data, StridedView(contiguous: split).transposed(order))
    define(node, self.view(moved, as: TensorInfo(data.elementType, shape)))
  }

  /// The elements that `view` walks over, in row-major order.
  mutating func strided(
    _ node: NodeID, _ data: Operand, _ view: StridedView
  ) throws(ExecutionError) -> Operand {
    let info = TensorInfo(data.elementType, view.shape)
    guard info.count > 0 else { return try zeros(node, info) }
    try allowed(info)
    let start = view.offset * (data.elementType.bitWidth / 8)
    if data.constant == nil, view.isContiguous, start % Arena.alignment == 0 {
      return part(data, at: start, as: info)
    }
    switch data.elementType.bitWidth {
    case 8: return try strided(node, data, view, info, UInt8.self)
    case 16: return try strided(node, data, view, info, UInt16.self)
    case 32: return try strided(node, data, view, info, UInt32.self)
    case 64: return try strided(node, data, view, info, UInt64.self)
    default: throw ExecutionError(.unsupported, "cannot move elements of type \(data.elementType)")
    }
  }

  private mutating func strided<Word: BitwiseCopyable>(
    _ node: NodeID, _ data: Operand, _ view: StridedView, _ info: TensorInfo, _ type: Word.Type
  ) throws(ExecutionError) -> Operand {
    let walk = StridedWalk([view])
    let counts = (data.count, info.count)
    return try step(node, reads: [data], makes: [info]) { buffers in
      let source = buffers.read(0, as: type, count: counts.0)
      let target = buffers.make(0, as: type, count: counts.1)
      return {
        Threads.share(walk.count) { range in
          walk.run(range) { place, starts, steps, count in
            let (start, step) = (starts[0], steps[0])
            guard step != 1 else {
              return target.copy(count, from: source, at: start, to: place)
            }
            let row = target.part(from: place, count)
            for index in 0..<count { row[index] = source[start &+ index &* step] }
          }
        }
      }
    }[0]
  }

  /// A tensor of zeros, as the result of work on nothing.
  mutating func zeros(_ node: NodeID, _ info: TensorInfo) throws(ExecutionError) -> Operand {
    let count = info.byteCount ?? 0
    return try step(node, reads: [], makes: [info]) { buffers in
      let target = buffers.make(0, as: UInt8.self, count: count)
      return { target.fill(0) }
    }[0]
  }
}

extension StridedView {
  /// Whether its elements lie one after the other.
  fileprivate var isContiguous: Bool {
    zip(shape, zip(strides, Self.rowMajor(shape))).allSatisfy { $0 == 1 || $1.0 == $1.1 }
  }
}
