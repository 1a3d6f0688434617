import IR

// Blocks of elements that tensors of indices name, taken out or put in.

extension Planner {
  mutating func gatherElements(_ node: NodeID) throws(ExecutionError) {
    let (data, indices) = (try plain(node, 0), try cast(node, try plain(node, 1), to: .int64))
    guard let axis = graph.attribute(node, "axis", default: 0) else {
      throw ExecutionError(.invalidOperands, "its axis is no number")
    }
    let info = try TensorInfo.sized(data.elementType, indices.shape)
    guard info.count > 0 else { return define(node, try zeros(node, info)) }
    let index = try BlockIndex(axis: axis, data: data.shape, indices: indices.shape)
    define(node, try gathered(node, data, indices, index, info))
  }

  mutating func gatherND(_ node: NodeID) throws(ExecutionError) {
    let (data, indices) = (try plain(node, 0), try cast(node, try plain(node, 1), to: .int64))
    guard let batchAxes = graph.attribute(node, "batch_dims", default: 0), batchAxes >= 0,
      let width = indices.shape.last, batchAxes <= data.shape.count,
      batchAxes + width <= data.shape.count
    else {
      throw ExecutionError(
        .invalidOperands, "indices of shape \(indices.shape) do not fit data of shape \(data.shape)"
      )
    }
    let shape = indices.shape.dropLast() + data.shape[(batchAxes + width)...]
    let info = try TensorInfo.sized(data.elementType, Array(shape))
    guard info.count > 0 else { return define(node, try zeros(node, info)) }
    let index = try BlockIndex(rowsAfter: batchAxes, data: data.shape, indices: indices.shape)
    define(node, try gathered(node, data, indices, index, info))
  }

  private mutating func gathered(
    _ node: NodeID, _ data: Operand, _ indices: Operand, _ index: BlockIndex, _ info: TensorInfo
  ) throws(ExecutionError) -> Operand {
    let width = try data.elementType.byteWidth
    let (size, counts) = (index.size * width, (data.count * width, info.count * width))
    return try step(node, reads: [data, indices], makes: [info]) { buffers in
      let source = buffers.read(0, as: UInt8.self, count: counts.0)
      let numbers = buffers.read(1, as: Int64.self, count: index.indexCount)
      let target = buffers.make(0, as: UInt8.self, count: counts.1)
      return { () throws(ExecutionError) in
        for (number, place) in try index.places(numbers).enumerated() {
          target.copy(size, from: source, at: place * width, to: number * size)
        }
      }
    }[0]
  }

  /// Scatter and ScatterElements: one element for each index.
  mutating func scatterElements(_ node: NodeID) throws(ExecutionError) {
    let scatter = try Scatter(&self, node)
    guard let axis = graph.attribute(node, "axis", default: 0),
      scatter.indices.shape == scatter.updates.shape
    else { throw scatter.misfit }
    guard scatter.updates.count > 0 else { return define(node, scatter.data) }
    let index = try BlockIndex(
      axis: axis, data: scatter.data.shape, indices: scatter.indices.shape)
    define(node, try scattered(node, scatter, index))
  }

  mutating func scatterND(_ node: NodeID) throws(ExecutionError) {
    let scatter = try Scatter(&self, node)
    let (data, indices) = (scatter.data.shape, scatter.indices.shape)
    guard let width = indices.last, width <= data.count,
      scatter.updates.shape == indices.dropLast() + data[width...]
    else { throw scatter.misfit }
    guard scatter.updates.count > 0 else { return define(node, scatter.data) }
    let index = try BlockIndex(rowsAfter: 0, data: data, indices: indices)
    define(node, try scattered(node, scatter, index))
  }

  private mutating func scattered(
    _ node: NodeID, _ scatter: Scatter, _ index: BlockIndex
  ) throws(ExecutionError) -> Operand {
    guard let name = graph.attribute(node, "reduction", default: "none"), name != "none" else {
      return try replaced(node, scatter, index)
    }
    guard let kind = Self.reductions[name] else {
      throw ExecutionError(.invalidOperands, "has no reduction '\(name)'")
    }
    let type = scatter.data.elementType
    let wide: ElementType =
      type.isFloatingPoint ? type == .float64 ? type : .float32 : type == .uint64 ? type : .int64
    let operands = Scatter(
      data: try cast(node, scatter.data, to: wide), indices: scatter.indices,
      updates: try cast(node, scatter.updates, to: wide))
    let result =
      switch wide {
      case .float64: try merged(node, operands, index, try arithmetic(node, kind, Double.self))
      case .float32: try merged(node, operands, index, try arithmetic(node, kind, Float.self))
      case .uint64: try merged(node, operands, index, try wholeArithmetic(node, kind, UInt64.self))
      default: try merged(node, operands, index, try wholeArithmetic(node, kind, Int64.self))
      }
    return try cast(node, result, to: type)
  }

  private static let reductions: [String: OperatorKind] = [
    "add": .add, "mul": .mul, "min": .min, "max": .max,
  ]

  /// The data with the updates in place of what the indices name; the last one wins.
  private mutating func replaced(
    _ node: NodeID, _ scatter: Scatter, _ index: BlockIndex
  ) throws(ExecutionError) -> Operand {
    let width = try scatter.data.elementType.byteWidth
    let size = index.size * width
    let counts = (scatter.data.count * width, scatter.updates.count * width)
    return try step(node, reads: scatter.operands, makes: [scatter.data.info]) { buffers in
      let source = buffers.read(0, as: UInt8.self, count: counts.0)
      let numbers = buffers.read(1, as: Int64.self, count: index.indexCount)
      let updates = buffers.read(2, as: UInt8.self, count: counts.1)
      let target = buffers.make(0, as: UInt8.self, count: counts.0)
      return { () throws(ExecutionError) in
        target.copy(counts.0, from: source, at: 0, to: 0)
        for (number, place) in try index.places(numbers).enumerated() {
          target.copy(size, from: updates, at: number * size, to: place * width)
        }
      }
    }[0]
  }

  /// The data joined with the updates where the indices say, one after the other.
  private mutating func merged<Element: BitwiseCopyable>(
    _ node: NodeID, _ scatter: Scatter, _ index: BlockIndex,
    _ function: PairFunction<Element, Element>
  ) throws(ExecutionError) -> Operand {
    let counts = (scatter.data.count, scatter.updates.count)
    return try step(node, reads: scatter.operands, makes: [scatter.data.info]) { buffers in
      let source = buffers.read(0, as: Element.self, count: counts.0)
      let numbers = buffers.read(1, as: Int64.self, count: index.indexCount)
      let updates = buffers.read(2, as: Element.self, count: counts.1)
      let target = buffers.make(0, as: Element.self, count: counts.0)
      return { () throws(ExecutionError) in
        target.copy(counts.0, from: source, at: 0, to: 0)
        for (number, place) in try index.places(numbers).enumerated() {
          for offset in 0..<index.size {
            target[place + offset] = function.join(
              target[place + offset], updates[number * index.size + offset])
          }
        }
      }
    }[0]
  }
}

/// The operands of a scatter.
private struct Scatter {
  let data: Operand
  let indices: Operand
  let updates: Operand

  init(data: Operand, indices: Operand, updates: Operand) {
    (self.data, self.indices, self.updates) = (data, indices, updates)
  }

  init(_ planner: inout Planner, _ node: NodeID) throws(ExecutionError) {
    data = try planner.plain(node, 0)
    indices = try planner.cast(node, try planner.plain(node, 1), to: .int64)
    updates = try planner.plain(node, 2)
    guard data.elementType == updates.elementType else { throw misfit }
  }

  var operands: [Operand?] { [data, indices, updates] }

  var misfit: ExecutionError {
    ExecutionError(
      .invalidOperands,
      "updates of shape \(updates.shape) at indices of shape \(indices.shape) do not fit data of "
        + "shape \(data.shape)")
  }
}
