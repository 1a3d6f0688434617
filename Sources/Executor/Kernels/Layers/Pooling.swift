internal import COneDNN
import IR

// Windows over spatial axes that are not weighed.

extension Planner {
  mutating func pool(_ node: NodeID) throws(ExecutionError) {
    let kind = graph.nodes[node].op.kind
    let data = try operand(node, 0)
    guard let view = PoolView(node, in: graph), let kernel = view.window.kernel,
      data.shape.count == kernel.count + 2
    else { throw ExecutionError(.invalidOperands, "its attributes do not describe a window") }
    let form = PoolForm(view, kernel, data.shape)
    let isSimple =
      data.elementType == .float32 && graph.nodes[node].output(1) == nil && !form.hasOverhang
      && !form.result.contains(0) && data.shape.count <= 5
    switch kind {
    case .maxPool where isSimple: define(node, try pool(form, data, dnnl_pooling_max))
    case .averagePool where isSimple && form.padsAreBelowKernel:
      let algorithm =
        view.countIncludePad ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding
      define(node, try pool(form, data, algorithm))
    case .maxPool: try maxPool(node, try plain(data), form)
    case .averagePool:
      define(node, try averagePool(node, try plain(data), form, view.countIncludePad))
    default: define(node, try lpPool(node, try plain(data), form))
    }
  }

  fileprivate mutating func pool(
    _ form: PoolForm, _ data: Operand, _ algorithm: dnnl_alg_kind_t
  ) throws(ExecutionError) -> Operand {
    let attributes = try PrimitiveAttributes()
    let layout = try data.info.descriptor
    var (source, target) = (layout.raw, try MemoryDescriptor(any: .float32, form.result).raw)
    var description = dnnl_pooling_v2_desc_t()
    func numbers(_ list: [Int]) -> [Int64] { list.map(Int64.init) }
    try unsafe dnnl_pooling_v2_forward_desc_init(
      &description, dnnl_forward_inference, algorithm, &source, &target, numbers(form.strides),
      numbers(form.kernel), numbers(form.dilations.map { $0 - 1 }), numbers(form.before),
      numbers(form.statedAfter)
    ).check("pool")
    let engine = unsafe Library.shared.engine
    let primitive = try unsafe Primitive("pool") { made in
      unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
    }
    let result = primitive.layout(dnnl_query_dst_md)
    return try step(
      primitive, reads: [(DNNL_ARG_SRC_0, data, layout)],
      makes: TensorInfo(.float32, form.result, .special(result)).simplified, result)
  }

  /// The mean over all positions, or another reduction of them.
  mutating func globalPool(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    guard data.shape.count > 2 else {
      throw ExecutionError(.invalidOperands, "pools data of shape \(data.shape)")
    }
    let kind = graph.nodes[node].op.kind
    let form = PoolForm(globalOver: data.shape)
    if data.elementType == .float32, data.count > 0, data.shape.count <= 5, kind != .globalLpPool {
      let isMax = kind == .globalMaxPool
      return define(node, try isMax ? pool(form, data, dnnl_pooling_max) : mean(data))
    }
    let plain = try plain(data)
    switch kind {
    case .globalMaxPool: try maxPool(node, plain, form)
    case .globalAveragePool: define(node, try averagePool(node, plain, form, false))
    default: define(node, try lpPool(node, plain, form))
    }
  }
}

extension Planner {
  /// The mean over all positions of each channel.
  ///
  /// Taken in one go, a sum of tens of thousands of numbers loses digits in single precision: axis by axis, no
  /// sum is longer than an axis.
  mutating func mean(_ data: Operand) throws(ExecutionError) -> Operand {
    let spatial = Array(data.shape[2...])
    guard spatial.product > Self.longestSum else {
      return try pool(PoolForm(globalOver: data.shape), data, dnnl_pooling_avg_exclude_padding)
    }
    var result = data
    for axis in spatial.indices where spatial[axis] > 1 {
      var kernel = spatial.map { _ in 1 }
      kernel[axis] = spatial[axis]
      result = try pool(
        PoolForm(result.shape, kernel: kernel), result, dnnl_pooling_avg_exclude_padding)
    }
    return result
  }

  private static let longestSum = 1 << 10
}

/// A window slid over tensors of certain shapes.
struct PoolForm {
  let data: [Int]
  let result: [Int]
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  let before: [Int]
  /// The padding behind, as far as windows reach.
  let after: [Int]
  /// The padding behind that is stated.
  let statedAfter: [Int]

  init(_ view: PoolView, _ kernel: [Int], _ data: [Int]) {
    let (window, rank) = (view.window, kernel.count)
    self.data = data
    self.kernel = kernel
    (strides, dilations) = (window.strides, window.dilations)
    var (before, after, stated, extents): ([Int], [Int], [Int], [Int]) = ([], [], [], [])
    for axis in 0..<rank {
      let (begin, end) = window.padding(axis, extent: .known(data[2 + axis])) ?? (0, 0)
      let span = (kernel[axis] - 1) * dilations[axis] + 1
      let room = data[2 + axis] + begin + end - span
      var count = room < 0 ? 0 : room / strides[axis] + 1
      if view.ceilMode, room >= 0, !window.autoPad.isSame {
        count = (room + strides[axis] - 1) / strides[axis] + 1
        // A window must not start in the padding at the end.
        if (count - 1) * strides[axis] >= data[2 + axis] + begin { count -= 1 }
      }
      before.append(begin)
      stated.append(end)
      after.append((count - 1) * strides[axis] + span - data[2 + axis] - begin)
      extents.append(count)
    }
    (self.before, self.after, statedAfter) = (before, after, stated)
    result = Array(data.prefix(2)) + extents
  }

  init(globalOver data: [Int]) { self.init(data, kernel: Array(data[2...])) }

  /// Windows without padding, one step apart.
  init(_ data: [Int], kernel: [Int]) {
    self.data = data
    self.kernel = kernel
    strides = kernel.map { _ in 1 }
    dilations = strides
    before = kernel.map { _ in 0 }
    after = before
    statedAfter = before
    result = Array(data.prefix(2)) + zip(data[2...], kernel).map { $0 - $1 + 1 }
  }

  /// Whether windows reach beyond the stated padding, or the padding is larger than they are.
  var hasOverhang: Bool {
    zip(after, statedAfter).contains { $0 > $1 } || !padsAreBelowKernel
      || before.contains { $0 < 0 }
  }

  var padsAreBelowKernel: Bool {
    zip(zip(before, after), kernel).allSatisfy { $0.0 < $1 && $0.1 < $1 }
  }

  /// For each position of the result along `axis`, the elements that its window covers, and how many of its
  /// places are not beyond the stated padding.
  func covers(_ axis: Int) -> [(elements: [Int], count: Int)] {
    (0..<result[2 + axis]).map { position in
      let start = position * strides[axis] - before[axis]
      let places = (0..<kernel[axis]).map { start + $0 * dilations[axis] }
      let count = places.count { $0 < data[2 + axis] + statedAfter[axis] }
      return (places.filter { (0..<data[2 + axis]).contains($0) }, count)
    }
  }
}
