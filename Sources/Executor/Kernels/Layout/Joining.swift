internal import COneDNN
import IR

// Concat, Split and Pad: blocks of elements that are copied as they are.

extension Planner {
  mutating func concat(_ node: NodeID) throws(ExecutionError) {
    guard let view = ConcatView(node, in: graph) else {
      throw ExecutionError(.invalidOperands, "its axis does not fit its operands")
    }
    var parts: [Operand] = []
    for value in view.operands { parts.append(try operand(value)) }
    let shape = try joined(parts, axis: view.axis)
    if parts.allSatisfy({ $0.elementType == .float32 && $0.constant == nil }), shape.count <= 5,
      parts.contains(where: { $0.info.layout != .plain }), !parts.contains(where: { $0.count == 0 })
    {
      return define(node, try concat(parts, axis: view.axis, shape))
    }
    var plains: [Operand] = []
    for part in parts where part.count > 0 { plains.append(try plain(part)) }
    define(node, try copied(node, plains, axis: view.axis, TensorInfo(parts[0].elementType, shape)))
  }

  private func joined(_ parts: [Operand], axis: Int) throws(ExecutionError) -> [Int] {
    var shape = parts[0].shape
    for part in parts.dropFirst() {
      var other = part.shape
      guard other.count == shape.count, part.elementType == parts[0].elementType else {
        throw ExecutionError(.invalidOperands, "joins tensors of shapes \(shape) and \(other)")
      }
      shape[axis] += other[axis]
      other[axis] = shape[axis]
      guard other == shape else {
        throw ExecutionError(.invalidOperands, "joins tensors of shapes \(shape) and \(part.shape)")
      }
    }
    return shape
  }

  private mutating func concat(
    _ parts: [Operand], axis: Int, _ shape: [Int]
  ) throws(ExecutionError) -> Operand {
    var descriptions: [dnnl_memory_desc_t] = []
    for part in parts { descriptions.append(try part.info.descriptor.raw) }
    let attributes = try PrimitiveAttributes()
    let engine = unsafe Library.shared.engine
    let primitive = try unsafe Primitive("join tensors") { made in
      unsafe dnnl_concat_primitive_desc_create(
        &made, nil, Int32(parts.count), Int32(axis), descriptions, attributes.handle, engine)
    }
    let target = primitive.layout(dnnl_query_dst_md)
    var reads: [(role: Int32, operand: Operand, layout: MemoryDescriptor)] = []
    for (index, part) in parts.enumerated() {
      reads.append((DNNL_ARG_MULTIPLE_SRC + Int32(index), part, try part.info.descriptor))
    }
    return try step(
      primitive, reads: reads, makes: TensorInfo(.float32, shape, .special(target)).simplified,
      target)
  }

  mutating func copied(
    _ node: NodeID, _ parts: [Operand], axis: Int, _ info: TensorInfo
  ) throws(ExecutionError) -> Operand {
    guard info.count > 0 else { return try zeros(node, info) }
    let width = info.elementType.bitWidth / 8
    let outer = info.shape[..<axis].reduce(1, *)
    let inner = info.shape[(axis + 1)...].reduce(width, *)
    let sizes = parts.map { $0.shape[axis] * inner }
    let total = info.shape[axis] * inner
    return try step(node, reads: parts.map { $0 }, makes: [info]) { buffers in
      let sources = sizes.indices.map {
        buffers.read($0, as: UInt8.self, count: sizes[$0] * outer)
      }
      let target = buffers.make(0, as: UInt8.self, count: total * outer)
      return {
        var start = 0
        for (source, size) in zip(sources, sizes) {
          for block in 0..<outer {
            target.copy(size, from: source, at: block * size, to: block * total + start)
          }
          start += size
        }
      }
    }[0]
  }

  mutating func split(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let view = SplitView(node, in: graph), let sizes = view.sizes else {
      throw ExecutionError(.invalidOperands, "its parts do not fit data of shape \(data.shape)")
    }
    var start = 0
    for (index, size) in sizes.enumerated() {
      let part = StridedView(contiguous: data.shape)
        .sliced(axis: view.axis, start: start, count: size, step: 1)
      start += size
      guard graph.nodes[node].output(index) != nil else { continue }
      define(node, index, try strided(node, data, part))
    }
  }

  mutating func pad(_ node: NodeID) throws(ExecutionError) {
    let data = try plain(node, 0)
    guard let view = PadView(node, in: graph) else {
      throw ExecutionError(.invalidOperands, "its borders do not fit data of shape \(data.shape)")
    }
    let shape = data.shape.indices.map { data.shape[$0] + view.begins[$0] + view.ends[$0] }
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw ExecutionError(
        .invalidOperands, "borders take more than data of shape \(data.shape) has")
    }
    let info = try checked(data.elementType, shape)
    guard shape.allSatisfy({ $0 <= Self.extentLimit }) else {
      throw ExecutionError(.invalidOperands, "a result of shape \(shape) is too large")
    }
    let fill = try padding(node, data.elementType)
    guard info.count > 0 else { return define(node, try zeros(node, info)) }
    let sources = shape.indices.map { axis in
      (0..<shape[axis]).map { Self.source($0 - view.begins[axis], of: data.shape[axis], view.mode) }
    }
    guard view.mode == .constant || !sources.contains(where: { $0.contains(nil) }) else {
      throw ExecutionError(
        .invalidOperands, "borders of data of shape \(data.shape) cannot be filled")
    }
    define(node, try picked(node, data, sources, info, fill))
  }

  /// The element at `place` counted from the data's first one; nil for a constant.
  private static func source(_ place: Int, of extent: Int, _ mode: PadView.Mode) -> Int? {
    if (0..<extent).contains(place) { return place }
    guard extent > 0 else { return nil }
    switch mode {
    case .edge: return min(max(place, 0), extent - 1)
    case .wrap: return (place % extent + extent) % extent
    case .reflect:
      guard extent > 1 else { return 0 }
      let period = 2 * (extent - 1)
      let rest = (place % period + period) % period
      return min(rest, period - rest)
    default: return nil
    }
  }

  private mutating func padding(
    _ node: NodeID, _ type: ElementType
  ) throws(ExecutionError) -> [UInt8] {
    let width = type.bitWidth / 8
    let zero = Array(repeating: UInt8(0), count: width)
    if graph.version >= 11 {
      guard let operand = try optional(node, 2), let constant = operand.constant else {
        return zero
      }
      return constant.bytes ?? zero
    }
    let value = graph.attribute(node, "value", default: Float(0)) ?? 0
    let constant = Constant([value], shape: [])
    let slot = builder.slot(.constant(constant))
    let operand = Operand(slot: slot, info: TensorInfo(.float32, []), constant: constant)
    return try cast(node, operand, to: type).constant?.bytes ?? zero
  }
}
