import Glibc
internal import IR

/// Computes nodes whose operands are all stored: layout operators on any element type, and
/// elementwise arithmetic on 32-bit floats.
///
/// Arithmetic rounds every operation to 32 bits, as an engine that runs the node would.
struct ConstantEvaluator {
  private let node: NodeID
  private let graph: Graph
  private let operands: [Constant]

  /// Nil if an operand is left out, not stored, or stored in less than whole bytes.
  init?(_ node: NodeID, in graph: Graph) {
    let inputs = graph.nodes[node].inputs
    let operands = inputs.compactMap { graph.constant($0) }
    guard !inputs.isEmpty, operands.count == inputs.count,
      operands.allSatisfy({ $0.isSliceable })
    else { return nil }
    self.node = node
    self.graph = graph
    self.operands = operands
  }

  /// The shape of the result as inferred.
  private var resultShape: [Int]? {
    graph.nodes[node].output(0).flatMap { graph.shape(of: $0)?.counts }
  }

  /// The first result, or nil if the node cannot be computed here.
  func evaluate() -> Constant? {
    guard let kind = graph.nodes[node].op.kind, graph.nodes[node].outputs.count == 1 else {
      return nil
    }
    return layout(kind) ?? arithmetic(kind)
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
    case .cast: return cast(data)
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

  private func cast(_ data: Constant) -> Constant? {
    guard let target = CastView(node, in: graph)?.target else { return nil }
    switch (data.elementType, target) {
    case (let source, let target) where source == target: return data
    case (.float64, .float32):
      return data.doubles.map { Constant($0.map { Float($0) }, shape: data.shape) }
    case (.float32, .float64): return data.doubles.map { Constant($0, shape: data.shape) }
    case (.int64, .float32), (.int32, .float32):
      return data.integers.map { Constant($0.map { Float($0) }, shape: data.shape) }
    default: return nil
    }
  }

  private func arithmetic(_ kind: OperatorKind) -> Constant? {
    let (unary, binary) = (Self.unary(kind), Self.binary(kind))
    guard unary != nil && operands.count == 1 || binary != nil && operands.count == 2,
      let shape = StridedView.commonShape(operands.map(\.shape))
    else { return nil }
    let vectors = operands.compactMap { operand -> [Float]? in
      guard let view = StridedView(contiguous: operand.shape).broadcast(to: shape) else {
        return nil
      }
      return operand.materialized(view).elements(as: Float.self)
    }
    guard vectors.count == operands.count else { return nil }
    if let unary { return Constant(vectors[0].map(unary), shape: shape) }
    return binary.map { Constant(zip(vectors[0], vectors[1]).map($0), shape: shape) }
  }

  private static func unary(_ kind: OperatorKind) -> ((Float) -> Float)? {
    switch kind {
    case .neg: { -$0 }
    case .abs: { Swift.abs($0) }
    case .sqrt: { $0.squareRoot() }
    case .reciprocal: { 1 / $0 }
    case .exp: { expf($0) }
    case .relu: { Swift.max($0, 0) }
    default: nil
    }
  }

  private static func binary(_ kind: OperatorKind) -> ((Float, Float) -> Float)? {
    switch kind {
    case .add: { $0 + $1 }
    case .sub: { $0 - $1 }
    case .mul: { $0 * $1 }
    case .div: { $0 / $1 }
    case .pow: { powf($0, $1) }
    case .min: { Swift.min($0, $1) }
    case .max: { Swift.max($0, $1) }
    default: nil
    }
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
