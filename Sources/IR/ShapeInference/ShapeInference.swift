/// A place where a model declares something else than its operators yield.
public struct ShapeConflict: Hashable, Sendable, CustomStringConvertible {
  /// The node that computes the value.
  public let node: NodeID
  /// That node's operator.
  public let op: Operator
  /// The value.
  public let value: ValueID
  /// The name of the value.
  public let name: String
  /// What the model declares.
  public let declared: ValueType
  /// What follows from the node's operands.
  public let inferred: ValueType

  /// States both types.
  public var description: String {
    "%\(name) is declared \(declared) but \(node) (\(op.type)) yields \(inferred)"
  }
}

/// Element types and shapes of a graph's values, computed from its inputs.
///
/// Extents that the model leaves open get names of their own, so that equal ones can be told
/// from different ones; `Dimension.isInvented` recognises them.
public struct ShapeInference: Sendable {
  /// The type of each value, nil where nothing is known.
  public let types: SideTable<ValueID, ValueType?>
  /// Where the model contradicts itself, in the order of the nodes.
  ///
  /// Of two contradicting statements, `types` holds the inferred one.
  public let conflicts: [ShapeConflict]
  /// The elements of small tensors that shape arithmetic computes.
  let contents: SideTable<ValueID, PartialTensor?>

  /// Computes the types of all values of `graph`.
  ///
  /// An extent that does not follow from what comes before a layer may follow from the layer: stored
  /// weights read a certain number of channels.
  ///
  /// - Parameters:
  ///   - graph: What to examine.
  ///   - bindings: Numbers for extents that the model names.
  ///   - inputShapes: Shapes for inputs by name, which also bind the names in them.
  /// - Returns: What can be known.
  public static func infer(
    _ graph: Graph, bindings: [String: Int] = [:], inputShapes: [String: [Int]] = [:]
  ) -> ShapeInference {
    var engine = InferenceEngine(graph)
    engine.bind(bindings, inputShapes: inputShapes)
    engine.run()
    let found = engine.extentsReadByLayers
    guard !found.isEmpty else { return engine.result }
    var informed = InferenceEngine(graph, foundExtents: found)
    informed.bind(bindings, inputShapes: inputShapes)
    informed.run()
    return informed.result
  }

  /// The shape of `value`, if its rank is known.
  public func shape(of value: ValueID) -> Shape? { types[value]?.tensor?.shape }

  /// What is known of the elements of `value`, if it is a small tensor.
  public func partialTensor(of value: ValueID) -> PartialTensor? { contents[value] }
}

extension Graph {
  /// Records the type of every value that follows from the inputs.
  ///
  /// What a model declares and what is inferred are merged to the more specific. Types of values
  /// that the model does not declare are computed anew. Bodies are left as they are.
  ///
  /// - Returns: Where the model contradicts itself; the inferred type is recorded there, but for
  ///   outputs, whose declared type is a promise to the caller.
  @discardableResult
  public mutating func inferShapes() -> [ShapeConflict] {
    let inference = ShapeInference.infer(self)
    let promised = Set(inference.conflicts.map(\.value).filter(isOutput))
    for value in valueIDs where values[value].producer != nil && !promised.contains(value) {
      guard let type = inference.types[value] else { continue }
      // Made-up names must not find their way into what is written out.
      values[value].type = values[value].isDeclared ? type.withoutInventedNames : type
    }
    return inference.conflicts
  }
}

extension ValueType {
  /// The type with made-up names of extents left out.
  public var withoutInventedNames: ValueType {
    switch self {
    case .tensor(let type): .tensor(type.withoutInventedNames)
    case .sparseTensor(let type): .sparseTensor(type.withoutInventedNames)
    case .sequence(let element): .sequence(element?.withoutInventedNames)
    case .optional(let element): .optional(element?.withoutInventedNames)
    case .map(let key, let value): .map(key: key, value: value?.withoutInventedNames)
    case .opaque: self
    }
  }
}

extension TensorType {
  fileprivate var withoutInventedNames: TensorType {
    TensorType(elementType, shape?.map { $0.isInvented ? .unknown : $0 })
  }
}
