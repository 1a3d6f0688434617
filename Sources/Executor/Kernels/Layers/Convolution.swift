internal import COneDNN
import IR

// Convolutions and transposed ones, by oneDNN.

extension Planner {
  mutating func convolution(_ node: NodeID) throws(ExecutionError) {
    let data = try operand(node, 0)
    let weight = try operand(node, 1)
    let bias = try optional(node, 2)
    guard let view = ConvolutionView(node, in: graph) else {
      throw ExecutionError(.invalidOperands, "its attributes do not describe a convolution")
    }
    let form = try ConvolutionForm(view, data: data.shape, weight: weight.shape)
    guard !form.result.contains(0) else {
      return define(node, try zeros(node, TensorInfo(data.elementType, form.result)))
    }
    if data.elementType.isHalf {
      return define(node, try halfConvolution(node, form, data, weight, bias))
    }
    try requireFloat([data, weight])
    var chain = FusedChain(after: node)
    chain = fusion(chain, result: form.result, allowsSum: !form.isTransposed)
    let fast = try depthwise(node, view, data, weight) ?? (form, data)
    let result = try convolve(fast.form, fast.data, weight, bias, chain)
    define(chain, result)
  }

  /// In single precision, rounded once at the end; nothing that follows is taken up.
  private mutating func halfConvolution(
    _ node: NodeID, _ form: ConvolutionForm, _ data: Operand, _ weight: Operand, _ bias: Operand?
  ) throws(ExecutionError) -> Operand {
    let parts = try singles(node, [data, weight, bias])
    let result = try convolve(
      form, parts[0] ?? data, parts[1] ?? weight, parts[2], FusedChain(after: node))
    return try cast(node, result, to: data.elementType)
  }

  /// Operands of half precision in single precision.
  mutating func singles(
    _ node: NodeID, _ operands: [Operand?]
  ) throws(ExecutionError) -> [Operand?] {
    var results: [Operand?] = []
    for operand in operands {
      guard operand?.elementType.isHalf ?? true else {
        throw ExecutionError(.invalidOperands, "its operands are of different types")
      }
      results.append(
        try operand.map { each throws(ExecutionError) in try cast(node, each, to: .float32) })
    }
    return results
  }

  mutating func convolve(
    _ form: ConvolutionForm, _ data: Operand, _ weight: Operand, _ bias: Operand?,
    _ chain: FusedChain
  ) throws(ExecutionError) -> Operand {
    let primitive = try form.primitive(hasBias: bias != nil, chain.operations)
    let (source, filters) = (
      primitive.layout(dnnl_query_src_md), primitive.layout(dnnl_query_weights_md)
    )
    let target = primitive.layout(dnnl_query_dst_md)
    var reads = [
      (DNNL_ARG_SRC_0, try arranged(data, as: source), source),
      (
        DNNL_ARG_WEIGHTS_0,
        try arranged(weight, shape: form.filters, strides: form.filterStrides, as: filters), filters
      ),
    ]
    if let bias {
      let layout = try MemoryDescriptor(plain: .float32, [bias.count])
      reads.append((DNNL_ARG_BIAS, try plain(bias), layout))
    }
    let info = TensorInfo(.float32, form.result, .special(target))
    let addend = try chain.addend.map { addend throws(ExecutionError) in
      try accumulator(addend, target, chain)
    }
    return try step(primitive, reads: reads, makes: info.simplified, target, over: addend)
  }

  /// Weights in the order that a primitive wants: once if they are stored, else each time.
  mutating func arranged(
    _ weight: Operand, shape: [Int], strides: [Int], as layout: MemoryDescriptor
  ) throws(ExecutionError) -> Operand {
    if weight.constant != nil {
      return try packed(weight, shape: shape, strides: strides, as: layout)
    }
    let plain = try self.plain(weight)
    let seen = try MemoryDescriptor(weight.elementType, shape, strides: strides)
    return try arranged(
      view(plain, as: TensorInfo(weight.elementType, shape, .special(seen))), as: layout)
  }

  /// Memory that holds what is to be added and may be overwritten.
  private mutating func accumulator(
    _ operand: Operand, _ layout: MemoryDescriptor, _ chain: FusedChain
  ) throws(ExecutionError) -> Operand {
    // A copy that others read, the layer itself perhaps, must not be written over.
    let isInPlace =
      try operand.info.descriptor == layout && isLastReader(chain.sum ?? current, of: operand)
    return try isInPlace ? operand : copied(operand, as: layout)
  }

  /// The same elements in memory of their own, in the order of `layout`.
  mutating func copied(
    _ operand: Operand, as layout: MemoryDescriptor
  ) throws(ExecutionError) -> Operand {
    let source = try operand.info.descriptor
    let primitive = try Reorder.primitive(from: source, to: layout)
    var info = operand.info
    info.layout = .special(layout)
    return try step(
      primitive, reads: [(DNNL_ARG_SRC_0, operand, source)], makes: try info.simplified, layout)
  }

  func requireFloat(_ operands: [Operand]) throws(ExecutionError) {
    for operand in operands where operand.elementType != .float32 {
      throw ExecutionError(
        .unsupported, "runs on elements of type f32, found \(operand.elementType)")
    }
  }
}

extension ElementType {
  /// Whether it is a float of 16 bits.
  var isHalf: Bool { self == .float16 || self == .bfloat16 }
}

extension TensorInfo {
  /// The same, plain if the layout is that after all.
  var simplified: TensorInfo {
    get throws(ExecutionError) {
      guard case .special(let layout) = layout,
        try layout == MemoryDescriptor(plain: elementType, shape)
      else { return self }
      return TensorInfo(elementType, shape)
    }
  }
}

/// A convolution on tensors of certain shapes.
struct ConvolutionForm {
  let isTransposed: Bool
  let data: [Int]
  /// The shape of the filters as oneDNN sees them: groups first if there are several.
  let filters: [Int]
  /// Where the stored filters have the elements of that.
  let filterStrides: [Int]
  let result: [Int]
  let strides: [Int]
  let dilations: [Int]
  let padding: (before: [Int], after: [Int])

  init(_ view: ConvolutionView, data: [Int], weight: [Int]) throws(ExecutionError) {
    self =
      view.isTransposed
      ? try Self(transposed: view, data, weight)
      : try Self(view.window, groups: view.groups, data: data, weight: weight)
  }

  private init(
    transposed view: ConvolutionView, _ data: [Int], _ weight: [Int]
  ) throws(ExecutionError) {
    isTransposed = true
    self.data = data
    let span = try Self.span(
      view.window, data, weight, fits: data.dropFirst().first == weight.first)
    (strides, dilations) = (view.window.strides, view.window.dilations)
    (padding, result) = try Self.transposed(view, data, weight, span)
    (filters, filterStrides) = Self.filters(weight, groups: view.groups, isTransposed: true)
  }

  /// A convolution that is not transposed.
  init(
    _ window: SlidingWindow, groups: Int, data: [Int], weight: [Int]
  ) throws(ExecutionError) {
    isTransposed = false
    self.data = data
    let fits = data.count > 1 && weight.count > 1 && data[1] == weight[1] * groups
    let span = try Self.span(window, data, weight, fits: fits)
    (strides, dilations) = (window.strides, window.dilations)
    let pads = span.indices.map { window.padding($0, extent: .known(data[2 + $0])) ?? (0, 0) }
    padding = (pads.map(\.begin), pads.map(\.end))
    let extents = span.indices.map { axis in
      let room = data[2 + axis] + pads[axis].begin + pads[axis].end - span[axis]
      return room < 0 ? 0 : room / window.strides[axis] + 1
    }
    result = [data[0], weight[0]] + extents
    (filters, filterStrides) = Self.filters(weight, groups: groups, isTransposed: false)
  }

  /// How far the window reaches along each axis.
  private static func span(
    _ window: SlidingWindow, _ data: [Int], _ weight: [Int], fits: Bool
  ) throws(ExecutionError) -> [Int] {
    guard fits, data.count == window.rank + 2, weight.count == window.rank + 2,
      let kernel = window.kernel
    else {
      throw ExecutionError(
        .invalidOperands, "data of shape \(data) does not fit filters of shape \(weight)")
    }
    return kernel.indices.map { (kernel[$0] - 1) * window.dilations[$0] + 1 }
  }

  /// Filters with groups on an axis of their own; those of a transposed convolution have channels swapped.
  private static func filters(
    _ weight: [Int], groups: Int, isTransposed: Bool
  ) -> ([Int], [Int]) {
    let steps = StridedView.rowMajor(weight)
    let (first, window) = (weight[0] / groups, Array(weight[2...]))
    let group = [groups > 1 ? groups : nil].compactMap { $0 }
    let groupStep = group.map { _ in first * steps[0] }
    let tail = Array(steps[2...])
    return isTransposed
      ? (group + [weight[1], first] + window, groupStep + [steps[1], steps[0]] + tail)
      : (group + [first, weight[1]] + window, groupStep + [steps[0], steps[1]] + tail)
  }

  private static func transposed(
    _ view: ConvolutionView, _ data: [Int], _ weight: [Int], _ span: [Int]
  ) throws(ExecutionError) -> (([Int], [Int]), [Int]) {
    let (window, rank) = (view.window, view.window.rank)
    var (before, after, extents): ([Int], [Int], [Int]) = ([], [], [])
    for axis in 0..<rank {
      let full = (data[2 + axis] - 1) * window.strides[axis] + span[axis]
      var (begin, end) = (window.pads[axis], window.pads[axis + rank])
      var extent = full + view.outputPadding[axis] - begin - end
      if let asked = view.outputShape?[axis]
        ?? (window.autoPad.isSame ? data[2 + axis] * window.strides[axis] : nil)
      {
        extent = asked
        let total = max(full + view.outputPadding[axis] - asked, 0)
        let small = total / 2
        (begin, end) =
          window.autoPad == .sameUpper ? (small, total - small) : (total - small, small)
      }
      before.append(begin)
      after.append(full - extent - begin)
      extents.append(extent)
    }
    return ((before, after), [data[0], weight[1] * view.groups] + extents)
  }

  func primitive(
    hasBias: Bool, _ operations: [PostOperation]
  ) throws(ExecutionError) -> Primitive {
    let attributes = try PrimitiveAttributes(operations)
    var source = try MemoryDescriptor(any: .float32, data).raw
    var weights = try MemoryDescriptor(any: .float32, filters).raw
    var bias =
      try hasBias ? MemoryDescriptor(plain: .float32, [result[1]]).raw : dnnl_memory_desc_t()
    var target = try MemoryDescriptor(any: .float32, result).raw
    let (strides, dilations) = (strides.map(Int64.init), dilations.map { Int64($0 - 1) })
    let (before, after) = (padding.before.map(Int64.init), padding.after.map(Int64.init))
    let engine = unsafe Library.shared.engine
    if isTransposed {
      var description = dnnl_deconvolution_desc_t()
      try unsafe dnnl_dilated_deconvolution_forward_desc_init(
        &description, dnnl_forward_inference, dnnl_deconvolution_direct, &source, &weights, &bias,
        &target, strides, dilations, before, after
      ).check("convolve")
      return try unsafe Primitive("convolve") { made in
        unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
      }
    }
    var description = dnnl_convolution_desc_t()
    try unsafe dnnl_dilated_convolution_forward_desc_init(
      &description, dnnl_forward_inference, dnnl_convolution_direct, &source, &weights, &bias,
      &target, strides, dilations, before, after
    ).check("convolve")
    return try unsafe Primitive("convolve") { made in
      unsafe dnnl_primitive_desc_create(&made, &description, attributes.handle, engine, nil)
    }
  }
}
