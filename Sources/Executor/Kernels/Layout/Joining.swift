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
    let info = TensorInfo(parts[0].elementType, shape)
    if let planes = try planes(node, plains, axis: view.axis, info) { return define(node, planes) }
    define(node, try copied(node, plains, axis: view.axis, info))
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

  /// Tensors of extent 1 along the innermost axis, one after the other in memory, as a choice among them likes them.
  private mutating func planes(
    _ node: NodeID, _ parts: [Operand], axis: Int, _ info: TensorInfo
  ) throws(ExecutionError) -> Operand? {
    guard info.elementType == .float32, info.count > 0, (1...6).contains(info.shape.count),
      info.shape[axis...].dropFirst().allSatisfy({ $0 == 1 }), parts.count == info.shape[axis],
      let reader = graph.nodes[node].output(0).flatMap(graph.soleReader), reader.input == 0,
      graph.nodes[reader.node].op.kind == .topK,
      self.axis(reader.node, default: -1, rank: info.shape.count) == axis
    else { return nil }
    let front = TensorInfo(.float32, [parts.count] + info.shape.removing(axis))
    return try back(try copied(node, parts, axis: 0, front), to: axis)
  }

  /// Tensors one after the other along an axis: made in place where they can be, copied where not.
  mutating func copied(
    _ node: NodeID, _ parts: [Operand], axis: Int, _ info: TensorInfo
  ) throws(ExecutionError) -> Operand {
    guard info.count > 0 else { return try zeros(node, info) }
    let outer = info.shape[..<axis].product
    if outer == 1, !parts.allSatisfy({ $0.constant != nil }) {
      return try placed(node, parts, info)
    }
    let inner = info.shape[(axis + 1)...].product * (info.elementType.bitWidth / 8)
    let sizes = parts.map { $0.info.byteCount.map { $0 / outer } ?? 0 }
    let total = info.shape[axis] * inner
    return try step(node, reads: parts.map { $0 }, makes: [info]) { buffers in
      let sources = sizes.indices.map {
        buffers.read($0, as: UInt8.self, count: sizes[$0] * outer)
      }
      let target = buffers.make(0, as: UInt8.self, count: total * outer)
      return {
        Threads.share(outer, cost: total) { blocks in
          for block in blocks {
            var start = block * total
            for (source, size) in zip(sources, sizes) {
              target.copy(size, from: source, at: block * size, to: start)
              start += size
            }
          }
        }
      }
    }[0]
  }

  /// Tensors one after the other in memory.
  private mutating func placed(
    _ node: NodeID, _ parts: [Operand], _ info: TensorInfo
  ) throws(ExecutionError) -> Operand {
    let total = try allowed(info)
    let slot = builder.slot(.arena(byteCount: total))
    var copies: [(part: Operand, place: Int, size: Int)] = []
    var place = 0
    for part in parts {
      let size = try allowed(part.info)
      if size > 0, !move(part, into: slot, at: place) { copies.append((part, place, size)) }
      place += size
    }
    guard !copies.isEmpty else { return Operand(slot: slot, info: info, constant: nil) }
    let bounds = copies.map { ($0.place, $0.size) }
    let bind: Binding = { buffers in
      let target = buffers.make(0, as: UInt8.self, count: total)
      let sources = bounds.indices.map {
        buffers.read($0, as: UInt8.self, count: bounds[$0].1)
      }
      return {
        for (source, (place, size)) in zip(sources, bounds) {
          Threads.share(size) { range in
            target.copy(
              range.count, from: source, at: range.lowerBound, to: place + range.lowerBound)
          }
        }
      }
    }
    builder.add(
      Step(reads: copies.map(\.part.slot), makes: [slot], scratch: nil, bind: bind, node: node))
    return Operand(slot: slot, info: info, constant: nil)
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
