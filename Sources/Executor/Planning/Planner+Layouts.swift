internal import COneDNN
import IR

// Changes of layout between steps.

extension Planner {
  /// `operand` with its elements in row-major order.
  mutating func plain(_ operand: Operand) throws(ExecutionError) -> Operand {
    guard operand.info.layout != .plain else { return operand }
    return try arranged(
      operand, as: try MemoryDescriptor(plain: operand.elementType, operand.shape), .plain)
  }

  /// `operand` in the order of `layout`.
  mutating func arranged(
    _ operand: Operand, as layout: MemoryDescriptor
  ) throws(ExecutionError) -> Operand {
    guard try operand.info.descriptor != layout else { return operand }
    return try arranged(operand, as: layout, .special(layout))
  }

  private mutating func arranged(
    _ operand: Operand, as target: MemoryDescriptor, _ layout: Layout
  ) throws(ExecutionError) -> Operand {
    if let known = rearranged[operand.slot]?.first(where: { $0.info.layout == layout }) {
      return known
    }
    let source = try operand.info.descriptor
    var info = operand.info
    info.layout = layout
    let primitive = try Reorder.primitive(from: source, to: target)
    let result = try step(
      primitive, reads: [(DNNL_ARG_SRC_0, operand, source)], makes: info, target)
    rearranged[operand.slot, default: []].append(result)
    return result
  }

  /// `operand` with `axis` before all others, if that is how it lies in memory: nothing is moved.
  mutating func front(_ operand: Operand, _ axis: Int) -> Operand? {
    let shape = operand.shape
    let front = [shape[axis]] + shape.removing(axis)
    let steps = operand.info.strides ?? StridedView.rowMajor(shape)
    var expected = StridedView.rowMajor(front)
    expected.insert(expected.removeFirst(), at: axis)
    guard operand.constant == nil, !operand.info.isBlocked,
      shape.indices.allSatisfy({ shape[$0] == 1 || steps[$0] == expected[$0] })
    else { return nil }
    return view(operand, as: TensorInfo(operand.elementType, front))
  }

  /// `operand`, which is plain, with its first axis as number `axis`: nothing is moved.
  mutating func back(_ operand: Operand, to axis: Int) throws(ExecutionError) -> Operand {
    var order = Array(1..<operand.shape.count)
    order.insert(0, at: axis)
    let layout = try operand.info.descriptor.transposed(order)
    let shape = order.map { operand.shape[$0] }
    guard operand.shape[0] > 1 else {
      return view(operand, as: TensorInfo(operand.elementType, shape))
    }
    let info = TensorInfo(operand.elementType, shape, .special(layout))
    return view(operand, as: try info.simplified)
  }

  /// Adds a step that is a primitive with one result.
  mutating func step(
    _ primitive: Primitive, reads: [(role: Int32, operand: Operand, layout: MemoryDescriptor)],
    makes info: TensorInfo, _ layout: MemoryDescriptor, over target: Operand? = nil
  ) throws(ExecutionError) -> Operand {
    let roles = reads.map { ($0.role, $0.layout) }
    let scratch = primitive.layout(dnnl_query_scratchpad_md)
    let bind: Binding = { buffers throws(ExecutionError) in
      let arguments = Arguments()
      for (index, (role, layout)) in roles.enumerated() {
        try unsafe arguments.add(role, layout, at: buffers.reads[index])
      }
      try unsafe arguments.add(DNNL_ARG_DST_0, layout, at: buffers.makes[0])
      if scratch.byteCount > 0 {
        try unsafe arguments.add(DNNL_ARG_SCRATCHPAD, scratch, at: buffers.scratch)
      }
      return { () throws(ExecutionError) in try primitive.run(arguments) }
    }
    let operands = reads.map(\.operand)
    if let target {
      return overwrite(
        current, target, as: info, reads: operands + [target], scratch: scratch.byteCount,
        bind: bind)
    }
    return try step(
      current, reads: operands, makes: [info], scratch: scratch.byteCount, bind: bind)[0]
  }

  /// Weights, seen with the given strides, in the order of `layout`.
  mutating func packed(
    _ operand: Operand, shape: [Int], strides: [Int], as layout: MemoryDescriptor
  ) throws(ExecutionError) -> Operand {
    guard let constant = operand.constant else {
      throw ExecutionError(.internalFailure, "these weights are not known")
    }
    let source = try MemoryDescriptor(operand.elementType, shape, strides: strides)
    let owner = try weights.packed(constant, source, shape: shape, strides: strides, as: layout)
    return Operand(
      slot: builder.slot(.packed(owner)),
      info: TensorInfo(operand.elementType, shape, .special(layout)), constant: nil)
  }
}

extension [Int] {
  /// The extents of all axes but one.
  func removing(_ axis: Int) -> [Int] {
    var rest = self
    rest.remove(at: axis)
    return rest
  }
}
