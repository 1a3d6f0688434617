internal import IR

/// A graph of one node whose operands are all stored.
struct LoneNode {
  let graph: Graph
  let node: NodeID

  /// Whether `constants` are what the node's results are said to be.
  func canMake(_ constants: [Constant]) -> Bool {
    constants.count == graph.outputs.count
      && zip(graph.outputs, constants).allSatisfy { output, constant in
        guard constant.payload != nil else { return false }
        let type = graph.values[output].type?.tensor
        return type?.elementType.map { $0 == constant.elementType } ?? false
          && type?.shape?.counts.map { $0 == constant.shape } ?? true
      }
  }

  /// How many bytes are read and written, and elements multiplied, to compute the node; nil if that is
  /// no number.
  var work: Int? {
    let row = graph.nodes[node]
    var sizes = row.inputs.compactMap { $0 }.map { graph.constant($0)?.byteCount }
    sizes += row.outputs.compactMap { $0 }.map { graph.storedSize(of: $0) ?? 0 }
    return (sizes + [products]).reduce(0) { sum, size in
      guard let sum, let size else { return nil }
      let (total, overflow) = sum.addingReportingOverflow(size)
      return overflow ? nil : total
    }
  }

  /// How many elements are multiplied, or more.
  private var products: Int? {
    let row = graph.nodes[node]
    let operands = row.inputs.map { graph.constant($0)?.shape ?? [] }
    let result = row.output(0).flatMap { graph.shape(of: $0)?.counts } ?? []
    switch row.op.kind {
    case .conv where operands.count > 1:
      return (result + operands[1].dropFirst()).checkedProduct
    case .convTranspose where operands.count > 1:
      return (operands[0] + operands[1].dropFirst()).checkedProduct
    case .matMul: return (result + operands[0].suffix(1)).checkedProduct
    case .gemm: return (result + [operands[0].max() ?? 0]).checkedProduct
    case .resize, .upsample:
      // Axes are gone through one by one, so that some may be as they were and some as they will be.
      guard result.count == operands[0].count else { return nil }
      return zip(result, operands[0]).map { max($0, $1) }.checkedProduct
    default: return 0
    }
  }
}

extension Graph {
  /// `node` with what is stored for its operands; nil if any is not.
  func standing(alone node: NodeID, _ operand: (ValueID) -> Constant?) -> LoneNode? {
    let row = nodes[node]
    var alone = Graph(operatorSets: operatorSets)
    var copies: [ValueID: ValueID] = [:]
    for case let value? in row.inputs where copies[value] == nil {
      guard let constant = operand(value) else { return nil }
      copies[value] = alone.addConstant(values[value].name, constant)
    }
    let draft = NodeDraft(
      row.op, name: row.name, inputs: row.inputs.map { $0.flatMap { copies[$0] } },
      attributes: row.attributes, origin: row.origin)
    let results = row.outputs.map { $0.map { (name: values[$0].name, type: values[$0].type) } }
    let copy = alone.insert(draft, results: results)
    for case let output? in alone.nodes[copy].outputs { alone.addOutput(output) }
    return LoneNode(graph: alone, node: copy)
  }
}
