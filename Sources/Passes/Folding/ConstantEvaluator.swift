internal import IR

/// Computes nodes whose operands are all stored.
///
/// - Layout operators work on elements of any type in whole bytes.
/// - Arithmetic on floats rounds every operation to their type, as an engine that runs the node
///   would; functions and products of matrices are taken in more digits where they can be, and
///   rounded once.
/// - Arithmetic on whole numbers is exact. Where a type overflows or a divisor is 0, ONNX leaves the
///   result open, and nothing is computed.
struct ConstantEvaluator {
  let node: NodeID
  let graph: Graph
  /// What is stored for the operands that are there, in order.
  let operands: [Constant]

  /// Nil if an operand is not stored, or stored in less than whole bytes.
  init?(_ node: NodeID, in graph: Graph) {
    let inputs = graph.nodes[node].inputs.compactMap { $0 }
    let operands = inputs.compactMap { graph.constant($0) }
    guard !inputs.isEmpty, operands.count == inputs.count,
      operands.allSatisfy({ $0.isSliceable })
    else { return nil }
    self.node = node
    self.graph = graph
    self.operands = operands
  }

  /// The shape of the result as inferred.
  var resultShape: [Int]? {
    graph.nodes[node].output(0).flatMap { graph.shape(of: $0)?.counts }
  }

  /// The shape that the operands broadcast to, if it is the inferred one.
  var broadcastShape: [Int]? {
    let shape = StridedView.commonShape(operands.map(\.shape))
    return shape == resultShape ? shape : nil
  }

  /// What is stored for operand `index`; nil if it is left out.
  func operand(_ index: Int) -> Constant? { graph.constant(graph.nodes[node].input(index)) }

  /// The first result, or nil if the node cannot be computed here.
  func evaluate() -> Constant? {
    guard let kind = graph.nodes[node].op.kind, graph.nodes[node].outputs.count == 1,
      graph.nodes[node].input(0) != nil
    else { return nil }
    return layout(kind) ?? generated(kind) ?? elementwise(kind) ?? combined(kind)
  }

  private func layout(_ kind: OperatorKind) -> Constant? {
    let data = operands[0]
    let view = StridedView(contiguous: data.shape)
    switch kind {
    case .identity: return data
    case .reshape, .flatten, .squeeze, .unsqueeze:
      return resultShape.flatMap { $0.product == data.count ? data.reshaped($0) : nil }
    case .transpose:
      return TransposeView(node, in: graph).map {
        data.materialized(view.transposed($0.permutation))
      }
    case .slice: return slice(data, view)
    case .expand: return resultShape.flatMap(view.broadcast).map(data.materialized)
    case .concat: return concat()
    case .gather: return gather(data)
    case .tile: return tile(data)
    case .pad: return pad(data)
    case .scatterND: return scatter(into: data)
    default: return nil
    }
  }

  private func slice(_ data: Constant, _ view: StridedView) -> Constant? {
    guard let slices = SliceView(node, in: graph)?.slices else { return nil }
    let taken = slices.reduce(view) { view, slice in
      let range = slice.resolved(extent: view.shape[slice.axis])
      return view.sliced(
        axis: slice.axis, start: range.start, count: range.count, step: range.step)
    }
    return data.materialized(taken)
  }

  private func concat() -> Constant? {
    guard let axis = ConcatView(node, in: graph)?.axis, let shape = resultShape,
      Set(operands.map(\.elementType)).count == 1, axis < shape.count
    else { return nil }
    let outer = shape[..<axis].reduce(1, *)
    let contents = operands.map { $0.bytes ?? [] }
    let joined = (0..<outer).flatMap { block -> [UInt8] in
      contents.flatMap { bytes -> [UInt8] in
        let size = outer == 0 ? 0 : bytes.count / outer
        return Array(bytes[block * size..<(block + 1) * size])
      }
    }
    return Constant(bytes: joined, elementType: operands[0].elementType, shape: shape)
  }

  private func gather(_ data: Constant) -> Constant? {
    guard let view = GatherView(node, in: graph), let indices = view.constantIndices(in: graph),
      let shape = resultShape, data.shape.indices.contains(view.axis)
    else { return nil }
    return data.selecting([(view.axis, indices)]).reshaped(shape)
  }
}

extension Constant {
  /// Stores packed elements given as bytes; nil if their number does not fit.
  init?(bytes: [UInt8], elementType: ElementType, shape: [Int]) {
    guard elementType.byteCount(of: shape.product) == bytes.count else { return nil }
    let owner = unsafe OwnedBytes(count: bytes.count) { unsafe $0.copyBytes(from: bytes) }
    self.init(elementType: elementType, shape: shape, storage: .dense(owner.payload))
  }
}
