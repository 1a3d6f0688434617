internal import IR

/// Computes once what several nodes compute alike.
///
/// ```
/// before: %2 = Relu(%1)  %3 = Relu(%1)  %4 = Add(%2, %3)      after: %2 = Relu(%1)  %4 = Add(%2, %2)
/// ```
///
/// Legal case:
/// 1. Two nodes of one operator that dearc knows, with the same operands, parameters and results,
///    none of which the caller receives from both, or a body reads of the second. Nothing random, no
///    node with a body, and no parameters dearc has no name for.
///
/// A default that one node states and the other leaves out makes them differ. Stands behind the
/// merging of constants, which gives equal operands one identity.
enum NodeMerging {
  static let name = "merge-nodes"
  static let merging = RewriteRule(
    pass: name, number: 1, title: "compute once what two nodes compute alike")

  static let pass = Pass(
    name: name, summary: "Compute once what several nodes compute alike.", rules: [merging],
    run: run)

  @Sendable
  private static func run(_ rewriter: inout Rewriter) {
    var known: [Computation: NodeID] = [:]
    // In this order the operands of a node have been merged before it is looked at.
    for node in rewriter.graph.nodeIDs {
      guard let computation = Computation(node, in: rewriter.graph) else { continue }
      if let twin = known[computation] {
        merge(node, into: twin, &rewriter)
      } else {
        known[computation] = node
      }
    }
  }

  private static func merge(_ node: NodeID, into twin: NodeID, _ rewriter: inout Rewriter) {
    let graph = rewriter.graph
    let pairs = zip(graph.nodes[node].outputs, graph.nodes[twin].outputs).compactMap {
      result, replacement in result.flatMap { result in replacement.map { (result, $0) } }
    }
    let isReceived = pairs.contains { graph.isOutput($0.0) }
    // Several results move together or not at all.
    guard !isReceived || pairs.count == 1,
      !pairs.contains(where: { graph.isCapturedByBodies($0.0) })
    else { return }
    let label = rewriter.label(node)
    for (result, replacement) in pairs {
      guard rewriter.redirect(result, to: replacement) else { return }
    }
    rewriter.apply(merging, to: label, "equal to \(rewriter.label(twin))") { $0.remove(node) }
  }
}

/// All that a node's results depend on, if that can be told.
private struct Computation: Hashable {
  private let op: Operator
  private let inputs: [ValueID?]
  private let results: [Bool]
  private let parameters: [ExactName: Content]

  /// The content of an attribute; numbers by their bits, as -0 is not 0 and NaN is NaN.
  private enum Content: Hashable {
    case int(Int64)
    case ints([Int64])
    case float(UInt32)
    case floats([UInt32])
    case string([UInt8])
    case strings([[UInt8]])
    case tensor(ElementType, shape: [Int], bytes: [UInt8])
  }

  /// Nil for a node that may compute something else each time, or whose content is not compared.
  init?(_ node: NodeID, in graph: Graph) {
    let row = graph.nodes[node]
    guard let kind = row.op.kind, Self.isDeterministic(kind, node, in: graph),
      row.annotations?.opaqueFields.isEmpty ?? true
    else { return nil }
    var parameters: [ExactName: Content] = [:]
    for attribute in row.attributes {
      guard attribute.opaqueFields.isEmpty, let content = Self.content(attribute.value),
        parameters.updateValue(content, forKey: ExactName(attribute.name)) == nil
      else { return nil }
    }
    op = row.op
    inputs = row.inputs
    results = row.outputs.map { $0 != nil }
    self.parameters = parameters
  }

  private static func isDeterministic(
    _ kind: OperatorKind, _ node: NodeID, in graph: Graph
  ) -> Bool {
    switch kind {
    case .if, .loop, .scan: false
    case .dropout: DropoutView(node, in: graph)?.isInference ?? false
    // Kept as nodes only where they are outputs, or hold what dearc does not compute with.
    case .constant: false
    default: true
    }
  }

  private static func content(_ value: AttributeValue) -> Content? {
    switch value {
    case .int(let number): .int(number)
    case .ints(let numbers): .ints(numbers)
    case .float(let number): .float(number.bitPattern)
    case .floats(let numbers): .floats(numbers.map(\.bitPattern))
    case .string(let text): .string(text)
    case .strings(let texts): .strings(texts)
    case .tensor(_, let constant):
      constant.byteCount <= ConstantFolding.freeByteCount
        ? constant.bytes.map { .tensor(constant.elementType, shape: constant.shape, bytes: $0) }
        : nil
    case .graph, .graphs, .tensors, .type, .types, .reference: nil
    }
  }
}
